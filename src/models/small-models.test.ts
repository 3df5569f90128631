/** Small models: parameter counts, PyTorch's losses, logits, gradients and running statistics, states that are carried, counted bigrams. */

import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { arrayOf, numbers } from '../../test/vectors/torch-vectors.ts';
import { gradients } from '../autodiff/index.ts';
import { elementCount } from '../core/index.ts';
import { axes, buildGraph, crossEntropy, input, mean, parameter, reshape } from '../graph/index.ts';
import type { ParameterSpec, Tensor } from '../graph/index.ts';
import { bigram, fitBigram, gpt, gru, lstm, mlp, mlpLanguageModel, rnn, waveNet } from './index.ts';
import type { SequenceModel, WindowModel } from './index.ts';

const count = ({ parameters }: { readonly parameters: readonly ParameterSpec[] }): number =>
  parameters.reduce((total, { shape }) => total + elementCount(shape.map(({ size }) => Number(size))), 0);

const makemore = { vocabSize: 27, contextLength: 16, width: 64, hidden: 64, biases: 1, start: 'learned' } as const;

test.for([
  ['10-8-1', mlp({ sizes: [10, 8, 1] }), 97],
  ['10-9-1', mlp({ sizes: [10, 9, 1] }), 109],
  ["makemore's bigram", bigram({ vocabSize: 27 }), 729],
  ["makemore's MLP", mlpLanguageModel({ vocabSize: 27, contextLength: 16, width: 64, hidden: 64, padToken: 27 }), 69_147],
  ["the notebook's MLP", mlpLanguageModel({ vocabSize: 27, contextLength: 3, width: 10, hidden: 200 }), 11_897],
  [
    "the notebook's MLP with batch norm",
    mlpLanguageModel({ vocabSize: 27, contextLength: 3, width: 10, hidden: 200, batchNorm: true }),
    12_097,
  ],
  ["the notebook's WaveNet", waveNet({ vocabSize: 27, contextLength: 8, width: 24, hidden: 128 }), 76_579],
  ["makemore's RNN", rnn(makemore), 11_803],
  ["makemore's GRU", gru({ ...makemore, reset: 'before' }), 28_315],
  ["makemore's transformer", gpt({ layers: 4, heads: 4, width: 64, contextLength: 16, vocabSize: 27, tiedHead: false }), 204_544],
] as const)('%s has its number of parameters', ([, model, expected]) => {
  expect(count(model)).toBe(expected);
});

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface TorchCase {
  readonly name: string;
  readonly ids: readonly number[];
  readonly targets: readonly number[];
  readonly loss: number;
  readonly logits: Plain;
  readonly parameters: readonly { readonly name: string; readonly gradient: Plain }[];
  readonly buffers: readonly { readonly name: string; readonly value: Plain }[];
  readonly evaluated: Plain;
}

const file = readFileSync(new URL('../../test/vectors/torch-small-models.json', import.meta.url), 'utf8');
const { cases } = JSON.parse(file) as { readonly cases: readonly TorchCase[] };
const [V, B, T] = [7, 4, 8];
const windows = { vocabSize: V, contextLength: T, width: 3, hidden: 6 };
const texts = { vocabSize: V, contextLength: T, width: 3, hidden: 5, start: 'learned' } as const;
const MODELS: Readonly<Record<string, SequenceModel | WindowModel>> = {
  mlp: mlpLanguageModel(windows),
  mlpNorm: mlpLanguageModel({ ...windows, batchNorm: true }),
  waveNet: waveNet(windows),
  rnn: rnn(texts),
  gru: gru({ ...texts, layers: 2 }),
  lstm: lstm({ ...texts, layers: 2 }),
};

/** Our name of one of the vectors' parameters. */
function ownName(name: string): string {
  return name
    .replace(
      /^core\.(weight|bias)_(ih|hh)_l(\d)$/,
      (_, kind: string, part: string, layer: string) => `layers.${layer}.${part === 'ih' ? 'input' : 'state'}.${kind}`,
    )
    .replace(/^(fuse|norm)\.(\d)\./, 'levels.$2.$1.')
    .replace(/^start\.(\d)$/, (_, index: string) => `start.${index === '0' ? 'hidden' : 'cell'}`)
    .replace('running_mean', 'runningMean')
    .replace('running_var', 'runningVariance');
}

const whole = (values: readonly number[], shape: readonly number[]): NdArray => ({
  dtype: 'int32',
  shape,
  data: Float64Array.from(values),
});

