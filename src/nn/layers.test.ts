/** Layers: the names and shapes of their parameters, what they compute, initial weights, dropout and the loss's denominator. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost, get } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { gradients } from '../autodiff/index.ts';
import { createRandom, hostTensor } from '../core/index.ts';
import { attention, axes, buildGraph, collectParameters, constant, input, multiply, named, reshape, scope, sum, transpose } from '../graph/index.ts';
import type { Initializer, Shape, Tensor } from '../graph/index.ts';
import {
  NORMAL_002, dropout, dropoutMaskFor, embedding, feedForward, gatedFeedForward, initialize, isDropoutSeed, layerNormalization, linear, meanCrossEntropy, rmsNormalization, rotaryAngles, selfAttention,
} from './index.ts';

const x = input('x', 'float32', axes('B T C', 2, 3, 4));
const ids = input('ids', 'int32', axes('B T', 2, 3));
const parametersOf = (tensor: Tensor): readonly string[] => collectParameters([tensor]).map(({ name, shape, initializer }) => `${name} ${shape.map(({ size }) => size).join('×')} ${initializer.kind}`);

/** Values for every input of a graph: fresh weights, normal numbers, given ids. */
function feedsFor(outputs: Readonly<Record<string, Tensor>>, given: Readonly<Record<string, NdArray>> = {}): Readonly<Record<string, NdArray>> {
  const random = createRandom(5);
  const entries = buildGraph(outputs).inputs.map(({ attributes: { name, dtype, shape } }) => {
    const draw = dtype === 'int32' ? (): number => random.uint32() | 0 : (): number => Math.fround(random.normal() / 2);
    return [name, given[name] ?? fill(dtype, shape.map(({ size }) => Number(size)), draw)] as const;
  });
  return Object.fromEntries(entries);
}

describe('layers make their parameters in the scope', () => {
  test.for([
    ['linear', () => linear(x, { name: 'up', in: 4, out: 5 }), ['up.weight 5×4 normal']],
    ['linear with a bias', () => scope('blocks.0', () => linear(x, { name: 'up', in: 4, out: 5, bias: true })), ['blocks.0.up.weight 5×4 normal', 'blocks.0.up.bias 5 constant']],
    ['embedding', () => embedding(ids, { name: 'tokens', rows: 9, width: 4 }), ['tokens.weight 9×4 normal']],
    ['layerNormalization', () => layerNormalization(x, { name: 'norm', width: 4, epsilon: 1e-5 }), ['norm.weight 4 constant', 'norm.bias 4 constant']],
    ['layerNormalization without a bias', () => layerNormalization(x, { name: 'norm', width: 4, epsilon: 1e-5, bias: false }), ['norm.weight 4 constant']],
    ['rmsNormalization', () => rmsNormalization(x, { name: 'norm', width: 4, epsilon: 1e-5 }), ['norm.weight 4 constant']],
    ['feedForward', () => feedForward(x, { name: 'f', width: 4, hidden: 8, bias: true, activation: 'gelu', outputInitializer: NORMAL_002 }), ['f.up.weight 8×4 normal', 'f.up.bias 8 constant', 'f.down.weight 4×8 normal', 'f.down.bias 4 constant']],
    ['gatedFeedForward', () => gatedFeedForward(x, { name: 'f', width: 4, hidden: 8, outputInitializer: NORMAL_002 }), ['f.gate.weight 8×4 normal', 'f.up.weight 8×4 normal', 'f.down.weight 4×8 normal']],
    [
      'selfAttention',
      () => selfAttention(x, { name: 'a', width: 4, heads: 2, kvHeads: 1, headWidth: 3, bias: false, outputInitializer: { kind: 'constant', value: 0 }, dropoutRate: 0 }, {}),
      ['a.query.weight 6×4 normal', 'a.key.weight 3×4 normal', 'a.value.weight 3×4 normal', 'a.output.weight 4×6 constant'],
    ],
  ] as const)('%s', ([, build, expected]) => {
    expect([...parametersOf(build())].sort()).toEqual([...expected].sort());
  });
});

