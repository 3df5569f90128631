/** Step for step against PyTorch 1.13 on nanoGPT's CPU configuration: `data/parity/nanogpt-cpu`, see its expected.json. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { loadNanoGpt, readSafetensors } from '../formats/index.ts';
import { languageModelling } from './language-modelling.ts';
import { adamw } from './optimizers/adam.ts';
import { warmupCosine } from './schedules.ts';
import { createTrainer } from './trainer.ts';
import type { Weights } from './training-arrays.ts';

const FOLDER = '../shared/data/parity/nanogpt-cpu';
const [BATCH, CONTEXT] = [12, 64];

/** The reference's 40 steps; losses, norms and the weights at the end. */
async function fortySteps(threads: number): Promise<{ readonly losses: number[]; readonly norms: number[]; readonly weights: Weights }> {
  const { model, weights } = await loadNanoGpt(`${FOLDER}/init.safetensors`, { heads: 4 });
  const { tensors } = await readSafetensors(`${FOLDER}/batches.safetensors`);
  const [x, y] = [tensors.get('x')?.data as Int32Array, tensors.get('y')?.data as Int32Array];
  const optimizer = adamw({
    learningRate: warmupCosine({ peak: 1e-3, warmup: 100, total: 2000, floor: 1e-4 }),
    betas: [0.9, 0.99],
    weightDecay: 0.1,
  });
  const trainer = await createTrainer({
    objective: languageModelling(model, CONTEXT),
    weights,
    optimizer,
    batchSize: BATCH,
    clipNorm: 1,
    accumulate: 1,
    seed: 1,
    threads,
  });
  const [losses, norms]: [number[], number[]] = [[], []];
  for (let step = 0; step < 40; step++) {
    const range = [step * BATCH * CONTEXT, (step + 1) * BATCH * CONTEXT] as const;
    const result = await trainer.step(step, [{ inputs: x.subarray(...range), targets: y.subarray(...range), kept: BATCH * CONTEXT }]);
    losses.push(result.loss);
    norms.push(result.gradientNorm);
  }
  trainer.close();
  return { losses, norms, weights: trainer.weights };
}

describe.skipIf(!existsSync(FOLDER))('nanoGPT on a CPU, 40 steps (skipped without the reference data)', () => {
  it('has the losses and gradient norms of PyTorch, and the same bits with one thread and two', async () => {
    const expected = JSON.parse(await readFile(`${FOLDER}/expected.json`, 'utf8')) as {
      readonly loss: readonly number[];
      readonly grad_norm_before_clip: readonly number[];
    };
    const one = await fortySteps(1);
    for (const [step, loss] of one.losses.entries()) {
      expect(Math.abs(loss - (expected.loss[step] ?? NaN)), `loss at step ${step}`).toBeLessThanOrEqual(5e-6);
      expect(
        Math.abs((one.norms[step] ?? NaN) / (expected.grad_norm_before_clip[step] ?? NaN) - 1),
        `norm at step ${step}`,
      ).toBeLessThanOrEqual(2e-5);
    }
    const two = await fortySteps(2);
    expect(two.losses).toEqual(one.losses);
    for (const [name, { data }] of one.weights) expect(two.weights.get(name)?.data, name).toEqual(data);
  });
});
