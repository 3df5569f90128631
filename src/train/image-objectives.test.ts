/** Training on images: each objective learns, resumes bit for bit, and trains the parameters that it should. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { createRandom, hostTensor } from '../core/index.ts';
import { imageBatches } from '../data/index.ts';
import type { ImageBatch } from '../data/index.ts';
import { cnn, gan, vae } from '../models/index.ts';
import { adamw, imageAutoencoding, imageClassification, imageGeneration, train } from './index.ts';
import type { Objective, TrainOptions, TrainingRun } from './index.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-image-training-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** 8 × 8 pixels, white above (class 0) or below (1), with noise. */
const random = createRandom(1);
const labels = Int32Array.from({ length: 64 }, () => random.integer(2));
const pixels = Uint8Array.from(
  { length: 64 * 64 },
  (_, at) => (Math.floor((at % 64) / 32) === labels[at >> 6] ? 200 : 0) + random.integer(56),
);
const batches = imageBatches({ images: hostTensor('uint8', [64, 1, 8, 8], pixels), labels }, { batchSize: 16, seed: 1 });

const image = { channels: 1, rows: 8, columns: 8 };
const OBJECTIVES: Readonly<Record<string, Objective<'images' | 'labels'> | Objective<'images'>>> = {
  imageClassification: imageClassification(cnn({ image, classes: 2, widths: [4], hidden: 8 })),
  imageAutoencoding: imageAutoencoding(vae({ image, latent: 2, hidden: [16] })),
  imageGeneration: imageGeneration(gan({ image, classes: 2, latent: 4, widths: [4, 8] })),
};
const start = (name: string, options: Partial<TrainOptions<ImageBatch>>): TrainingRun =>
  train(
    OBJECTIVES[name] as Objective<'images' | 'labels'>,
    batches as never,
    { optimizer: adamw({ learningRate: 0.01 }), steps: 8, threads: 1, ...options } as never,
  );
const numbersOf = (run: TrainingRun): readonly (readonly [string, readonly number[]])[] =>
  [...run.weights].map(([name, { data }]) => [name, [...data]]);

test.for(['imageClassification', 'imageAutoencoding'])('%s learns', async (name) => {
  const losses: number[] = [];
  for await (const { loss } of start(name, { steps: 60, clipNorm: 0 })) losses.push(loss);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value) / values.length;
  expect(mean(losses.slice(-5))).toBeLessThan(mean(losses.slice(0, 5)) * (name === 'imageClassification' ? 0.3 : 0.9));
});

test('imageGeneration trains both networks, each by its own loss', async () => {
  const before = new Map<string, string>();
  const run = start('imageGeneration', { steps: 2 });
  for await (const { index, metrics } of run) {
    expect(metrics['discriminator']).toBeGreaterThan(0);
    if (index === 0) for (const [name, { data }] of run.weights) before.set(name, data.join());
  }
  // One row has but one singular vector.
  const still = [...run.weights].filter(([name, { data }]) => before.get(name) === data.join()).map(([name]) => name);
  expect(still.toSorted()).toEqual(['discriminator.head.singular']);
});

test.for(Object.keys(OBJECTIVES))('%s goes on from a checkpoint, bit for bit', async (name) => {
  const path = join(folder, `${name}.safetensors`);
  const whole = start(name, {});
  for await (const _ of whole);
  const first = start(name, {});
  for await (const { index } of first) {
    if (index < 3) continue;
    await first.save(path);
    break;
  }
  const second = start(name, { resumeFrom: path });
  for await (const _ of second);
  expect(numbersOf(second)).toEqual(numbersOf(whole));
});

test('imageAutoencoding tells the parts of its loss', async () => {
  for await (const { loss, metrics } of start('imageAutoencoding', { steps: 1 }))
    expect((metrics['reconstruction'] ?? NaN) + (metrics['divergence'] ?? NaN)).toBeCloseTo(loss, 3);
});
