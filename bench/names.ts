/**
 * Recurrent language models on names.txt against PyTorch's modules, in turns: the same initial weights, batches, steps and test names.
 *
 *   npx tsx bench/names.ts rnn|gru|lstm [rounds] [steps] [names.txt]
 *
 * Prints the seconds of each round, the losses of both on the test names, and how far their losses in training were apart at most.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { END, readNames } from '../recipes/names/names.ts';
import { exampleBatches, rowExamples } from '../src/data/index.ts';
import { hostTensor } from '../src/core/index.ts';
import type { HostTensor } from '../src/core/index.ts';
import { writeSafetensors } from '../src/formats/index.ts';
import { initialize } from '../src/nn/index.ts';
import { interleave, runTorch } from './peer.ts';
import { BATCH, CONTEXT, namesModel } from './weft/names-model.ts';

const [kind = 'gru', rounds = '3', steps = '2000', path = '../shared/data/text/names.txt'] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'weft-names-'));
const { train, test } = readNames('notebooks', path);
const rows = (texts: readonly (readonly number[])[]): ReturnType<typeof rowExamples> =>
  rowExamples(texts, { contextLength: CONTEXT, startToken: END });
const batches = exampleBatches(rows(train), { batchSize: BATCH, seed: 1 });
const all = Array.from({ length: Number(steps) }, (_, index) => batches.batch(index));
const joined = (name: 'inputs' | 'targets'): HostTensor =>
  hostTensor('int32', [all.length, BATCH, CONTEXT], Int32Array.from(all.flatMap((batch) => [...batch[name]])));
const held = rows(test);
await writeSafetensors(
  join(folder, 'data.safetensors'),
  new Map<string, HostTensor>([
    ['inputs', joined('inputs')],
    ['targets', joined('targets')],
    ['test.inputs', hostTensor('int32', [held.examples, CONTEXT], held.inputs as Int32Array<ArrayBuffer>)],
    ['test.targets', hostTensor('int32', [held.examples, CONTEXT], held.targets as Int32Array<ArrayBuffer>)],
  ]),
  {},
);
await writeSafetensors(join(folder, 'weights.safetensors'), initialize(namesModel(kind).parameters, { seed: 1 }), {});

interface Result {
  readonly seconds: number;
  readonly losses: readonly number[];
  readonly testLoss: number;
}
const results: { weft?: Result; torch?: Result } = {};
const script = fileURLToPath(new URL('weft/names.ts', import.meta.url));
await interleave(
  {
    name: 'weft',
    run: async () => {
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, kind, folder], { maxBuffer: 2 ** 26 });
      results.weft = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result;
      return results.weft.seconds;
    },
  },
  {
    name: 'PyTorch',
    run: async () => {
      const json = await runTorch('names.py', [kind, folder]);
      if (json === undefined) return undefined;
      results.torch = json as unknown as Result;
      return results.torch.seconds;
    },
  },
  Number(rounds),
);
await rm(folder, { recursive: true });
const { weft, torch } = results;
if (weft !== undefined && torch !== undefined) {
  const apart = weft.losses.map((loss, index) => Math.abs(loss - (torch.losses[index] ?? NaN)));
  console.log(
    `${kind}, ${steps} steps of ${BATCH}: test loss ${weft.testLoss.toFixed(4)} (PyTorch ${torch.testLoss.toFixed(4)}); losses of steps apart at most ${Math.max(...apart.slice(0, 100)).toExponential(1)} in the first 100, ${Math.max(...apart).toExponential(1)} in all`,
  );
}