describe('layers compute', () => {
  const run = (y: Tensor, given: Readonly<Record<string, NdArray>> = {}): { readonly y: NdArray; readonly feeds: Readonly<Record<string, NdArray>> } => {
    const feeds = feedsFor({ y }, given);
    return { y: evaluateGraph(buildGraph({ y }), feeds).get('y')!, feeds };
  };

  test('linear: x·Wᵀ + b', () => {
    const { y, feeds } = run(linear(x, { name: 'up', in: 4, out: 5, bias: true }));
    const expected = fill('float32', [2, 3, 5], ([b = 0, t = 0, o = 0]) => [0, 1, 2, 3].reduce((total, c) => total + get(feeds['x']!, [b, t, c]) * get(feeds['up.weight']!, [o, c]), get(feeds['up.bias']!, [o])));
    expect(relativeError(y, expected)).toBeLessThan(1e-12);
  });

  test('embedding: rows by ids', () => {
    const { y, feeds } = run(embedding(ids, { name: 'tokens', rows: 9, width: 4 }), { ids: fill('int32', [2, 3], ([b = 0, t = 0]) => b * 4 + t) });
    expect(y).toEqual(fill('float32', [2, 3, 4], ([b = 0, t = 0, c = 0]) => get(feeds['tokens.weight']!, [b * 4 + t, c])));
  });

  test('rotary angles: position · theta^(-2i/D)', () => {
    const { cos, sin } = rotaryAngles(4, 6, 10_000);
    expect(cos.shape).toEqual([4, 3]);
    expect(cos.data[3 * 3 + 1]).toBeCloseTo(Math.cos(3 * 10_000 ** (-2 / 6)), 6);
    expect(sin.data[2 * 3 + 2]).toBeCloseTo(Math.sin(2 * 10_000 ** (-4 / 6)), 6);
    expect([...cos.data.subarray(0, 3), ...sin.data.subarray(0, 3)]).toEqual([1, 1, 1, 0, 0, 0]);
  });

  test('long texts attend as short ones do, though in two halves', async () => {
    const [time, width] = [131, 6];
    const long = input('x', 'float32', axes('B T C', 2, time, width));
    const options = { name: 'a', width, heads: 2, kvHeads: 1, headWidth: 3, bias: true, outputInitializer: NORMAL_002, dropoutRate: 0.5 };
    const split = (part: string, heads: number): Tensor => {
      const projected = scope('a', () => linear(long, { name: part, in: width, out: heads * 3, bias: true }));
      return transpose(reshape(projected, axes('B T H D', 2, time, heads, 3)), [0, 2, 1, 3]);
    };
    const whole = attention([split('query', 2), split('key', 1), split('value', 1)], { causal: true, scale: 1 / Math.sqrt(3) })[0] as Tensor;
    const expected = scope('a', () => linear(reshape(transpose(whole, [0, 2, 1, 3]), axes('B T C', 2, time, width)), { name: 'output', in: width, out: width, bias: true }));
    const weights = constant(hostTensor('float32', [time, width], Float32Array.from({ length: time * width }, (_, index) => Math.sin(index))));
    const both = [selfAttention(long, options, {}), expected].map((y) => buildGraph({ y, dx: gradients(sum(multiply(y, weights)), [long])[0] as Tensor }));
    const feeds = feedsFor({ y: expected });
    const [ours, oracle] = await Promise.all(both.map((graph) => runOnnx(graph, feeds)));
    for (const name of ['y', 'dx']) expect(relativeError(ours?.get(name), oracle?.get(name)), name).toBeLessThan(1e-4);
  });
});

