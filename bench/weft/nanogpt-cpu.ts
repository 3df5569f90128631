/** Our side of `bench/training.ts nanogpt`: the reference run's weights, batches and schedule. Prints one JSON line. */

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { loadNanoGpt, readSafetensors } from '../../src/formats/index.ts';
import { adamw, createTrainer, languageModelling, warmupCosine } from '../../src/train/index.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: 'string', default: '2000' }, threads: { type: 'string', default: '2' }, profile: { type: 'string' } },
});
const [parity = '../shared/data/parity/nanogpt-cpu', textPath = '../shared/data/text/tinyshakespeare.txt'] = positionals;
const [batchSize, contextLength] = [12, 64];
const { model, weights } = await loadNanoGpt(`${parity}/init.safetensors`, { heads: 4 });
const { tensors } = await readSafetensors(`${parity}/offsets-2000.safetensors`);
const offsets = tensors.get('offsets')?.data as Int32Array | BigInt64Array;
const text = await readFile(textPath, 'utf8');
const ids = new Map([...new Set(text)].sort().map((character, id) => [character, id]));
const data = Int32Array.from(text, (character) => ids.get(character) ?? 0);
const cut = Math.floor(0.9 * data.length);

/** Windows that start at `starts`. */
function batchAt(starts: readonly number[]): { inputs: Int32Array; targets: Int32Array; kept: number } {
  const inputs = new Int32Array(starts.length * contextLength);
  const targets = new Int32Array(inputs.length);
  for (const [row, start] of starts.entries()) {
    inputs.set(data.subarray(start, start + contextLength), row * contextLength);
    targets.set(data.subarray(start + 1, start + 1 + contextLength), row * contextLength);
  }
  return { inputs, targets, kept: inputs.length };
}

const optimizer = adamw({
  learningRate: warmupCosine({ peak: 1e-3, warmup: 100, total: 2000, floor: 1e-4 }),
  betas: [0.9, 0.99],
  weightDecay: 0.1,
});
const trainer = await createTrainer({
  objective: languageModelling(model, contextLength),
  weights,
  optimizer,
  batchSize,
  clipNorm: 1,
  accumulate: 1,
  seed: 1,
  threads: Number(values.threads),
  ...(values.profile === undefined ? {} : { profile: values.profile }),
});
const losses: Record<number, number> = {};
const started = performance.now();
for (let step = 0; step < Number(values.steps); step++) {
  const starts = Array.from({ length: batchSize }, (_, row) => Number(offsets[step * batchSize + row]));
  const { loss } = await trainer.step(step, [batchAt(starts)]);
  if (step % 250 === 0) losses[step] = loss;
}
const seconds = (performance.now() - started) / 1000;
let [sum, count] = [0, 0];
for (let start = cut; start + batchSize * contextLength < data.length; start += batchSize * contextLength) {
  sum += (await trainer.evaluate([batchAt(Array.from({ length: batchSize }, (_, row) => start + row * contextLength))])).loss;
  count += 1;
}
trainer.close();
console.log(JSON.stringify({ wallSeconds: seconds, validationLoss: sum / count, steps: Number(values.steps), losses }));
