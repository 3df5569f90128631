/** Layers: the names and shapes of their parameters, and what they compute. */

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, get } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { gradients } from '../autodiff/index.ts';
import { createRandom, hostTensor } from '../core/index.ts';
import {
  attention,
  axes,
  buildGraph,
  collectParameters,
  constant,
  input,
  multiply,
  named,
  reshape,
  scope,
  sum,
  transpose,
} from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import {
  NORMAL_002,
  embedding,
  feedForward,
  gatedFeedForward,
  layerNormalization,
  linear,
  rmsNormalization,
  rotaryAngles,
  selfAttention,
} from './index.ts';

const x = input('x', 'float32', axes('B T C', 2, 3, 4));
const ids = input('ids', 'int32', axes('B T', 2, 3));
const parametersOf = (tensor: Tensor): readonly string[] =>
  collectParameters([tensor]).map(
    ({ name, shape, initializer }) => `${name} ${shape.map(({ size }) => size).join('×')} ${initializer.kind}`,
  );

/** Values for every input of a graph: fresh weights, normal numbers, given ids. */
function feedsFor(
  outputs: Readonly<Record<string, Tensor>>,
  given: Readonly<Record<string, NdArray>> = {},
): Readonly<Record<string, NdArray>> {
  const random = createRandom(5);
  const entries = buildGraph(outputs).inputs.map(({ attributes: { name, dtype, shape } }) => {
    const draw = dtype === 'int32' ? (): number => random.uint32() | 0 : (): number => Math.fround(random.normal() / 2);
    return [
      name,
      given[name] ??
        fill(
          dtype,
          shape.map(({ size }) => Number(size)),
          draw,
        ),
    ] as const;
  });
  return Object.fromEntries(entries);
}

describe('layers make their parameters in the scope', () => {
  test.for([
    ['linear', () => linear(x, { name: 'up', in: 4, out: 5 }), ['up.weight 5×4 normal']],
    [
      'linear with a bias',
      () => scope('blocks.0', () => linear(x, { name: 'up', in: 4, out: 5, bias: true })),
      ['blocks.0.up.weight 5×4 normal', 'blocks.0.up.bias 5 constant'],
    ],
    ['embedding', () => embedding(ids, { name: 'tokens', rows: 9, width: 4 }), ['tokens.weight 9×4 normal']],
    [
      'layerNormalization',
      () => layerNormalization(x, { name: 'norm', width: 4, epsilon: 1e-5 }),
      ['norm.weight 4 constant', 'norm.bias 4 constant'],
    ],
    [
      'layerNormalization without a bias',
      () => layerNormalization(x, { name: 'norm', width: 4, epsilon: 1e-5, bias: false }),
      ['norm.weight 4 constant'],
    ],
    ['rmsNormalization', () => rmsNormalization(x, { name: 'norm', width: 4, epsilon: 1e-5 }), ['norm.weight 4 constant']],
    [
      'feedForward',
      () => feedForward(x, { name: 'f', width: 4, hidden: 8, bias: true, activation: 'gelu', outputInitializer: NORMAL_002 }),
      ['f.up.weight 8×4 normal', 'f.up.bias 8 constant', 'f.down.weight 4×8 normal', 'f.down.bias 4 constant'],
    ],
    [
      'gatedFeedForward',
      () => gatedFeedForward(x, { name: 'f', width: 4, hidden: 8, outputInitializer: NORMAL_002 }),
      ['f.gate.weight 8×4 normal', 'f.up.weight 8×4 normal', 'f.down.weight 4×8 normal'],
    ],
    [
      'selfAttention',
      () =>
        selfAttention(
          x,
          {
            name: 'a',
            width: 4,
            heads: 2,
            kvHeads: 1,
            headWidth: 3,
            bias: false,
            outputInitializer: { kind: 'constant', value: 0 },
            dropoutRate: 0,
          },
          {},
        ),
      ['a.query.weight 6×4 normal', 'a.key.weight 3×4 normal', 'a.value.weight 3×4 normal', 'a.output.weight 4×6 constant'],
    ],
  ] as const)('%s', ([, build, expected]) => {
    expect([...parametersOf(build())].sort()).toEqual([...expected].sort());
  });
});

describe('layers compute', () => {
  const run = (
    y: Tensor,
    given: Readonly<Record<string, NdArray>> = {},
  ): { readonly y: NdArray; readonly feeds: Readonly<Record<string, NdArray>> } => {
    const feeds = feedsFor({ y }, given);
    return { y: evaluateGraph(buildGraph({ y }), feeds).get('y')!, feeds };
  };

  test('linear: x·Wᵀ + b', () => {
    const { y, feeds } = run(linear(x, { name: 'up', in: 4, out: 5, bias: true }));
    const expected = fill('float32', [2, 3, 5], ([b = 0, t = 0, o = 0]) =>
      [0, 1, 2, 3].reduce(
        (total, c) => total + get(feeds['x']!, [b, t, c]) * get(feeds['up.weight']!, [o, c]),
        get(feeds['up.bias']!, [o]),
      ),
    );
    expect(relativeError(y, expected)).toBeLessThan(1e-12);
  });

  test('embedding: rows by ids', () => {
    const { y, feeds } = run(embedding(ids, { name: 'tokens', rows: 9, width: 4 }), {
      ids: fill('int32', [2, 3], ([b = 0, t = 0]) => b * 4 + t),
    });
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
    const whole = attention([split('query', 2), split('key', 1), split('value', 1)], {
      causal: true,
      scale: 1 / Math.sqrt(3),
    })[0] as Tensor;
    const expected = scope('a', () =>
      linear(reshape(transpose(whole, [0, 2, 1, 3]), axes('B T C', 2, time, width)), { name: 'output', in: width, out: width, bias: true }),
    );
    const weights = constant(
      hostTensor(
        'float32',
        [time, width],
        Float32Array.from({ length: time * width }, (_, index) => Math.sin(index)),
      ),
    );
    const both = [selfAttention(long, options, {}), expected].map((y) =>
      buildGraph({ y, dx: gradients(sum(multiply(y, weights)), [long])[0] as Tensor }),
    );
    const feeds = feedsFor({ y: expected });
    const [ours, oracle] = await Promise.all(both.map((graph) => runOnnx(graph, feeds)));
    for (const name of ['y', 'dx']) expect(relativeError(ours?.get(name), oracle?.get(name)), name).toBeLessThan(1e-4);
  });
});

test('an error inside a layer says where it was made', () => {
  const build = (): Tensor =>
    scope('blocks.2', () => scope('feedForward', () => linear(named(x, 'hidden'), { name: 'up', in: 5, out: 8 })));
  expect(build).toThrow(
    'Cannot multiply hidden by blocks.2.feedForward.up.weight as axis C must agree: hidden has 4, blocks.2.feedForward.up.weight has 5',
  );
});
