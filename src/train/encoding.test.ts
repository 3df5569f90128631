/** Training of BERT under its heads: the losses by their definitions, and small models that learn. */

import { describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import { createRandom, hostTensor } from '../core/index.ts';
import { buildGraph } from '../graph/index.ts';
import { bert } from '../models/index.ts';
import { initialize, paddingOf } from '../nn/index.ts';
import { inputsOf } from './objective.ts';
import { adamw, classifyingTexts, createTrainer, findingAnswers, maskedTokens } from './index.ts';
import type { AnyBatch, Objective } from './index.ts';

const SIZES = { layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 12, dropout: 0, attentionDropout: 0 };
const [B, T] = [8, 8];
/** Texts whose length, third token and the place of token 11 are known. */
function texts(seed: number): {
  readonly ids: Int32Array;
  readonly types: Int32Array;
  readonly seen: Int32Array;
  readonly places: Int32Array;
} {
  const random = createRandom(seed);
  const ids = Int32Array.from({ length: B * T }, () => 2 + random.integer(8));
  const places = Int32Array.from({ length: B }, () => 1 + random.integer(4));
  for (let row = 0; row < B; row++) ids[row * T + places[row]!] = 11;
  const seen = Int32Array.from({ length: B * T }, (_, at) => Number(at % T < 6));
  return { ids, types: Int32Array.from({ length: B * T }, (_, at) => Number(at % T > 2)), seen, places };
}

async function lossAfter(objective: Objective, batchOf: (seed: number) => AnyBatch, steps: number): Promise<number> {
  const trainer = await createTrainer({
    objective,
    optimizer: adamw({ learningRate: 1e-2 }),
    batchSize: B,
    clipNorm: 1,
    accumulate: 1,
    seed: 1,
    threads: 1,
  });
  for (let step = 0; step < steps; step++) await trainer.step(step, [batchOf(step)]);
  const { loss } = await trainer.evaluate([batchOf(999)]);
  trainer.close();
  return loss;
}

describe('learns', () => {
  test('where an answer is', { timeout: 30_000 }, async () => {
    const model = bert({ ...SIZES, head: 'span' });
    const batch = (seed: number): AnyBatch => {
      const { places, ...text } = texts(seed);
      return { ...text, starts: places, ends: places.map((place) => place + 1), kept: B } as AnyBatch;
    };
    expect(await lossAfter(findingAnswers(model, T) as Objective, batch, 120)).toBeLessThan(0.3);
  });

  test('which class a text is of', { timeout: 30_000 }, async () => {
    const model = bert({ ...SIZES, head: 'classification', classes: 5 });
    const batch = (seed: number): AnyBatch => {
      const { places, ...text } = texts(seed);
      return { ...text, labels: places, kept: B } as AnyBatch;
    };
    expect(await lossAfter(classifyingTexts(model, T) as Objective, batch, 150)).toBeLessThan(0.4);
  });

  test('what was masked, where the token after it says so', { timeout: 30_000 }, async () => {
    const model = bert({ ...SIZES, head: 'masked' });
    const batch = (seed: number): AnyBatch => {
      const { places: _, ...text } = texts(seed);
      const ids = text.ids.slice();
      const targets = new Int32Array(B * T).fill(-1);
      for (let row = 0; row < B; row++) {
        targets[row * T] = ids[row * T + 1]!;
        ids[row * T] = 1;
      }
      return { ...text, ids, targets, kept: B } as AnyBatch;
    };
    expect(await lossAfter(maskedTokens(model, T) as Objective, batch, 250)).toBeLessThan(0.4);
  });
});

test('the loss of an answer is the mean of -log p of its start and of its end', () => {
  const model = bert({ ...SIZES, head: 'span' });
  const objective = findingAnswers(model, T);
  const { places, ...text } = texts(4);
  const inputs = inputsOf(objective.feeds(B));
  const spans = model.spanLogits(model.hidden({ ids: inputs.ids, types: inputs.types, keyPadding: paddingOf(inputs.seen, 0) }, {}));
  const feeds = Object.fromEntries([
    ...[...initialize(model.parameters, { seed: 2 })].map(([name, tensor]) => [name, fromHost(tensor)] as const),
    ...Object.entries(text).map(([name, data]) => [name, fromHost(hostTensor('int32', [B, T], data))] as const),
    ['starts', fromHost(hostTensor('int32', [B], places))] as const,
    [
      'ends',
      fromHost(
        hostTensor(
          'int32',
          [B],
          places.map((place) => place + 1),
        ),
      ),
    ] as const,
  ]);
  const results = evaluateGraph(buildGraph({ loss: objective.losses(inputs, {}).losses[0]!.total, spans }), feeds);
  const values = results.get('spans')!.data;
  let expected = 0;
  for (let row = 0; row < B; row++) {
    for (const side of [0, 1]) {
      const scores = Array.from({ length: T }, (_, at) => values[(row * T + at) * 2 + side]!);
      const logSum = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
      expected += (logSum - scores[places[row]! + side]!) / 2;
    }
  }
  expect(results.get('loss')!.data[0]).toBeCloseTo(expected, 8);
});
