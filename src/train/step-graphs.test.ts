/** The step as a graph: optimizer, clipping, accumulation and dropout, run by the float64 interpreter and held against PyTorch. */

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx, zeroStates } from '../../test/oracle/run-graph.ts';
import { torchVectors, weightsOf } from '../../test/vectors/torch-vectors.ts';
import { createRandom } from '../core/index.ts';
import { axes, buildGraph, gather, input, matmul, multiply, parameter, subtract } from '../graph/index.ts';
import type { Graph, Tensor } from '../graph/index.ts';
import { gpt, llama } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { accumulateGraph, adamw, applyGraph, evaluationGraph, languageModelling, singleRule, stepGraph } from './index.ts';
import type { Optimizer, ParameterGroup, StepOptions, UpdateRule } from './index.ts';

type Arrays = Readonly<Record<string, NdArray>>;
type Run = (graph: Graph, feeds: Arrays) => Promise<ReadonlyMap<string, NdArray>>;

const float = (values: readonly number[], shape: readonly number[] = [values.length]): NdArray => ({
  dtype: 'float32',
  shape,
  data: Float64Array.from(values),
});
const number = (value: number): NdArray => float([value], []);
const whole = (values: readonly number[], shape: readonly number[]): NdArray => ({
  dtype: 'int32',
  shape,
  data: Float64Array.from(values),
});
const interpret: Run = async (graph, feeds) => evaluateGraph(graph, feeds);

/** What a run carries on: each `next:` output under the name that it replaces. */
const carried = (results: ReadonlyMap<string, NdArray>): Record<string, NdArray> =>
  Object.fromEntries([...results].flatMap(([name, value]) => (name.startsWith('next:') ? [[name.slice('next:'.length), value]] : [])));
const scalarsOf = (optimizer: Optimizer, step: number): Record<string, NdArray> =>
  Object.fromEntries(Object.entries(ruleOf(optimizer).scalars(step)).map(([name, value]) => [`optimizer:0:${name}`, number(value)]));
const ruleOf = (optimizer: Optimizer): UpdateRule => (optimizer.groups[0] as ParameterGroup).rule;

/** p' = p - g, so that clipping shows. */
const PLAIN_RULE: UpdateRule = {
  stateNames: [],
  scalarNames: [],
  elementwise: true,
  learningRate: () => 1,
  scalars: () => ({}),
  update: ({ parameter, gradient, gradientScale }) => ({ parameter: subtract(parameter, multiply(gradient, gradientScale)), states: [] }),
};
const PLAIN = singleRule(PLAIN_RULE);

describe("AdamW: PyTorch's two steps from 1, -2, 3", () => {
  test.for([
    ['the interpreter', interpret, 9],
    ['ONNX Runtime', runOnnx, 5],
  ] as const)('by %s', async ([, run, digits]) => {
    const optimizer = adamw({ learningRate: 0.1, betas: [0.9, 0.99], weightDecay: 0.1 });
    const rule = ruleOf(optimizer);
    const vector = (name: string): Tensor => input(name, 'float32', axes('C', 3));
    const scalar = (name: string): Tensor => input(name, 'float32', []);
    const next = rule.update({
      parameter: vector('p'),
      gradient: vector('g'),
      gradientScale: scalar('scale'),
      states: rule.stateNames.map(vector),
      scalars: Object.fromEntries(rule.scalarNames.map((name) => [name, scalar(`optimizer:0:${name}`)])),
      decays: true,
    });
    const graph = buildGraph({
      'next:p': next.parameter,
      ...Object.fromEntries(rule.stateNames.map((name, index) => [`next:${name}`, next.states[index] as Tensor])),
    });
    let state: Record<string, NdArray> = { p: float([1, -2, 3]), moment1: float([0, 0, 0]), moment2: float([0, 0, 0]) };
    const expected = [
      [0.89, -1.88, 2.87],
      [0.7928382754, -1.7940419912, 2.8706252575],
    ];
    for (const [step, gradient] of [
      [0.1, -0.2, 0.3],
      [0.4, 0, -0.5],
    ].entries()) {
      state = carried(await run(graph, { ...state, g: float(gradient), scale: number(1), ...scalarsOf(optimizer, step) }));
      // The reference was printed from float32.
      for (const [index, value] of expected[step]!.entries()) expect(state['p']?.data[index]).toBeCloseTo(value, Math.min(digits, 6));
    }
  });

  test('vectors do not decay, matrices do', () => {
    const optimizer = adamw({ learningRate: 0.1, weightDecay: 0.5 });
    const rule = ruleOf(optimizer);
    const p = input('p', 'float32', axes('C', 1));
    const update = (decays: boolean): number => {
      const scalars = Object.fromEntries(rule.scalarNames.map((name) => [name, input(`optimizer:0:${name}`, 'float32', [])]));
      const { parameter } = rule.update({
        parameter: p,
        gradient: multiply(p, 0),
        gradientScale: multiply(scalars['keep'] as Tensor, 1),
        states: [multiply(p, 0), multiply(p, 0)],
        scalars,
        decays,
      });
      return evaluateGraph(buildGraph({ y: parameter }), { p: float([2]), ...scalarsOf(optimizer, 0) }).get('y')!.data[0]!;
    };
    expect(update(false)).toBeCloseTo(2, 12);
    expect(update(true)).toBeCloseTo(2 * 0.95, 12);
  });
});

