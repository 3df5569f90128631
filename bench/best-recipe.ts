/**
 * The time from nothing to the loss where nanoGPT's recipe for one CPU ends: ours with seeds 1 to 3, nanoGPT's own 2,000 iterations on
 * PyTorch between them, all in one run.
 *
 *   WEFT_TORCH_PYTHON=… npx tsx bench/best-recipe.ts [seeds] [steps]
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { median, runTorch } from './peer.ts';

const PARITY = '../shared/data/parity/nanogpt-cpu';
const TEXT = '../shared/data/text/tinyshakespeare.txt';
const TARGET = 1.9127;
const [seeds = '3', steps = '380'] = process.argv.slice(2);

const recipe = fileURLToPath(new URL('../recipes/shakespeare-fast.ts', import.meta.url));
const ours: { readonly wallSeconds: number; readonly validationLoss: number }[] = [];
const theirs: number[] = [];
for (let seed = 1; seed <= Number(seeds); seed++) {
  const command = ['--import', 'tsx', recipe, TEXT, '--json', '--seed', String(seed), '--steps', steps];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as (typeof ours)[number];
  ours.push(result);
  const torch = await runTorch('nanogpt_cpu.py', [PARITY, TEXT, '--steps', '2000']);
  if (torch !== undefined) theirs.push(Number(torch['wallSeconds'] ?? torch['seconds']));
  const ratio = theirs.length === ours.length ? `, PyTorch ${theirs.at(-1)?.toFixed(1)} s` : '';
  console.log(`seed ${seed}: ${result.validationLoss.toFixed(4)} in ${result.wallSeconds.toFixed(1)} s${ratio}`);
}
const reached = ours.filter(({ validationLoss }) => validationLoss <= TARGET).length;
const ratios = theirs.map((seconds, index) => (ours[index]?.wallSeconds ?? NaN) / seconds);
console.log(`${reached} of ${ours.length} seeds at ${TARGET} or below; time ÷ nanoGPT's: median ${median(ratios).toFixed(3)}`);