describe('initial weights', () => {
  const filled = (initializer: Initializer, { name = 'w', seed = 1, size = 40_000 } = {}): Float32Array => initialize([{ name, shape: axes('C', size), initializer }], { seed }).get(name)!.data;
  const mean = (data: Float32Array): number => data.reduce((total, value) => total + value, 0) / data.length;
  const deviation = (data: Float32Array): number => Math.sqrt(mean(data.map((value) => value * value)) - mean(data) ** 2);

  test('normal: mean 0 and the deviation asked for, with tails', () => {
    const data = filled({ kind: 'normal', standardDeviation: 0.02 });
    expect(Math.abs(mean(data))).toBeLessThan(4 * (0.02 / 200));
    expect(deviation(data)).toBeCloseTo(0.02, 3);
    // Shares within one, two and three deviations: 68.27, 95.45, 99.73 %.
    for (const [limit, share] of [[1, 0.6827], [2, 0.9545], [3, 0.9973]] as const) expect(data.filter((value) => Math.abs(value) < limit * 0.02).length / data.length).toBeCloseTo(share, 2);
  });

  test('uniform: within the bound, level', () => {
    const data = filled({ kind: 'uniform', bound: 0.5 });
    expect(Math.max(...data)).toBeLessThanOrEqual(0.5);
    expect(Math.min(...data)).toBeGreaterThanOrEqual(-0.5);
    expect(deviation(data)).toBeCloseTo(0.5 / Math.sqrt(3), 2);
    for (let tenth = 0; tenth < 10; tenth++) expect(data.filter((value) => Math.floor((value + 0.5) * 10) === tenth).length / data.length).toBeCloseTo(0.1, 1);
  });

  test('constant', () => {
    expect(new Set(filled({ kind: 'constant', value: 3 }))).toEqual(new Set([3]));
  });

  test('a parameter keeps its numbers when others are added; another seed or name gives others', () => {
    const initializer: Initializer = { kind: 'normal', standardDeviation: 1 };
    const alone = filled(initializer, { name: 'b', size: 10 });
    const among = initialize([{ name: 'a', shape: axes('C', 99), initializer }, { name: 'b', shape: axes('C', 10), initializer }], { seed: 1 });
    expect(among.get('b')?.data).toEqual(alone);
    expect(filled(initializer, { name: 'b', size: 10, seed: 2 })).not.toEqual(alone);
    expect(among.get('a')?.data.subarray(0, 10)).not.toEqual(alone);
  });
});

describe('dropout', () => {
  const shape = (rows: number, columns: number): Shape => axes('N C', rows, columns);
  const maskOf = (rate: number, { rows = 300, columns = 200, seed = 1 } = {}): NdArray => {
    const mask = dropoutMaskFor('m', shape(rows, columns), rate);
    const random = createRandom(seed);
    const seeds = (...sizes: readonly number[]): NdArray => fill('int32', sizes, () => random.uint32() | 0);
    return evaluateGraph(buildGraph({ mask }), { 'dropout:m.rows': seeds(rows, 1), 'dropout:m.columns': seeds(columns) }).get('mask')!;
  };

  test('is nothing outside of training or at rate 0', () => {
    expect(dropout(x, { name: 'd', rate: 0.5 }, {})).toBe(x);
    expect(dropout(x, { name: 'd', rate: 0 }, { dropout: true })).toBe(x);
  });

  test('is fed by two small seeds, named after the scope', () => {
    const y = scope('blocks.1', () => dropout(x, { name: 'd', rate: 0.5 }, { dropout: true }));
    const fed = buildGraph({ y }).inputs.map(({ attributes }) => attributes).filter(({ name }) => isDropoutSeed(name));
    expect(fed.map(({ name, dtype, shape }) => [name, dtype, shape.map(({ size }) => size)])).toEqual([
      ['dropout:blocks.1.d.rows', 'int32', [2, 3, 1]],
      ['dropout:blocks.1.d.columns', 'int32', [4]],
    ]);
    expect(isDropoutSeed('tokens.weight')).toBe(false);
  });

  test.for([0.05, 0.1, 0.2, 0.5, 0.9])('drops a share of %f and scales what stays', (rate) => {
    const { data } = maskOf(rate);
    const dropped = data.filter((value) => value === 0).length / data.length;
    // Four deviations of a binomial share.
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / data.length));
    expect(new Set(data)).toEqual(new Set([0, 1 / (1 - rate)]));
  });

  test('rows and columns drop independently of each other', () => {
    const [rows, columns, rate] = [300, 200, 0.3];
    const mask = maskOf(rate, { rows, columns });
    const at = (row: number, column: number): number => Number(get(mask, [row, column]) === 0);
    let [inRows, inColumns] = [0, 0];
    for (let row = 0; row + 1 < rows; row++) for (let column = 0; column < columns; column++) inRows += at(row, column) * at(row + 1, column);
    for (let row = 0; row < rows; row++) for (let column = 0; column + 1 < columns; column++) inColumns += at(row, column) * at(row, column + 1);
    expect(inRows / ((rows - 1) * columns)).toBeCloseTo(rate * rate, 2);
    expect(inColumns / (rows * (columns - 1))).toBeCloseTo(rate * rate, 2);
    for (let row = 0; row < rows; row++) {
      const share = Array.from({ length: columns }, (_, column) => at(row, column)).reduce((a, b) => a + b) / columns;
      expect(Math.abs(share - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / columns));
    }
  });

  test('other seeds give another mask, the same seeds the same', () => {
    expect(maskOf(0.5, { seed: 2 })).not.toEqual(maskOf(0.5));
    expect(maskOf(0.5, { seed: 2 })).toEqual(maskOf(0.5, { seed: 2 }));
  });
});

