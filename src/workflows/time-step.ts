/** How long a step of training takes, here and now. */

import { availableParallelism } from 'node:os';

import { createTrainer, languageModelling } from '../train/index.ts';
import type { ModelRecipe } from './recipe.ts';
import { TRAINING, modelOf, optimizerOf } from './recipe-parts.ts';

/** Median seconds of a training step of this shape, here and now. */
export async function timeStep(shape: {
  readonly model: ModelRecipe;
  readonly vocabSize: number;
  readonly batchSize: number;
  readonly threads?: number;
  /** Steps that are timed; default 6. */
  readonly steps?: number;
}): Promise<number> {
  const { model: recipe, vocabSize, batchSize, threads = availableParallelism(), steps = 6 } = shape;
  const model = modelOf({ model: recipe }, vocabSize);
  const optimizer = optimizerOf({ ...TRAINING, steps, batchSize, learningRate: 0, schedule: 'constant', weightDecay: 0 });
  const trainer = await createTrainer({
    objective: languageModelling(model, model.contextLength),
    optimizer,
    batchSize,
    clipNorm: 1,
    accumulate: 1,
    seed: 1,
    threads,
  });
  try {
    const ids = Int32Array.from({ length: batchSize * model.contextLength }, (_, index) => (index * 31) % vocabSize);
    const times: number[] = [];
    for (let step = 0; step < steps; step++) {
      const started = performance.now();
      await trainer.step(step, [{ inputs: ids, targets: ids, kept: ids.length }]);
      times.push((performance.now() - started) / 1000);
    }
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 1;
  } finally {
    trainer.close();
  }
}
