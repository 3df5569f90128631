/** Multi-head attention with PyTorch's weights: outputs, probabilities and gradients; and what its masks refuse. */

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { arrayOf, numbers, stateDictOf, torchVectors } from '../../test/vectors/torch-vectors.ts';
import { gradients } from '../autodiff/index.ts';
import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { axes, buildGraph, collectParameters, constant, input, multiply, parameter, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { alibiSlopes, multiHeadAttention, paddingOf, sinusoidalPositions } from './index.ts';
import type { MultiHeadAttentionOptions } from './index.ts';

const truth = (rows: readonly (readonly number[])[]): Tensor =>
  constant(hostTensor('bool', [rows.length, rows[0]!.length], Uint8Array.from(rows.flat())));
const PADDING = truth([
  [0, 0, 0, 0, 1],
  [0, 0, 1, 1, 1],
]);
const FORBIDDEN = truth([
  [0, 1, 0, 1, 0],
  [0, 0, 1, 1, 1],
  [1, 0, 0, 0, 0],
]);

const CASES: Readonly<Record<string, Partial<MultiHeadAttentionOptions>>> = {
  plain: {},
  'without biases': { bias: false },
  'keys and values of other widths': { keyWidth: 6, valueWidth: 4 },
  'a mask of padding': { keyPadding: PADDING },
  'a mask of truth values and one of padding': { mask: FORBIDDEN, keyPadding: PADDING },
  'a mask that is added': { mask: constant(numbers(13, [3, 5], { scale: 4 })) },
  'a learned key and a key of zeros, a mask of padding': { learnedKey: true, zeroKey: true, keyPadding: PADDING },
};

/** PyTorch's names, its joined projections cut in three. */
function ours(state: ReadonlyMap<string, HostTensor<'float32'>>): Map<string, HostTensor<'float32'>> {
  const parts = ['query', 'key', 'value'] as const;
  const renamed: Readonly<Record<string, string>> = {
    'out_proj.weight': 'output.weight',
    'out_proj.bias': 'output.bias',
    q_proj_weight: 'query.weight',
    k_proj_weight: 'key.weight',
    v_proj_weight: 'value.weight',
    bias_k: 'keyBias',
    bias_v: 'valueBias',
  };
  return new Map(
    [...state].flatMap(([name, { shape, data }]): [string, HostTensor<'float32'>][] => {
      const joined = /^in_proj_(weight|bias)$/.exec(name)?.[1];
      if (joined === undefined) return [[`attention.${renamed[name]}`, hostTensor('float32', shape, data)]];
      const third = data.length / 3;
      return parts.map((part, index) => [
        `attention.${part}.${joined}`,
        hostTensor('float32', [shape[0]! / 3, ...shape.slice(1)], data.slice(index * third, (index + 1) * third)),
      ]);
    }),
  );
}

const { cases } = torchVectors('attention');

test('every vector has its case', () => {
  expect(cases.map(({ name }) => name)).toEqual(Object.keys(CASES));
});

describe.for(cases.map((each) => [each.name, each] as const))('as PyTorch: %s', ([name, vector]) => {
  const options = CASES[name]!;
  const given = {
    q: numbers(10, [2, 3, 8], { scale: 2 }),
    k: numbers(11, [2, 5, options.keyWidth ?? 8], { scale: 2 }),
    v: numbers(12, [2, 5, options.valueWidth ?? 8], { scale: 2 }),
  };
  const weights = ours(stateDictOf(vector));
  const [q, k, v] = Object.entries(given).map(([key, { shape }]) => input(key, 'float32', axes('B T C', ...shape))) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const [output, probabilities] = multiHeadAttention(
    { queries: q, keys: k, values: v },
    { name: 'attention', width: 8, heads: 2, ...options },
    {},
  ) as [Tensor, Tensor];
  const specs = collectParameters([output]);
  const by = [q, k, v, ...specs.map((spec) => parameter(spec.name, spec.shape, spec.initializer))];
  const found = gradients(sum(multiply(output, constant(numbers(90, [2, 3, 8])))), by);
  const graph = buildGraph({
    output,
    probabilities,
    ...Object.fromEntries(found.map((gradient, index) => [`by ${by[index]!.label}`, gradient])),
  });
  const feeds = Object.fromEntries([...Object.entries(given), ...weights].map(([key, tensor]) => [key, fromHost(tensor)]));
  const byTheirs = new Map(
    Object.entries(vector.gradients).map(([key, { shape, data }]) => [key, hostTensor('float32', shape, Float32Array.from(data))] as const),
  );
  const expectedGradients = new Map(
    [...byTheirs].flatMap(([key, tensor]) => (key.length === 1 ? [[key, tensor] as const] : [...ours(new Map([[key, tensor]]))])),
  );

  test('has its parameters', () => {
    expect(specs.map((spec) => spec.name).sort()).toEqual([...weights.keys()].sort());
  });

  test.for([
    ['the interpreter', async () => evaluateGraph(graph, feeds)],
    ['ONNX Runtime', async () => runOnnx(graph, feeds)],
  ] as const)('by %s', async ([, run]) => {
    const actual = await run();
    for (const [what, plain] of [
      ['output', vector.output],
      ['probabilities', vector.probabilities],
    ] as const) {
      const expected = arrayOf(plain);
      expect(Math.max(...expected.data.map((value, index) => Math.abs(value - actual.get(what)!.data[index]!))), what).toBeLessThan(1e-5);
    }
    for (const [key, tensor] of expectedGradients) expect(relativeError(actual.get(`by ${key}`), fromHost(tensor)), key).toBeLessThan(1e-4);
    expect(expectedGradients.size).toBe(by.length);
  });
});

test('a text of padding alone sees all of it alike, and gives numbers', async () => {
  const texts = { queries: input('q', 'float32', axes('B T C', 1, 2, 4)), keys: input('k', 'float32', axes('B S C', 1, 3, 4)) };
  const keyPadding = paddingOf(input('ids', 'int32', axes('B S', 1, 3)), 0);
  const [, probabilities] = multiHeadAttention(texts, { name: 'attention', width: 4, heads: 1, keyPadding }, {}) as [Tensor, Tensor];
  const graph = buildGraph({ probabilities });
  const feeds: Record<string, NdArray> = {
    q: fill('float32', [1, 2, 4], ([, t = 0, c = 0]) => t - c),
    k: fill('float32', [1, 3, 4], ([, s = 0, c = 0]) => s + c),
    ids: fill('int32', [1, 3], () => 0),
  };
  for (const { name, shape } of collectParameters([probabilities]))
    feeds[name] = fill(
      'float32',
      shape.map(({ size }) => Number(size)),
      ([row = 0, column = 0]) => Math.sin(row + 2 * column),
    );
  for (const results of [evaluateGraph(graph, feeds), await runOnnx(graph, feeds)])
    for (const p of results.get('probabilities')!.data) expect(p).toBeCloseTo(1 / 3, 6);
});

describe('is refused:', () => {
  const texts = { queries: input('q', 'float32', axes('B T C', 2, 3, 8)), keys: input('k', 'float32', axes('B S C', 2, 5, 8)) };
  const attend = (masks: Partial<MultiHeadAttentionOptions>) => (): unknown =>
    multiHeadAttention(texts, { name: 'attention', width: 8, heads: 2, ...masks }, {});
  test.for([
    [
      'a mask of padding with too many axes',
      attend({ keyPadding: input('m', 'bool', axes('B T S', 2, 3, 5)) }),
      'WEFT_NN_MASK',
      'B S, one truth value a key: 3 axes',
    ],
    [
      'a mask of padding for other keys',
      attend({ keyPadding: input('m', 'bool', axes('B S', 2, 4)) }),
      'WEFT_SHAPE_ATTENTION',
      'must stretch to B H T S = 2 2 3 5',
    ],
    [
      'a mask of another shape',
      attend({ mask: input('m', 'bool', axes('T S', 5, 3)) }),
      'WEFT_SHAPE_ATTENTION',
      'must stretch to B H T S = 2 2 3 5',
    ],
  ] as const)('%s', ([, build, code, message]) => {
    expect(build).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) as string }));
  });
});

test('sinusoids: position t, pair i at t/10000^(2i/C), sine beside cosine', () => {
  const table = sinusoidalPositions(50, 6);
  expect(table.data[7 * 6 + 2]).toBeCloseTo(Math.sin(7 / 10_000 ** (2 / 6)), 7);
  expect(table.data[49 * 6 + 5]).toBeCloseTo(Math.cos(49 / 10_000 ** (4 / 6)), 7);
});

test("slopes of ALiBi: the authors' numbers, and those of 12 heads as their code gives them", () => {
  expect([...alibiSlopes(8)]).toEqual([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]);
  const twelve = [...alibiSlopes(12)];
  expect(twelve.slice(0, 8)).toEqual([...alibiSlopes(8)]);
  expect(twelve.slice(8).map((slope) => Math.log2(slope))).toEqual(
    [-0.5, -1.5, -2.5, -3.5].map((power) => expect.closeTo(power, 6) as number),
  );
});
