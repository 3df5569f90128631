/** The losses of fine-tuning against their formulas, written out in float64 from the model's own log-probabilities. */

import { describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../../test/oracle/interpreter.ts';
import { fromHost } from '../../../test/oracle/nd-array.ts';
import type { NdArray } from '../../../test/oracle/nd-array.ts';
import { runOnnx } from '../../../test/oracle/run-graph.ts';
import { createRandom, hostTensor } from '../../core/index.ts';
import { axes, buildGraph, input, logSoftmax } from '../../graph/index.ts';
import { gpt, withAdapters } from '../../models/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import { initialize } from '../../nn/index.ts';
import type { Objective } from '../../train/index.ts';
import { dpo, grpo, lora, rewardWeighted, rewardWeights, supervised } from '../index.ts';

const V = 7;
const T = 5;
const model = gpt({ layers: 1, heads: 2, width: 8, hidden: 16, contextLength: T, vocabSize: V });
const random = createRandom(3, 'objectives');
const weights = Object.fromEntries(
  [...initialize(model.parameters, { seed: 1 })].map(([name, { shape, data }]) => [
    name,
    fromHost(
      hostTensor(
        'float32',
        shape,
        data.map(() => 0.5 * random.normal()),
      ),
    ),
  ]),
);
const ids = (...rows: readonly (readonly number[])[]): Int32Array => Int32Array.from(rows.flat());

/** Log-probabilities of every token after each of the ids of one text, computed alone. */
function logProbabilities(row: readonly number[]): number[][] {
  const output = logSoftmax(model.logits(model.hidden(input('ids', 'int32', axes('B T', 1, row.length)), {})));
  const { data } = evaluateGraph(buildGraph({ output }), {
    ...weights,
    ids: { dtype: 'int32', shape: [1, row.length], data: Float64Array.from(row) },
  }).get('output')!;
  return row.map((_, position) => [...data.subarray(position * V, (position + 1) * V)]);
}

/** The loss and the metrics of a batch, as both sides compute them. */
async function valuesOf(
  objective: Objective,
  batch: Readonly<Record<string, Int32Array | Float32Array>>,
  batchSize: number,
): Promise<readonly Map<string, NdArray>[]> {
  const feeds = Object.entries(objective.feeds(batchSize));
  const { losses, metrics = {} } = objective.losses(
    Object.fromEntries(feeds.map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)])),
    {},
  );
  const graph = buildGraph({ loss: losses[0]!.total, ...metrics });
  const given = {
    ...weights,
    ...Object.fromEntries(
      feeds.map(([name, { dtype, shape }]) => [
        name,
        { dtype, shape: shape.map(({ size }) => Number(size)), data: Float64Array.from(batch[name]!) },
      ]),
    ),
  };
  return [evaluateGraph(graph, given), await runOnnx(graph, given)];
}
const number = (values: Map<string, NdArray>, name: string): number => values.get(name)!.data[0]!;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

test('direct preference optimisation is equation 7, whole replies at a time', async () => {
  const rows = [
    [1, 2, 3, 4, 5],
    [1, 2, 0, 6, 0],
    [3, 3, 1, 2, 0],
    [3, 3, 6, 5, 4],
  ] as const;
  const targets = [
    [-1, 3, 4, 5, -1],
    [-1, 0, 6, -1, -1],
    [-1, -1, 2, -1, -1],
    [-1, -1, 5, 4, 2],
  ] as const;
  const reference = [-5.5, -3.25, -60, -4.5];
  const beta = 0.25; // exact in float32
  const replies = rows.map((row, index) =>
    logProbabilities(row).reduce((total, logs, t) => total + (targets[index]![t]! < 0 ? 0 : logs[targets[index]![t]!]!), 0),
  );
  const margins = [0, 1].map(
    (pair) => beta * (replies[2 * pair]! - reference[2 * pair]! - (replies[2 * pair + 1]! - reference[2 * pair + 1]!)),
  );
  const batch = { inputs: ids(...rows), targets: ids(...targets), reference: Float32Array.from(reference), counts: Float32Array.of(1, 1) };
  for (const [index, values] of (await valuesOf(dpo(model, { contextLength: T, beta }), batch, 2)).entries()) {
    const digits = index === 0 ? 9 : 4;
    expect(number(values, 'loss')).toBeCloseTo(
      margins.reduce((total, margin) => total - Math.log(sigmoid(margin)), 0),
      digits,
    );
    expect(number(values, 'accuracy')).toBe(margins.filter((margin) => margin > 0).length);
    expect(number(values, 'margin')).toBeCloseTo(margins[0]! + margins[1]!, digits);
  }
});

test('a pair that fills a batch up counts for nothing', async () => {
  const zeros = [0, 0, 0, 0, 0];
  const none = [-1, -1, -1, -1, -1];
  const pair = {
    inputs: [
      [1, 2, 3, 4, 5],
      [1, 2, 0, 6, 0],
    ],
    targets: [
      [-1, 3, 4, 5, -1],
      [-1, 0, 6, -1, -1],
    ],
  };
  const objective = dpo(model, { contextLength: T });
  const alone = {
    inputs: ids(...pair.inputs),
    targets: ids(...pair.targets),
    reference: Float32Array.of(-5, -3),
    counts: Float32Array.of(1),
  };
  const filled = {
    inputs: ids(...pair.inputs, zeros, zeros),
    targets: ids(...pair.targets, none, none),
    reference: Float32Array.of(-5, -3, 0, 0),
    counts: Float32Array.of(1, 0),
  };
  const [[expected], [actual]] = [await valuesOf(objective, alone, 1), await valuesOf(objective, filled, 2)];
  for (const name of ['loss', 'accuracy', 'margin']) expect(number(actual!, name)).toBeCloseTo(number(expected!, name), 9);
});