describe('clipping', () => {
  // One weight of two numbers, whose gradients are fed.
  const model = {
    hidden: (ids: Tensor) => gather(parameter('w', axes('V C', 2, 1), { kind: 'constant', value: 0 }), ids),
    logits: (x: Tensor) => matmul(x, parameter('w', axes('V C', 2, 1), { kind: 'constant', value: 0 }), { transposeB: true }),
  } as unknown as LanguageModel;
  const clip = async (
    gradient: readonly number[],
    clipNorm: number,
    run: Run = interpret,
  ): Promise<readonly [norm: number, changes: readonly number[]]> => {
    const graph = applyGraph({ objective: languageModelling(model, 2), optimizer: PLAIN, batchSize: 1, clipNorm });
    const results = await run(graph, { w: float([0, 0], [2, 1]), 'gradient:w': float(gradient, [2, 1]) });
    return [results.get('gradientNorm')!.data[0]!, [...results.get('next:w')!.data].map((value) => -value)];
  };

  test("is PyTorch's clip_grad_norm_: the norm before, factor min(1, max / (norm + 1e-6))", async () => {
    for (const run of [interpret, runOnnx]) {
      const [norm, changes] = await clip([3, 4], 1, run);
      expect(norm).toBeCloseTo(5, 6);
      expect(changes[0]).toBeCloseTo(0.5999999, 6);
      expect(changes[1]).toBeCloseTo(0.7999998, 6);
    }
  });

  test('leaves short gradients alone, and all where the limit is 0', async () => {
    expect((await clip([0.3, 0.4], 1))[1]).toEqual([0.3, 0.4]);
    expect((await clip([30, 40], 0))[1]).toEqual([30, 40]);
    expect((await clip([0, 0], 1))[1].map(Math.abs)).toEqual([0, 0]);
  });
});

const MODELS: readonly LanguageModel[] = [
  gpt({ layers: 2, heads: 2, width: 8, hidden: 16, contextLength: 6, vocabSize: 11 }),
  llama({ layers: 2, heads: 4, kvHeads: 2, headWidth: 4, width: 8, hidden: 12, contextLength: 6, vocabSize: 11 }),
];