describe('the loss', () => {
  const [N, V] = [6, 5];
  const lossOf = (logits: NdArray, targets: NdArray, kept: number): { readonly loss: number; readonly gradient: NdArray } => {
    const rows = input('logits', 'float32', axes('N V', logits.shape[0] ?? 0, V));
    const { loss, denominator } = meanCrossEntropy(rows, input('targets', 'int32', axes('N', logits.shape[0] ?? 0)));
    expect(denominator.label).toBe('denominator');
    const [gradient] = gradients(loss, [rows]) as [Tensor];
    const results = evaluateGraph(buildGraph({ loss, gradient }), { logits, targets, denominator: fromHost(hostTensor('float32', [], Float32Array.of(kept))) });
    return { loss: results.get('loss')!.data[0]!, gradient: results.get('gradient')! };
  };
  const part = ({ dtype, shape, data }: NdArray, start: number, end: number): NdArray => {
    const row = shape.slice(1).reduce((product, size) => product * size, 1);
    return { dtype, shape: [end - start, ...shape.slice(1)], data: data.slice(start * row, end * row) };
  };

  test('of small batches adds up to that of the large one, wherever it is cut and whichever targets count', () => {
    const targetsArbitrary = fc.array(fc.integer({ min: -1, max: V - 1 }), { minLength: N, maxLength: N });
    fc.assert(
      fc.property(targetsArbitrary, fc.integer({ min: 1, max: N - 1 }), fc.nat(99), (values, cut, seed) => {
        const random = createRandom(seed);
        const logits = fill('float32', [N, V], () => 2 * random.normal());
        const targets: NdArray = { dtype: 'int32', shape: [N], data: Float64Array.from(values) };
        const kept = Math.max(1, values.filter((target) => target >= 0).length);
        const whole = lossOf(logits, targets, kept);
        const parts = [lossOf(part(logits, 0, cut), part(targets, 0, cut), kept), lossOf(part(logits, cut, N), part(targets, cut, N), kept)];
        expect(parts.reduce((total, { loss }) => total + loss, 0)).toBeCloseTo(whole.loss, 10);
        expect(relativeError({ ...whole.gradient, data: Float64Array.from(parts.flatMap(({ gradient }) => [...gradient.data])) }, whole.gradient)).toBeLessThan(1e-9);
      }),
      { numRuns: 40 },
    );
  });

  test('rows without a target have no gradient', () => {
    const { gradient } = lossOf(fill('float32', [2, V], ([, v = 0]) => v), { dtype: 'int32', shape: [2], data: Float64Array.of(-1, 2) }, 1);
    expect([...gradient.data.slice(0, V)]).toEqual([0, 0, 0, 0, 0]);
    expect(gradient.data.slice(V).reduce((a, b) => a + b)).toBeCloseTo(0, 12);
  });
});

test('an error inside a layer says where it was made', () => {
  const build = (): Tensor => scope('blocks.2', () => scope('feedForward', () => linear(named(x, 'hidden'), { name: 'up', in: 5, out: 8 })));
  expect(build).toThrow('Cannot multiply hidden by blocks.2.feedForward.up.weight as axis C must agree: hidden has 4, blocks.2.feedForward.up.weight has 5');
});