test('group-relative policy optimisation is equation 3 with the divergence of equation 4', async () => {
  const rows = [
    [1, 2, 3, 4, 5],
    [1, 2, 0, 6, 0],
  ] as const;
  const targets = [
    [-1, 3, 4, 5, 6],
    [-1, 0, 6, -1, -1],
  ] as const;
  const [clip, beta] = [0.125, 0.25];
  const advantages = [1.5, -0.75];
  const logs = rows.map((row, index) => logProbabilities(row).map((all, t) => (targets[index]![t]! < 0 ? 0 : all[targets[index]![t]!]!)));
  // Ratios on both sides of the range that is not clipped, and within it.
  const old = logs.map((row) => row.map((value, t) => Math.fround(value + [0, 0.3, -0.3, 0.05, -0.02][t]!)));
  const reference = logs.map((row) => row.map((value, t) => Math.fround(value + [0, -0.5, 0.4, 0, 0.2][t]!)));
  const shares = [
    [0, 0.25, 0.25, 0.25, 0.25],
    [0, 0.5, 0.5, 0, 0],
  ];
  let [loss, divergence] = [0, 0];
  for (const [row, tokens] of logs.entries()) {
    for (const [t, value] of tokens.entries()) {
      const ratio = Math.exp(value - old[row]![t]!);
      const kept = Math.min(Math.max(ratio, 1 - clip), 1 + clip);
      const lead = reference[row]![t]! - value;
      const kl = Math.exp(lead) - lead - 1;
      loss -= shares[row]![t]! * (Math.min(ratio * advantages[row]!, kept * advantages[row]!) - beta * kl);
      divergence += shares[row]![t]! * kl;
    }
  }
  const batch = {
    inputs: ids(...rows),
    targets: ids(...targets),
    old: Float32Array.from(old.flat()),
    reference: Float32Array.from(reference.flat()),
    shares: Float32Array.from(shares.flat()),
    advantages: Float32Array.from(advantages),
    rewards: Float32Array.of(3, 4),
  };
  for (const [index, values] of (await valuesOf(grpo(model, { contextLength: T, clip, beta }), batch, 2)).entries()) {
    const digits = index === 0 ? 6 : 4;
    expect(number(values, 'loss')).toBeCloseTo(loss, digits);
    expect(number(values, 'divergence')).toBeCloseTo(divergence, digits);
    expect(number(values, 'reward')).toBe(7);
  }
});

test('reward-weighted regression weighs every target, and with equal weights is supervised learning', async () => {
  const rows = [[1, 2, 3, 4, 5]] as const;
  const targets = [[-1, 3, 4, 5, 6]] as const;
  const positions = ids([0, 1, 2, 3, 4]);
  const batch = { inputs: ids(...rows), targets: ids(...targets), segments: ids([0, 0, 0, 0, 0]), positions };
  const logs = logProbabilities(rows[0]);
  const perToken = [0, 0.5, 0.5, 2, 2];
  const [values] = await valuesOf(rewardWeighted(model, { contextLength: T }), { ...batch, weights: Float32Array.from(perToken) }, 1);
  expect(number(values!, 'loss')).toBeCloseTo(
    targets[0].reduce<number>((total, target, t) => total - (target < 0 ? 0 : perToken[t]! * logs[t]![target]!), 0),
    9,
  );
  const [plain] = await valuesOf(rewardWeighted(model, { contextLength: T }), { ...batch, weights: Float32Array.of(1, 1, 1, 1, 1) }, 1);
  const [learnt] = await valuesOf(supervised(model, { contextLength: T }), batch, 1);
  expect(number(plain!, 'loss')).toBeCloseTo(number(learnt!, 'loss'), 9);
});

describe('what is trained', () => {
  const adapted: LanguageModel = withAdapters(model, [lora(model, { targets: ['q'] })]);
  test.each([
    ['supervised', supervised(adapted, { contextLength: T }), supervised(model, { contextLength: T })],
    ['dpo', dpo(adapted, { contextLength: T }), dpo(model, { contextLength: T })],
    ['grpo', grpo(adapted, { contextLength: T }), grpo(model, { contextLength: T })],
    ['reward-weighted', rewardWeighted(adapted, { contextLength: T }), rewardWeighted(model, { contextLength: T })],
  ])('%s: adapters where there are some, else everything', (_, withAdapter, without) => {
    expect(withAdapter.parameters.map(({ name }) => name)).toEqual([
      'blocks.0.attention.query.lora.default.A',
      'blocks.0.attention.query.lora.default.B',
    ]);
    expect(withAdapter.frozen.length).toBe(model.parameters.length);
    expect(without.parameters.length).toBe(model.parameters.length);
    expect(without.frozen).toEqual([]);
  });

  test('or what is asked for', () => {
    const { parameters } = supervised(model, { contextLength: T, trains: (name) => name.endsWith('.bias') });
    expect(new Set(parameters.map(({ name }) => name.split('.').at(-1)))).toEqual(new Set(['bias']));
    expect(() => supervised(model, { contextLength: T, trains: () => false })).toThrow(
      expect.objectContaining({ code: 'WEFT_TRAIN_OBJECTIVE' }),
    );
  });
});

test.each([
  [[1, Number.NaN], 1],
  [[1, Infinity], 1],
  [[1, 2], 0],
])('rewards %j at temperature %d are refused', (rewards, temperature) => {
  expect(() => rewardWeights(rewards, { temperature })).toThrow(expect.objectContaining({ code: 'WEFT_REWARD' }));
});