describe.for(cases.map((each) => [each.name, each] as const))('%s against PyTorch', ([name, vector]) => {
  const model = MODELS[name] as SequenceModel | WindowModel;
  const isNorm = (parameterName: string): boolean => parameterName.includes('norm') && parameterName.endsWith('weight');
  const ids = input('ids', 'int32', axes('B T', B, T));
  const rows = vector.targets.length;
  const logitsOf = (hidden: Tensor): Tensor => model.logits(reshape(hidden, [{ name: 'N', size: rows }, ...hidden.shape.slice(-1)]));
  const updates = new Map<string, Tensor>();
  const logits = logitsOf(model.hidden(ids, { training: true, updates }));
  const loss = mean(crossEntropy(logits, input('targets', 'int32', axes('N', rows)))[0] as Tensor);
  const byName = new Map(model.parameters.map((spec) => [spec.name, spec]));
  const tensors = vector.parameters.map(({ name: theirs }) => {
    const { name: own, shape, initializer } = byName.get(ownName(theirs)) as ParameterSpec;
    return parameter(own, shape, initializer);
  });
  const slopes = gradients(loss, tensors);
  const graph = buildGraph({
    loss,
    logits,
    ...Object.fromEntries(vector.parameters.map(({ name: theirs }, index) => [`by ${theirs}`, slopes[index] as Tensor])),
    ...Object.fromEntries([...updates].map(([state, next]) => [`next:${state}`, next])),
  });
  const states = vector.buffers.map(
    ({ name: theirs, value }) => [ownName(theirs), fill('float32', value.shape, () => (theirs.endsWith('var') ? 1 : 0))] as const,
  );
  const feeds = {
    ids: whole(vector.ids, [B, T]),
    targets: whole(vector.targets, [rows]),
    ...Object.fromEntries(states),
    ...Object.fromEntries(
      vector.parameters.map(({ name: theirs, gradient: { shape } }, index) => [
        ownName(theirs),
        fromHost(numbers(100 + index, shape, { scale: 0.5, shift: isNorm(theirs) ? 1 : 0 })),
      ]),
    ),
  };

  test('has the parameters that the vectors have', () => {
    const own = model.parameters.map(({ name: each, shape }) => `${each} ${shape.map(({ size }) => size).join(' ')}`);
    expect(own.sort()).toEqual(
      vector.parameters.map(({ name: theirs, gradient }) => `${ownName(theirs)} ${gradient.shape.join(' ')}`).sort(),
    );
  });

  test.for([
    ['in the interpreter', async () => evaluateGraph(graph, feeds), 1e-6],
    ['on ONNX Runtime', async () => runOnnx(graph, feeds), 1e-4],
  ] as const)('agrees %s', async ([, run, tolerance]) => {
    const actual = await run();
    expect(Math.abs((actual.get('loss')?.data[0] ?? NaN) - vector.loss)).toBeLessThan(1e-5);
    expect(relativeError(actual.get('logits'), arrayOf(vector.logits))).toBeLessThan(tolerance);
    for (const { name: theirs, gradient } of vector.parameters)
      expect(relativeError(actual.get(`by ${theirs}`), arrayOf(gradient)), theirs).toBeLessThan(tolerance);
    for (const { name: theirs, value } of vector.buffers)
      expect(relativeError(actual.get(`next:${ownName(theirs)}`), arrayOf(value)), theirs).toBeLessThan(tolerance);
  });

  test('evaluates by the running statistics', async () => {
    const evaluated = buildGraph({ logits: logitsOf(model.hidden(ids, {})) });
    const given = { ...feeds, ...Object.fromEntries(vector.buffers.map(({ name: theirs, value }) => [ownName(theirs), arrayOf(value)])) };
    expect(relativeError((await runOnnx(evaluated, given)).get('logits'), arrayOf(vector.evaluated))).toBeLessThan(1e-4);
  });
});