describe.for(MODELS.map((model) => [model.architecture, model] as const))('five steps of %s', ([architecture, model]) => {
  const vector = torchVectors(architecture);
  const optimizer = adamw({ learningRate: 0.01, betas: [0.9, 0.99], weightDecay: 0.1 });
  const options: StepOptions = { objective: languageModelling(model, 6), optimizer, batchSize: 2, clipNorm: 0.5 };
  const graph = stepGraph(options);
  const kept = vector.targets.filter((target) => target >= 0).length;
  const batch = { inputs: whole(vector.ids, [2, 6]), targets: whole(vector.targets, [2, 6]), denominator: number(kept) };
  const weights = (): Record<string, NdArray> =>
    Object.fromEntries([...weightsOf(vector)].map(([name, tensor]) => [name, fromHost(tensor)]));

  test.for([
    ['the interpreter', interpret, 1e-6],
    ['ONNX Runtime', runOnnx, 1e-4],
  ] as const)('are those of PyTorch, by %s', async ([, run, tolerance]) => {
    let state: Record<string, NdArray> = { ...zeroStates(graph), ...weights() };
    for (const [step, expected] of vector.training.steps.entries()) {
      const results = await run(graph, { ...state, ...batch, ...scalarsOf(optimizer, step) });
      expect(Math.abs(results.get('loss')!.data[0]! / expected.loss - 1)).toBeLessThan(tolerance);
      expect(Math.abs(results.get('gradientNorm')!.data[0]! / expected.gradientNorm - 1)).toBeLessThan(tolerance);
      state = carried(results);
    }
    for (const [name, sum] of Object.entries(vector.training.sumsAfter)) {
      // The bias of keys has no gradient but rounding errors, which Adam makes steps of.
      if (name.endsWith('key.bias') && run === runOnnx) continue;
      expect(Math.abs(state[name]!.data.reduce((total, value) => total + value, 0) - sum), name).toBeLessThan(tolerance * 10);
    }
  });

  test('are the same from two small batches each, whose kept targets differ in number', async () => {
    const small = { ...options, batchSize: 1 };
    const [partial, apply] = [accumulateGraph(small), applyGraph(small)];
    let [large, state]: Record<string, NdArray>[] = [
      { ...zeroStates(graph), ...weights() },
      { ...zeroStates(apply), ...weights() },
    ];
    for (let step = 0; step < 3; step++) {
      const expected = await interpret(graph, { ...large!, ...batch, ...scalarsOf(optimizer, step) });
      large = carried(expected);
      let sums = zeroStates(partial);
      let loss = 0;
      for (const row of [0, 1]) {
        const part = {
          inputs: whole(vector.ids.slice(row * 6, row * 6 + 6), [1, 6]),
          targets: whole(vector.targets.slice(row * 6, row * 6 + 6), [1, 6]),
          denominator: number(kept),
        };
        const results = await interpret(partial, { ...state!, ...sums, ...part });
        sums = carried(results);
        loss += results.get('loss')!.data[0]!;
      }
      const applied = await interpret(apply, { ...state!, ...sums, ...scalarsOf(optimizer, step) });
      state = carried(applied);
      expect(loss).toBeCloseTo(expected.get('loss')!.data[0]!, 10);
      expect(applied.get('gradientNorm')!.data[0]).toBeCloseTo(expected.get('gradientNorm')!.data[0]!, 10);
      for (const [name, value] of Object.entries(large))
        if (!name.endsWith('key.bias')) expect(relativeError(state[name], value), name).toBeLessThan(1e-6);
    }
  });

  test('begin with the loss that evaluation gives', async () => {
    const results = await interpret(evaluationGraph(options), { ...weights(), ...batch });
    expect(results.get('loss')!.data[0]).toBeCloseTo(vector.loss, 9);
  });

  test('carry every weight and state under its own name', () => {
    const inputs = graph.inputs.flatMap(({ attributes: { name, role } }) => (role === 'feed' ? [] : [`next:${name}`]));
    expect([...graph.outputs.keys()].filter((name) => name.startsWith('next:')).sort()).toEqual(inputs.sort());
    expect(inputs).toHaveLength(3 * model.parameters.length);
  });
});

