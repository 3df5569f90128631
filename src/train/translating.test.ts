/** Training of translators: pairs in one row do not see each other, and a small one learns. */

import { describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import { hostTensor } from '../core/index.ts';
import { pairBatches } from '../data/index.ts';
import type { PairBatch } from '../data/index.ts';
import { buildGraph } from '../graph/index.ts';
import { seq2seq } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { inputsOf } from './objective.ts';
import { adamw, createTrainer, translating } from './index.ts';

const TOKENS = { padToken: 0, startToken: 1, endToken: 2 };
const PAIRS = [
  { source: [5, 6, 7], target: [8, 9] },
  { source: [4], target: [3, 3, 10] },
  { source: [10, 9], target: [] },
];

describe.for([
  ['sinusoids, post-norm', { positions: 'sinusoidal', normFirst: false }],
  ['learned positions, pre-norm', { positions: 'learned', normFirst: true }],
] as const)('%s', ([, kind]) => {
  const model = seq2seq({ encoderLayers: 1, decoderLayers: 2, heads: 2, width: 8, hidden: 12, vocabSize: 11, contextLength: 12, ...kind });
  const weights = Object.fromEntries([...initialize(model.parameters, { seed: 4 })].map(([name, tensor]) => [name, fromHost(tensor)]));

  /** The sum of the losses of a batch of one row. */
  const lossOf = (batch: PairBatch, length: number): number => {
    const objective = translating(model, length);
    const { losses } = objective.losses(inputsOf(objective.feeds(1)), {});
    const { kept: _, ...arrays } = batch;
    const feeds = Object.fromEntries(
      Object.entries(arrays).map(([name, data]) => [name, fromHost(hostTensor('int32', [1, length], data))]),
    );
    return evaluateGraph(buildGraph({ loss: losses[0]!.total }), { ...weights, ...feeds }).get('loss')!.data[0] ?? NaN;
  };

  test('the loss of packed pairs is the loss of the same pairs alone', () => {
    const packed = pairBatches(PAIRS, { batchSize: 1, length: 12, ...TOKENS });
    expect(packed.batchesPerEpoch).toBe(1);
    const alone = PAIRS.map((pair) => lossOf(pairBatches([pair], { batchSize: 1, length: 4, ...TOKENS }).batch(0), 4));
    expect(lossOf(packed.batch(0), 12)).toBeCloseTo(
      alone.reduce((sum, loss) => sum + loss, 0),
      8,
    );
  });
});

test('a small translator learns to turn texts around, in one graph for all their lengths', { timeout: 60_000 }, async () => {
  const model = seq2seq({
    encoderLayers: 1,
    decoderLayers: 1,
    heads: 2,
    width: 32,
    hidden: 48,
    vocabSize: 10,
    contextLength: 16,
    dropout: 0,
    normFirst: true,
  });
  const pairs = Array.from({ length: 120 }, (_, index) => {
    const source = Array.from({ length: 1 + (index % 4) }, (_, at) => 3 + ((index * 5 + at * at * 3 + at) % 7));
    return { source, target: source.toReversed() };
  });
  const batches = pairBatches(pairs, { batchSize: 4, length: 16, ...TOKENS, seed: 1 });
  const trainer = await createTrainer({
    objective: translating(model, 16, { labelSmoothing: 0.05 }),
    optimizer: adamw({ learningRate: 5e-3 }),
    batchSize: 4,
    clipNorm: 1,
    accumulate: 1,
    seed: 1,
    threads: 1,
  });
  for (let step = 0; step < 150; step++) await trainer.step(step, [batches.batch(step)]);
  const { loss } = await trainer.evaluate([batches.batch(0)]);
  trainer.close();
  expect(loss).toBeLessThan(0.3);
});
