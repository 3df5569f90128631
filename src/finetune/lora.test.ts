/** Adapters: what they name, what they change, apart and merged; and that training moves them alone. */

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { gradients } from '../autodiff/index.ts';
import { createRandom, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { add, axes, buildGraph, input, isKind, multiply, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { mergeAdapter, roundWeights, unmergeAdapter, unroundBlocks } from '../formats/index.ts';
import { gpt, linearLayers, llama, withAdapters, withBlockWeights } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { adapterScale, initialize, isAdapterParameter, linear } from '../nn/index.ts';
import { adamw, createTrainer, defineObjective, languageModelling } from '../train/index.ts';
import { lora, startAdapter } from './index.ts';

type Weights = Map<string, HostTensor<'float32'>>;
const MODELS: readonly LanguageModel[] = [
  gpt({ layers: 2, heads: 2, width: 8, hidden: 16, contextLength: 6, vocabSize: 11 }),
  llama({ layers: 2, heads: 4, kvHeads: 2, headWidth: 4, width: 8, hidden: 12, contextLength: 6, vocabSize: 11 }),
];
const IDS = Int32Array.of(3, 1, 4, 1, 5, 9);

/** Numbers of some size, so that every part of a model has a say. */
function lively(weights: Weights, seed: number): Weights {
  const random = createRandom(seed, 'lively');
  return new Map(
    [...weights].map(([name, { shape, data }]) => [
      name,
      hostTensor(
        'float32',
        shape,
        data.map(() => 0.4 * random.normal()),
      ),
    ]),
  );
}

function graphOf(model: LanguageModel) {
  return buildGraph({ logits: model.logits(model.hidden(input('ids', 'int32', axes('B T', 1, 6)), {})) });
}
const feedsOf = (weights: ReadonlyMap<string, HostTensor>): Record<string, NdArray> => ({
  ...Object.fromEntries([...weights].map(([name, tensor]) => [name, fromHost(tensor)])),
  ids: fromHost(hostTensor('int32', [1, 6], IDS)),
});
const exactLogits = (model: LanguageModel, weights: ReadonlyMap<string, HostTensor>): NdArray =>
  evaluateGraph(graphOf(model), feedsOf(weights)).get('logits')!;

test('an adapted layer is W·x + scale·B·A·x, and its gradients are those of that formula', async () => {
  const x = input('x', 'float32', axes('B C', 3, 4));
  const definition = { name: 'one', layers: new Map([['layer', { rank: 2, alpha: 3 }]]), rankStabilized: true, dropout: 0 };
  const y = linear(x, { name: 'layer', in: 4, out: 5 }, { adapters: [definition] });
  const inputs = buildGraph({ y }).inputs;
  const leaves = inputs.map((node): Tensor => ({ node, index: 0, dtype: 'float32', shape: node.attributes.shape }));
  const loss = sum(multiply(y, y));
  const outputs = {
    y,
    ...Object.fromEntries(gradients(loss, leaves).map((gradient, index) => [`by ${inputs[index]!.attributes.name}`, gradient])),
  };
  const random = createRandom(1, 'layer');
  const values = new Map(
    inputs.map(({ attributes: { name, shape } }) => [
      name,
      Array.from({ length: Number(shape[0]!.size) }, () =>
        Array.from({ length: Number(shape[1]!.size) }, () => Math.fround(random.normal())),
      ),
    ]),
  );
  const [X, W, A, B] = ['x', 'layer.weight', 'layer.lora.one.A', 'layer.lora.one.B'].map((name) => values.get(name)!) as [
    number[][],
    number[][],
    number[][],
    number[][],
  ];
  const scale = 3 / Math.sqrt(2);
  expect(adapterScale(definition, { rank: 2, alpha: 3 })).toBeCloseTo(scale, 12);
  const product = (a: number[][], b: number[][]): number[][] =>
    a.map((row) => b[0]!.map((_, j) => row.reduce((s, v, k) => s + v * b[k]![j]!, 0)));
  const turn = (a: number[][]): number[][] => a[0]!.map((_, j) => a.map((row) => row[j]!));
  const map = (a: number[][], f: (value: number, i: number, j: number) => number): number[][] =>
    a.map((row, i) => row.map((value, j) => f(value, i, j)));
  const whole = map(W, (value, i, j) => value + scale * product(B, A)[i]![j]!);
  const Y = product(X, turn(whole));
  const G = map(Y, (value) => 2 * value);
  const dWhole = product(turn(G), X);
  const expected: Record<string, number[][]> = {
    y: Y,
    'by x': product(G, whole),
    'by layer.weight': dWhole,
    'by layer.lora.one.A': map(product(turn(B), dWhole), (value) => scale * value),
    'by layer.lora.one.B': map(product(dWhole, turn(A)), (value) => scale * value),
  };
  const feeds = Object.fromEntries(
    [...values].map(([name, rows]) => [
      name,
      { dtype: 'float32' as const, shape: [rows.length, rows[0]!.length], data: Float64Array.from(rows.flat()) },
    ]),
  );
  for (const [results, tolerance] of [
    [evaluateGraph(buildGraph(outputs), feeds), 1e-12],
    [await runOnnx(buildGraph(outputs), feeds), 1e-5],
  ] as const)
    for (const [name, rows] of Object.entries(expected))
      expect(
        relativeError(results.get(name), { dtype: 'float32', shape: [rows.length, rows[0]!.length], data: Float64Array.from(rows.flat()) }),
        name,
      ).toBeLessThan(tolerance);
});

describe.each(MODELS.map((model) => [model.architecture, model] as const))('%s', (_, model) => {
  const base = lively(initialize(model.parameters, { seed: 1 }), 1);
  const [first, second] = ['first', 'second'].map((name, index) => {
    const definition = lora(model, { name, rank: 2 + index, targets: index === 0 ? ['q', 'v', 'down'] : [/blocks\.1\./] });
    return { definition, weights: lively(startAdapter(model, definition, { seed: 2 }), 2 + index) };
  }) as [Adapted, Adapted];
  interface Adapted {
    readonly definition: ReturnType<typeof lora>;
    readonly weights: Weights;
  }

  test('every linear layer is known by name and size', () => {
    const layers = linearLayers(model);
    const matrices = model.parameters.filter(({ name, shape }) => shape.length === 2 && !/^(?:tokens|positions)/.test(name));
    expect(layers.map(({ name, out, in: width }) => [`${name}.weight`, out, width])).toEqual(
      matrices.map(({ name, shape }) => [name, ...shape.map(({ size }) => size)]),
    );
  });

  test('a fresh adapter changes nothing, and has r(in + out) parameters a layer', () => {
    const definition = lora(model, { rank: 3 });
    const adapted = withAdapters(model, [definition]);
    const fresh = startAdapter(model, definition, { seed: 1 });
    expect(exactLogits(adapted, new Map([...base, ...fresh])).data).toEqual(exactLogits(model, base).data);
    const inBlocks = linearLayers(model).filter(({ name }) => name.startsWith('blocks.'));
    expect([...fresh.values()].reduce((count, { data }) => count + data.length, 0)).toBe(
      inBlocks.reduce((count, each) => count + 3 * (each.in + each.out), 0),
    );
    expect(adapted.parameters.filter(({ name }) => !isAdapterParameter(name)).map(({ name }) => name)).toEqual(
      model.parameters.map(({ name }) => name),
    );
  });

  test('merged, it gives the same logits; unmerged, the old weights', async () => {
    const together = new Map([...base, ...first.weights]);
    const merged = mergeAdapter(base, first);
    const graph = graphOf(withAdapters(model, [first.definition]));
    const apart = (await runOnnx(graph, feedsOf(together))).get('logits')!;
    expect(relativeError((await runOnnx(graphOf(model), feedsOf(merged))).get('logits'), apart)).toBeLessThan(1e-5);
    expect(relativeError(exactLogits(model, merged), exactLogits(withAdapters(model, [first.definition]), together))).toBeLessThan(1e-6);
    expect(relativeError(apart, exactLogits(model, base))).toBeGreaterThan(1e-2);
    for (const [name, { data }] of unmergeAdapter(merged, first))
      for (const [index, value] of data.entries()) expect(Math.abs(value - base.get(name)!.data[index]!)).toBeLessThan(1e-6);
    expect(merged.get('norm.weight')).toBe(base.get('norm.weight'));
  });

  test('two are kept apart on one base: each alone, and both added', () => {
    const all = new Map([...base, ...first.weights, ...second.weights]);
    const alone = exactLogits(withAdapters(model, [second.definition]), all);
    expect(relativeError(alone, exactLogits(model, mergeAdapter(base, second)))).toBeLessThan(1e-6);
    const both = exactLogits(withAdapters(withAdapters(model, [first.definition]), [second.definition]), all);
    expect(relativeError(both, exactLogits(model, mergeAdapter(mergeAdapter(base, first), second)))).toBeLessThan(1e-6);
  });

  test('training moves the adapter alone, whose state alone is kept', async () => {
    const { definition } = first;
    const adapted = withAdapters(model, [{ ...definition, dropout: 0.1 }]);
    const objective = defineObjective({
      ...languageModelling(adapted, 6),
      losses: (feeds, context) => ({
        losses: languageModelling(adapted, 6)
          .losses(feeds, context)
          .losses.map((loss) => ({ ...loss, trains: isAdapterParameter })),
      }),
    });
    const before = new Map([...base].map(([name, { data }]) => [name, data.slice()]));
    const start = startAdapter(model, definition, { seed: 3 });
    const trainer = await createTrainer({
      objective,
      optimizer: adamw({ learningRate: 0.05 }),
      batchSize: 1,
      clipNorm: 1,
      accumulate: 1,
      seed: 1,
      threads: 1,
      weights: new Map([...base, ...start]),
    });
    const batch = { inputs: IDS, targets: Int32Array.of(1, 4, 1, 5, 9, 2), kept: 6 };
    const losses: number[] = [];
    for (let step = 0; step < 12; step++) losses.push((await trainer.step(step, [batch])).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.1);
    expect([...trainer.weights.keys()].sort()).toEqual([...start.keys()].sort());
    expect(trainer.optimizerState.size).toBe(2 * start.size);
    for (const [name, data] of before) expect(base.get(name)!.data).toEqual(data);
    const trained = new Map(
      [...trainer.weights].map(([name, { shape, data }]) => [name, hostTensor('float32', shape, data.slice())] as const),
    );
    const { loss } = await trainer.evaluate([batch]);
    trainer.close();
    const logits = exactLogits(model, mergeAdapter(base, { definition, weights: trained }));
    const rows = [...batch.targets].map((target, row) => {
      const scores = logits.data.subarray(row * 11, (row + 1) * 11);
      return Math.log(scores.reduce((total, score) => total + Math.exp(score), 0)) - scores[target]!;
    });
    expect(rows.reduce((a, b) => a + b) / 6).toBeCloseTo(loss, 4);
  });
});

test('the step of an adapter computes no gradient of the base', () => {
  const model = MODELS[1]!;
  const adapted = withAdapters(model, [lora(model, { rank: 1, targets: ['q'] })]);
  const losses = languageModelling(adapted, 6).losses(
    { inputs: input('i', 'int32', axes('B T', 1, 6)), targets: input('t', 'int32', axes('B T', 1, 6)) },
    {},
  ).losses;
  const total = losses.map((loss) => loss.total).reduce(add);
  const leaves = buildGraph({ total }).inputs.filter((node) => isAdapterParameter(node.attributes.name));
  const of = (nodes: typeof leaves): number =>
    buildGraph(
      Object.fromEntries(
        gradients(
          total,
          nodes.map((node): Tensor => ({ node, index: 0, dtype: 'float32', shape: node.attributes.shape })),
        ).map((g, i) => [String(i), g]),
      ),
    ).nodes.filter((node) => isKind(node, 'matmul')).length;
  const everything = buildGraph({ total }).inputs.filter((node) => node.attributes.role === 'parameter');
  expect(of(leaves)).toBeLessThan(0.75 * of(everything));
});

test('layers that are not there, or ask no context, are refused', () => {
  const model = MODELS[1]!;
  const definition = {
    name: 'x',
    layers: new Map([['blocks.9.attention.query', { rank: 1, alpha: 1 }]]),
    rankStabilized: false,
    dropout: 0,
  };
  const refused = expect.objectContaining({ code: 'WEFT_MODEL_LAYER' });
  expect(() => withAdapters(model, [definition])).toThrow(refused);
  const { blocks } = roundWeights(model, initialize(model.parameters, { seed: 1 }), { bits: 8 });
  expect(() => withBlockWeights(model, new Map([['tokens', [...blocks.values()][0]!]]))).toThrow(refused);
});

describe('misuse', () => {
  const model = MODELS[1]!;
  test.each([
    ['WEFT_ADAPTER_OPTION', { rank: 0 }],
    ['WEFT_ADAPTER_OPTION', { rank: 1.5 }],
    ['WEFT_ADAPTER_OPTION', { alpha: -1 }],
    ['WEFT_ADAPTER_OPTION', { dropout: 1 }],
    ['WEFT_ADAPTER_OPTION', { name: 'a.b' }],
    ['WEFT_ADAPTER_TARGETS', { targets: [/nothing/] }],
    ['WEFT_ADAPTER_TARGETS', { targets: ['query' as 'q'] }],
    ['WEFT_OPTION_UNKNOWN', { rank: 8, r: 8 }],
  ])('%s: %o', (code, options) => {
    expect(() => lora(model, options)).toThrow(expect.objectContaining({ code }));
  });

  test('merging into another model', () => {
    const adapter = { definition: lora(model), weights: startAdapter(model, lora(model), { seed: 1 }) };
    const other = initialize(MODELS[0]!.parameters, { seed: 1 });
    expect(() => mergeAdapter(other, adapter)).toThrow(expect.objectContaining({ code: 'WEFT_ADAPTER_MERGE' }));
  });
});

test('on 4-bit weights a step has the loss and the gradients of the numbers that they stand for', async () => {
  for (const model of MODELS) {
    const weights = lively(initialize(model.parameters, { seed: 1 }), 1);
    const { blocks, weights: rest } = roundWeights(model, weights, { bits: 4 });
    const standing = new Map(weights);
    for (const [name, matrix] of blocks) standing.set(`${name}.weight`, unroundBlocks(matrix));
    const definition = lora(model, { rank: 2 });
    const start = lively(startAdapter(model, definition, { seed: 3 }), 4);
    const batch = { inputs: IDS, targets: Int32Array.of(1, 4, 1, 5, 9, 2), kept: 6 };
    const results = [];
    for (const [base, given] of [
      [model, standing],
      [withBlockWeights(model, blocks), rest],
    ] as const) {
      const adapted = withAdapters(base, [definition]);
      const plain = languageModelling(adapted, 6);
      const objective = defineObjective({
        ...plain,
        losses: (feeds, context) => ({
          losses: plain.losses(feeds, context).losses.map((loss) => ({ ...loss, trains: isAdapterParameter })),
        }),
      });
      const common = { objective, optimizer: adamw({ learningRate: 0.01 }), batchSize: 1, clipNorm: 1, accumulate: 1, seed: 1, threads: 1 };
      const trainer = await createTrainer({ ...common, weights: new Map([...given, ...start]) });
      const steps = [];
      for (let step = 0; step < 5; step++) steps.push(await trainer.step(step, [batch]));
      trainer.close();
      results.push(steps);
    }
    for (const [step, { loss, gradientNorm }] of results[0]!.entries()) {
      expect(results[1]![step]!.loss).toBeCloseTo(loss, 4);
      expect(results[1]![step]!.gradientNorm / gradientNorm).toBeCloseTo(1, 3);
    }
  }
});