describe('updates are written in place, so', () => {
  const model = gpt({ layers: 1, heads: 1, width: 8, contextLength: 4, vocabSize: 5 });
  const withState = (update: UpdateRule['update']): StepOptions => ({
    objective: languageModelling(model, 4),
    optimizer: singleRule({ ...PLAIN_RULE, stateNames: ['s'], update }),
    batchSize: 1,
    clipNorm: 1,
  });
  const scaled = (gradient: Tensor, scale: Tensor): Tensor => multiply(gradient, scale);

  test.for([
    [
      'a state that is computed from the old weight',
      withState(({ parameter, gradient, gradientScale }) => ({
        parameter: subtract(parameter, scaled(gradient, gradientScale)),
        states: [multiply(parameter, 2)],
      })),
    ],
    [
      'a weight that is computed from the old state beside its update',
      withState(({ parameter, gradient, gradientScale, states: [s] }) => ({
        parameter: subtract(parameter, multiply(s as Tensor, 2)),
        states: [scaled(gradient, gradientScale)],
      })),
    ],
    [
      'an update that does not wait for the gradient',
      withState(({ parameter, gradient, gradientScale }) => ({
        parameter: multiply(parameter, 0.5),
        states: [scaled(gradient, gradientScale)],
      })),
    ],
  ])('%s is refused', ([, options]) => {
    expect(() => stepGraph(options as StepOptions)).toThrow(expect.objectContaining({ code: 'WEFT_TRAIN_ORDER' }));
  });

  test('a weight may be computed from the new state', () => {
    const options = withState(({ parameter, gradient, gradientScale, states: [s] }) => {
      const next = subtract(multiply(s as Tensor, 0.9), scaled(gradient, gradientScale));
      return { parameter: subtract(parameter, next), states: [next] };
    });
    expect(stepGraph(options).outputs.size).toBe(2 + 2 * model.parameters.length);
  });
});

test('dropout is in the step alone, and the step on ONNX Runtime agrees with the interpreter', async () => {
  const model = gpt({ layers: 1, heads: 2, width: 8, contextLength: 5, vocabSize: 7, dropout: 0.3 });
  const options: StepOptions = { objective: languageModelling(model, 5), optimizer: PLAIN, batchSize: 2, clipNorm: 1 };
  const seeds = (graph: Graph): readonly string[] =>
    graph.inputs.map(({ attributes }) => attributes.name).filter((name) => name.startsWith('dropout:'));
  // Embeddings, attention's probabilities and the two outputs of the block, two seeds each.
  expect(seeds(stepGraph(options))).toHaveLength(8);
  expect(seeds(evaluationGraph(options))).toEqual([]);
  const graph = stepGraph(options);
  const random = createRandom(3);
  const feeds = Object.fromEntries(
    graph.inputs.map(({ attributes: { name, dtype, shape } }) => {
      const draw = name.startsWith('dropout:')
        ? (): number => random.uint32() | 0
        : dtype === 'int32'
          ? (): number => random.integer(7)
          : (): number => Math.fround(random.normal() / 2);
      return [
        name,
        name === 'denominator'
          ? number(10)
          : fill(
              dtype,
              shape.map(({ size }) => Number(size)),
              draw,
            ),
      ];
    }),
  );
  const [expected, actual] = [evaluateGraph(graph, feeds), await runOnnx(graph, feeds)];
  for (const [name, value] of expected) expect(relativeError(actual.get(name), value), name).toBeLessThan(1e-4);
});

test('a loss at the start is that of guessing', async () => {
  const model = gpt({ layers: 4, heads: 4, width: 128, contextLength: 64, vocabSize: 65, bias: false, activation: 'gelu' });
  const weights = Object.fromEntries([...initialize(model.parameters, { seed: 1 })].map(([name, tensor]) => [name, fromHost(tensor)]));
  const random = createRandom(1);
  const ids = fill('int32', [4, 64], () => random.integer(65));
  const graph = evaluationGraph({ objective: languageModelling(model, 64), optimizer: PLAIN, batchSize: 4, clipNorm: 1 });
  const loss = (
    await runOnnx(graph, { ...weights, inputs: ids, targets: fill('int32', [4, 64], () => random.integer(65)), denominator: number(256) })
  ).get('loss')!.data[0]!;
  expect(Math.abs(loss - Math.log(65))).toBeLessThan(0.05);
});
