/** Our side of `bench/names.ts`. Prints one JSON line. */

import { readSafetensors } from '../../src/formats/index.ts';
import type { HostTensor } from '../../src/core/index.ts';
import { adamw, createTrainer, languageModelling } from '../../src/train/index.ts';
import { BATCH, CONTEXT, namesModel } from './names-model.ts';

const [kind = 'gru', folder = '.'] = process.argv.slice(2);
const weights = (await readSafetensors(`${folder}/weights.safetensors`)).tensors as ReadonlyMap<string, HostTensor<'float32'>>;
const { tensors } = await readSafetensors(`${folder}/data.safetensors`);
const numbers = (name: string): Int32Array => tensors.get(name)?.data as Int32Array;
const size = BATCH * CONTEXT;
const batchesOf = (inputs: Int32Array, targets: Int32Array): readonly { inputs: Int32Array; targets: Int32Array; kept: number }[] =>
  Array.from({ length: Math.ceil(inputs.length / size) }, (_, index) => {
    const batch = { inputs: new Int32Array(size), targets: new Int32Array(size).fill(-1) };
    batch.inputs.set(inputs.subarray(index * size, (index + 1) * size));
    batch.targets.set(targets.subarray(index * size, (index + 1) * size));
    return { ...batch, kept: batch.targets.filter((target) => target >= 0).length };
  });
const batches = batchesOf(numbers('inputs'), numbers('targets'));
const trainer = await createTrainer({
  objective: languageModelling(namesModel(kind)),
  optimizer: adamw({ learningRate: 2e-3, betas: [0.9, 0.99] }),
  batchSize: BATCH,
  clipNorm: 0,
  accumulate: 1,
  seed: 1,
  weights,
  threads: 1,
});
const losses: number[] = [];
const started = performance.now();
for (const [step, batch] of batches.entries()) losses.push((await trainer.step(step, [batch])).loss);
const seconds = (performance.now() - started) / 1000;
const { loss: testLoss } = await trainer.evaluate(batchesOf(numbers('test.inputs'), numbers('test.targets')));
trainer.close();
console.log(JSON.stringify({ seconds, testLoss, losses }));