describe('a carried state', () => {
  test.for([
    ['rnn', rnn],
    ['gru', gru],
    ['lstm', lstm],
  ] as const)('of %s: two halves of a text say what the whole says', ([, make]) => {
    const options = { vocabSize: V, contextLength: T, width: 3, hidden: 5, layers: 2, start: 'carried' } as const;
    const model = make(options);
    const run = (time: number): Float64Array => {
      const updates = new Map<string, Tensor>();
      const logits = model.logits(model.hidden(input('ids', 'int32', axes('B T', B, time)), { updates })); // B T V
      const graph = buildGraph({ logits, ...Object.fromEntries([...updates].map(([name, next]) => [`next:${name}`, next])) });
      const sizes = new Map(graph.inputs.map(({ attributes: { name, shape } }) => [name, shape.map(({ size }) => Number(size))]));
      const weights = model.parameters.map(({ name }, index) => [name, fromHost(numbers(index, sizes.get(name) as number[]))] as const);
      let states = [...updates.keys()].map((name) => [name, fill('float32', sizes.get(name) as number[], () => 0)] as const);
      const all = new Float64Array(B * T * V);
      for (let start = 0; start < T; start += time) {
        const results = evaluateGraph(graph, {
          ...Object.fromEntries([...weights, ...states]),
          ids: fill('int32', [B, time], ([b = 0, t = 0]) => (b * 3 + (start + t) ** 2) % V),
        });
        states = states.map(([name]) => [name, results.get(`next:${name}`) as NdArray] as const);
        for (let b = 0; b < B; b++)
          all.set((results.get('logits') as NdArray).data.subarray(b * time * V, (b + 1) * time * V), (b * T + start) * V);
      }
      return all;
    };
    const [once, halves] = [run(T), run(T / 2)];
    for (const [index, value] of once.entries()) expect(Math.abs(value - (halves[index] ?? NaN))).toBeLessThan(1e-12);
    expect(new Set(once).size).toBeGreaterThan(B);
  });
});

describe('counted bigrams', () => {
  const path = new URL('../../../shared/data/text/names.txt', import.meta.url);
  test.skipIf(!existsSync(path))('of names.txt have the losses that the reference gives', () => {
    const names = readFileSync(path, 'utf8').trim().split('\n');
    const texts = names.map((name) => [0, ...Array.from(name, (letter) => letter.charCodeAt(0) - 96), 0]);
    expect(fitBigram(texts, { vocabSize: 27 }).loss).toBeCloseTo(2.4540144892, 10);
    expect(fitBigram(texts, { vocabSize: 27, smoothing: 1 }).loss).toBeCloseTo(2.4545768201, 10);
  });

  test('are weights of the model, whose loss is theirs', async () => {
    const texts = [
      [0, 1, 1, 2, 0],
      [0, 2, 1, 0],
    ];
    const { weights, loss } = fitBigram(texts, { vocabSize: 3 });
    const model = bigram({ vocabSize: 3, contextLength: 4 });
    const ids = input('ids', 'int32', axes('B T', 1, 7));
    const logits = reshape(model.logits(model.hidden(ids, {})), axes('N V', 7, 3));
    const graph = buildGraph({ loss: mean(crossEntropy(logits, input('targets', 'int32', axes('N', 7)))[0] as Tensor) });
    const results = await runOnnx(graph, {
      'table.weight': fromHost(weights.get('table.weight')!),
      ids: whole([0, 1, 1, 2, 0, 2, 1], [1, 7]),
      targets: whole([1, 1, 2, 0, 2, 1, 0], [7]),
    });
    expect(results.get('loss')?.data[0]).toBeCloseTo(loss, 6);
  });
});

describe('refuses', () => {
  test.for([
    ['a network of one size', () => mlp({ sizes: [10] }), 'sizes must be two numbers or more: 10'],
    ['a width of 0', () => mlp({ sizes: [10, 0, 1] }), 'sizes[1] must be a whole number of at least 1: 0'],
    [
      'an unknown activation',
      () => mlp({ sizes: [1, 1], activation: 'sin' as 'tanh' }),
      'activation must be one of tanh, relu, sigmoid, gelu: sin',
    ],
    ['a padding that is no token', () => mlpLanguageModel({ ...windows, padToken: 8 }), 'padToken must be a token, or vocabSize: 8'],
    [
      'a context that is no power of two',
      () => waveNet({ ...windows, contextLength: 6 }),
      'contextLength must be a power of two, at least 2: 6',
    ],
    ['an unknown start', () => rnn({ ...texts, start: 'ones' as 'zeros' }), 'start must be zeros, learned or carried: ones'],
    ['an unknown place of the reset gate', () => gru({ ...texts, reset: 'never' as 'after' }), 'reset must be after or before: never'],
    ['three biases', () => lstm({ ...texts, biases: 3 as 2 }), 'biases must be 0, 1 or 2: 3'],
    ['a negative smoothing', () => fitBigram([], { vocabSize: 3, smoothing: -1 }), 'smoothing must be at least 0: -1'],
  ] as const)('%s', ([, make, message]) => {
    expect(make).toThrow(message);
  });
});
