/** Training of small language models: states that are carried from batch to batch, windows, and runs that go on bit for bit. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { exampleBatches, pack, textCorpus, windowExamples } from '../data/index.ts';
import type { Batch, Batches } from '../data/index.ts';
import { bigram, fitBigram, gru, lstm, mlpLanguageModel, rnn, waveNet } from '../models/index.ts';
import type { SequenceModel } from '../models/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';
import { adamw, createTrainer, languageModelling, train } from './index.ts';
import type { TrainingRun } from './index.ts';

const text = 'a long story about a short story that was told at length '.repeat(12);
const tokenizer = await trainTokenizer([text], { type: 'characters' });
const { vocabSize } = tokenizer;
const sizes = { vocabSize, contextLength: 12, width: 6, hidden: 10 };
const folder = mkdtempSync(join(tmpdir(), 'weft-small-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const continued = (contextLength: number): Promise<Batches> =>
  pack(textCorpus([text]), tokenizer, { batchSize: 3, contextLength, seed: 1, order: 'continued' });

describe.for([
  ['rnn', rnn],
  ['gru', gru],
  ['lstm', lstm],
] as const)('a carried state of %s', ([, make]) => {
  const model: SequenceModel = make({ ...sizes, layers: 2, start: 'carried' });

  test('makes three batches of four tokens the text that one of twelve is', async () => {
    const [long, short] = [await continued(12), await continued(4)];
    const optimizer = adamw({ learningRate: 0, weightDecay: 0 });
    const options = { optimizer, batchSize: 3, clipNorm: 0, accumulate: 1, seed: 1, threads: 1 };
    const whole = await createTrainer({ ...options, objective: languageModelling(model, 12) });
    const parts = await createTrainer({ ...options, objective: languageModelling(model, 4) });
    const cut = (batch: Batch, at: number): Batch => {
      const rows = (data: Int32Array): Int32Array =>
        Int32Array.from({ length: 12 }, (_, i) => data[Math.floor(i / 4) * 12 + at * 4 + (i % 4)] ?? -1);
      return { inputs: rows(batch.inputs), targets: rows(batch.targets), kept: 12 };
    };
    expect(short.batchesPerEpoch).toBeGreaterThan(long.batchesPerEpoch);
    for (const index of [0, 1]) {
      const batch = long.batch(index);
      const { loss } = await whole.step(index, [batch]);
      let sum = 0;
      for (const at of [0, 1, 2]) sum += (await parts.step(index * 3 + at, [cut(batch, at)])).loss / 3;
      expect(sum).toBeCloseTo(loss, 5);
    }
    whole.close();
    parts.close();
  });

  test('is learned from, and a resumed run equals the uninterrupted one', async () => {
    const batches = await continued(8);
    const options = { optimizer: adamw({ learningRate: 0.02 }), steps: 60, threads: 1 };
    const losses: number[] = [];
    const whole = train(model, batches, options);
    for await (const { loss } of whole) losses.push(loss);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
    const path = join(folder, 'checkpoint.safetensors');
    const first = train(model, batches, options);
    for await (const { index } of first) {
      if (index < 20) continue;
      await first.save(path);
      break;
    }
    const rest: number[] = [];
    for await (const { loss } of train(model, batches, { ...options, resumeFrom: path })) rest.push(loss);
    expect(rest).toEqual(losses.slice(21));
  });
});

describe('windows', () => {
  const texts = text
    .trim()
    .split(' ')
    .map((word) => [...tokenizer.encode(word), 0]);
  test.for([
    ['MLP', mlpLanguageModel({ ...sizes, contextLength: 4, padToken: 0 })],
    ['MLP with batch norm', mlpLanguageModel({ ...sizes, contextLength: 4, padToken: 0, batchNorm: true })],
    ['WaveNet', waveNet({ ...sizes, contextLength: 4, padToken: 0 })],
  ] as const)('%s learns, also by the statistics that evaluation uses', async ([, model]) => {
    const examples = windowExamples(texts, { contextLength: 4, padToken: 0 });
    const held = exampleBatches(examples, { batchSize: 32, order: 'sequential' });
    const evaluations: number[] = [];
    const run: TrainingRun = train(languageModelling(model), exampleBatches(examples, { batchSize: 32 }), {
      optimizer: adamw({ learningRate: 0.02 }),
      steps: 120,
      threads: 1,
      heldOut: Array.from({ length: held.batchesPerEpoch }, (_, index) => held.batch(index)),
      evaluateEvery: 60,
    });
    let last = NaN;
    for await (const { loss, evaluation } of run) {
      last = loss;
      if (evaluation !== undefined) evaluations.push(evaluation.loss);
    }
    expect(last).toBeLessThan(0.9);
    expect(evaluations.at(-1)).toBeLessThan(0.9);
  });
});

test('a trained bigram comes to the counted one', async () => {
  const ids = [...tokenizer.encode(text)];
  const model = bigram({ vocabSize, contextLength: ids.length - 1 });
  const batch = { inputs: Int32Array.from(ids.slice(0, -1)), targets: Int32Array.from(ids.slice(1)), kept: ids.length - 1 };
  const batches = { batchSize: 1, contextLength: ids.length - 1, batchesPerEpoch: 1, batch: () => batch };
  const run = train(model, batches, { optimizer: adamw({ learningRate: 0.1, weightDecay: 0 }), steps: 300, threads: 1 });
  let last = NaN;
  for await (const { loss } of run) last = loss;
  const counted = fitBigram([ids], { vocabSize });
  expect(last).toBeGreaterThan(counted.loss - 1e-5);
  expect(last).toBeLessThan(counted.loss + 0.01);
});
