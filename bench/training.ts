/**
 * Training against PyTorch, in turns.
 *
 *   npx tsx bench/training.ts step [rounds] [vocab]      one step of a 10.7M-parameter GPT
 *   npx tsx bench/training.ts compiled [rounds]          the same against PyTorch's compiled step
 *   npx tsx bench/training.ts nanogpt [rounds] [steps]   nanoGPT's CPU configuration on the reference batches
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { interleave, runTorch } from './peer.ts';
import type { Json } from './peer.ts';

const PARITY = '../shared/data/parity/nanogpt-cpu';
const TEXT = '../shared/data/text/tinyshakespeare.txt';
const [what = 'step', rounds = '5', size] = process.argv.slice(2);

async function runWeft(script: string, args: readonly string[]): Promise<Json> {
  const path = fileURLToPath(new URL(`weft/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', path, ...args]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Json;
}

let last: readonly [weft: Json, torch: Json | undefined] = [{}, undefined];
const report = (json: Json, key: string): number => {
  last = [json, last[1]];
  return Number(json[key]);
};
if (what === 'step' || what === 'compiled') {
  const args = ['--steps', '12', '--vocab', size ?? '65'];
  const compiled = what === 'compiled' ? ['--compile'] : [];
  await interleave(
    { name: 'weft', run: async () => report(await runWeft('step.ts', args), 'medianSeconds') },
    {
      name: 'PyTorch',
      run: async () => {
        const json = await runTorch('step.py', [...args, ...compiled]);
        last = [last[0], json];
        return json === undefined ? undefined : Number(json['medianSeconds']);
      },
    },
    Number(rounds),
  );
} else {
  const steps = ['--steps', size ?? '2000'];
  await interleave(
    { name: 'weft', run: async () => report(await runWeft('nanogpt-cpu.ts', [PARITY, TEXT, ...steps]), 'wallSeconds') },
    {
      name: 'PyTorch',
      run: async () => {
        const json = await runTorch('nanogpt_cpu.py', [PARITY, TEXT, ...steps]);
        last = [last[0], json];
        return json === undefined ? undefined : Number(json['wallSeconds'] ?? json['seconds']);
      },
    },
    Number(rounds),
  );
}
console.log(JSON.stringify({ weft: last[0], torch: last[1] }));
