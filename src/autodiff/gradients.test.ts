/** Differentiation of whole graphs: published numbers, random expressions, and what is refused. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { finiteDifferences, relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { createRandom, hostTensor } from '../core/index.ts';
import {
  add,
  attention,
  axes,
  buildGraph,
  cachedAttention,
  cast,
  concat,
  constant,
  crossEntropy,
  divide,
  exp,
  expand,
  gather,
  gelu,
  gradientCheckpoint,
  input,
  layerNorm,
  less,
  log,
  matmul,
  logSoftmax,
  max,
  maximum,
  mean,
  minimum,
  multiply,
  parameter,
  named,
  negate,
  reciprocal,
  relu,
  reshape,
  sigmoid,
  silu,
  slice,
  softmax,
  sqrt,
  subtract,
  sum,
  tanh,
  transpose,
  where,
} from '../graph/index.ts';
import type { Graph, Tensor } from '../graph/index.ts';
import { gradients } from './index.ts';

const vector = (name: string, ...sizes: readonly number[]): Tensor => input(name, 'float32', axes('', ...sizes));
const array = (values: readonly number[], shape: readonly number[] = [values.length]): NdArray => ({
  dtype: 'float32',
  shape,
  data: Float64Array.from(values),
});

/** Value and derivative of a function at some places, on both machines. */
async function slopes(f: (x: Tensor) => Tensor, at: readonly number[]): Promise<readonly (readonly number[])[]> {
  const x = vector('x', at.length);
  const y = f(x);
  const graph = buildGraph({ y, slope: gradients(sum(y), [x])[0] as Tensor });
  const feeds = { x: array(at) };
  const [own, other] = [evaluateGraph(graph, feeds), await runOnnx(graph, feeds)];
  return [own, other].flatMap((values) => [[...values.get('y')!.data], [...values.get('slope')!.data]]);
}

describe('numbers from PyTorch 1.13, at -2, -0.5, 0, 1, 3', () => {
  const AT = [-2, -0.5, 0, 1, 3];
  test.for([
    [
      'GELU, erf',
      (x: Tensor) => gelu(x, 'erf'),
      [-0.0455001, -0.1542688, 0, 0.8413447, 2.9959502],
      [-0.0852319, 0.1325049, 0.5, 1.0833154, 1.0119456],
    ],
    [
      'GELU, tanh',
      (x: Tensor) => gelu(x, 'tanh'),
      [-0.0454023, -0.154286, 0, 0.841192, 2.9963627],
      [-0.0860992, 0.1326301, 0.5, 1.0829641, 1.0115843],
    ],
    ['SiLU', silu, [-0.2384058, -0.1887703, 0, 0.7310586, 2.8577225], [-0.0907843, 0.2600388, 0.5, 0.9276705, 1.0881041]],
    ['ReLU²', (x: Tensor) => multiply(relu(x), relu(x)), [0, 0, 0, 1, 9], [0, 0, 0, 2, 6]],
  ] as const)('%s', async ([, f, value, slope]) => {
    const [ownValue, ownSlope, value32, slope32] = await slopes(f, AT);
    for (const [index] of AT.entries()) {
      expect(ownValue?.[index]).toBeCloseTo(value[index]!, 6);
      expect(ownSlope?.[index]).toBeCloseTo(slope[index]!, 6);
      expect(value32?.[index]).toBeCloseTo(value[index]!, 5);
      expect(slope32?.[index]).toBeCloseTo(slope[index]!, 5);
    }
  });

  test('cross-entropy of logits 1, 2, 3 and target 2', () => {
    const losses = crossEntropy(vector('logits', 1, 3), constant(hostTensor('int32', [1], Int32Array.of(2))))[0] as Tensor;
    expect(evaluateGraph(buildGraph({ losses }), { logits: array([1, 2, 3], [1, 3]) }).get('losses')?.data[0]).toBeCloseTo(0.4076059461, 7);
  });
});

test("micrograd's example: g = 24.7041, dg/da = 138.8338, dg/db = 645.5773", async () => {
  const [a, b] = [input('a', 'float32', []), input('b', 'float32', [])];
  let c = add(a, b);
  let d = add(multiply(a, b), multiply(b, multiply(b, b)));
  c = add(c, add(c, 1));
  c = add(c, add(add(1, c), negate(a)));
  d = add(d, add(multiply(d, 2), relu(add(b, a))));
  d = add(d, add(multiply(3, d), relu(subtract(b, a))));
  const e = subtract(c, d);
  const f = multiply(e, e);
  const g = add(divide(f, 2), divide(10, f));
  const [da, db] = gradients(g, [a, b]) as [Tensor, Tensor];
  const graph = buildGraph({ g, da, db });
  const feeds = { a: array([-4], []), b: array([2], []) };
  for (const results of [evaluateGraph(graph, feeds), await runOnnx(graph, feeds)]) {
    expect(results.get('g')!.data[0]).toBeCloseTo(24.7041, 4);
    expect(results.get('da')!.data[0]).toBeCloseTo(138.8338, 3);
    expect(results.get('db')!.data[0]).toBeCloseTo(645.5773, 3);
  }
});

describe('where a function has an edge', () => {
  test.for([
    [
      'a maximum over an axis shares its gradient among equals, as in PyTorch',
      (x: Tensor) => max(x, { axes: [-1] }),
      [3, 1, 3],
      [0.5, 0, 0.5],
    ],
    ['relu has none at 0, as in PyTorch', relu, [-1, 0, 2], [0, 0, 1]],
    ['the larger of equals gives its gradient once', (x: Tensor) => maximum(x, multiply(x, 1)), [1, 2], [1, 1]],
    [
      'no gradient passes a choice that was not taken, not even an infinite one',
      (x: Tensor) => where(less(x, 1), x, log(subtract(x, 1))),
      [0, 3],
      [1, 0.5],
    ],
  ] as const)('%s', async ([, f, at, expected]) => {
    const [, own, , other] = await slopes(f, at);
    expect(own).toEqual([...expected]);
    expect(other).toEqual([...expected]);
  });
});

/** Steps from a matrix of 2 × 3 to another: smooth where normal numbers may fall. */
const STEPS: readonly ((x: Tensor, y: Tensor) => Tensor)[] = [
  (x, y) => add(x, slice(y, 0, { start: 1, end: 2 })),
  (x, y) => multiply(x, tanh(y)),
  (x, y) => subtract(sum(x, { axes: [1], keep: true }), y),
  (x) => softmax(x),
  (x, y) => divide(x, add(exp(y), 1)),
  (x) => transpose(reshape(transpose(x, [1, 0]), axes('', 3, 2)), [1, 0]),
  (x, y) => slice(concat([x, y], 0), 0, { start: 1, end: 3 }),
  (x, y) => add(multiply(concat([slice(x, 1, { start: 2, end: 3 }), slice(x, 1, { start: 0, end: 2 })], 1), y), x),
  (x) => expand(mean(x, { axes: [0], keep: true }), axes('', 2, 3)),
  (x) => multiply(sigmoid(x), x),
  (x, y) => where(less(x, y), multiply(x, 2), y),
  (x, y) => minimum(x, maximum(y, negate(x))),
  (x) => gather(x, constant(hostTensor('int32', [2], Int32Array.of(1, 1)))),
  (x) => logSoftmax(multiply(x, 0.5)),
  (x) => sqrt(add(multiply(x, x), 1)),
  (x) => reciprocal(add(exp(negate(x)), 0.5)),
];

test('random expressions: by finite differences', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(STEPS.length - 1), fc.nat(1000)), { minLength: 2, maxLength: 8 }), fc.nat(1000), (steps, seed) => {
      const [x, y] = [vector('x', 2, 3), vector('y', 2, 3)];
      const made = [x, y];
      for (const [step, other] of steps) made.push(STEPS[step]!(made.at(-1)!, made[other % made.length]!));
      const loss = sum(multiply(made.at(-1)!, constant(hostTensor('float32', [3], Float32Array.of(0.5, -1, 2)))));
      const graph = buildGraph({ loss });
      const random = createRandom(seed);
      const feeds = { x: fill('float32', [2, 3], () => random.normal()), y: fill('float32', [2, 3], () => random.normal()) };
      for (const name of ['x', 'y'] as const) {
        if (!graph.inputs.some(({ attributes }) => attributes.name === name)) continue;
        const [gradient] = gradients(loss, [{ x, y }[name]]) as [Tensor];
        const own = evaluateGraph(buildGraph({ gradient }), feeds).get('gradient');
        expect(relativeError(own, finiteDifferences(graph, feeds, name))).toBeLessThan(1e-4);
      }
    }),
    { numRuns: 60, seed: 7 },
  );
});

describe('by what', () => {
  const x = vector('x', 3);

  test('by something on the way', () => {
    const y = exp(x);
    const [dy] = gradients(sum(multiply(y, y)), [y]) as [Tensor];
    expect([...evaluateGraph(buildGraph({ dy }), { x: array([0, 0, 0]) }).get('dy')!.data]).toEqual([2, 2, 2]);
  });

  test('by several at once, one of them on the way to another', () => {
    const y = multiply(x, 3);
    const [dx, dy] = gradients(sum(multiply(y, y)), [x, y]) as [Tensor, Tensor];
    const results = evaluateGraph(buildGraph({ dx, dy }), { x: array([1, 2, 3]) });
    expect([...results.get('dx')!.data]).toEqual([18, 36, 54]);
    expect([...results.get('dy')!.data]).toEqual([6, 12, 18]);
  });

  test('by an input that was called for twice', () => {
    const [dx] = gradients(sum(multiply(x, vector('x', 3))), [vector('x', 3)]) as [Tensor];
    expect([...evaluateGraph(buildGraph({ dx }), { x: array([1, 2, 3]) }).get('dx')!.data]).toEqual([2, 4, 6]);
  });

  test('by itself', () => {
    const loss = sum(x);
    const [own] = gradients(loss, [loss]) as [Tensor];
    expect([...evaluateGraph(buildGraph({ own }), {}).get('own')!.data]).toEqual([1]);
  });

  test('a gradient has the shape of its tensor, with its axis letters', () => {
    const w = input('w', 'float32', axes('C', 4));
    const [dw] = gradients(sum(add(input('b', 'float32', axes('B T C', 2, 3, 4)), w)), [w]) as [Tensor];
    expect(dw.shape).toEqual(axes('C', 4));
  });

  test('a gradient of a gradient', () => {
    const [dx] = gradients(sum(multiply(multiply(x, x), x)), [x]) as [Tensor];
    const [second] = gradients(sum(dx), [x]) as [Tensor];
    expect([...evaluateGraph(buildGraph({ second }), { x: array([1, 2, 3]) }).get('second')!.data]).toEqual([6, 12, 18]);
  });
});

test('a chain of 20,000 nodes is no deep recursion', () => {
  const x = vector('x', 2);
  let y = x;
  for (let depth = 0; depth < 20_000; depth++) y = depth % 2 === 0 ? negate(y) : multiply(y, 1);
  const [dx] = gradients(sum(y), [x]) as [Tensor];
  expect([...evaluateGraph(buildGraph({ dx }), {}).get('dx')!.data]).toEqual([1, 1]);
});

describe('is refused:', () => {
  const x = named(vector('x', 2, 3), 'x');
  const ids = input('ids', 'int32', axes('N', 2));
  const [w, b] = [vector('w', 3), vector('b', 3)];
  const heads = vector('heads', 1, 2, 3, 4);
  const cache = {
    queries: vector('q', 1, 1, 8),
    keys: vector('k', 1, 1, 8),
    values: vector('v', 1, 1, 8),
    pastKeys: vector('pk', 1, 1, 4, 8),
    pastValues: vector('pv', 1, 1, 4, 8),
    lastPositions: input('last', 'int32', axes('B', 1)),
    totalLength: input('total', 'int32', []),
  };
  const long = input('long', 'float32', axes('T C', 'T', 3));
  test.for([
    ['a loss with axes', () => gradients(x, [x]), 'WEFT_GRADIENT_SCALAR', 'Cannot differentiate as the loss must be a scalar: 2 axes'],
    [
      'a tensor that the loss does not use',
      () => gradients(sum(x), [w]),
      'WEFT_GRADIENT_UNUSED',
      'Cannot differentiate by w as the loss must depend on it',
    ],
    [
      'a tensor that reaches the loss through a comparison alone',
      () => gradients(sum(cast(less(x, 0), 'float32')), [x]),
      'WEFT_GRADIENT_UNUSED',
      'by x',
    ],
    ['ids', () => gradients(sum(gather(x, ids)), [ids]), 'WEFT_GRADIENT_UNUSED', 'by ids'],
    [
      'a mean of layerNorm',
      () => gradients(sum(layerNorm(x, [w, b], 1e-5)[1] as Tensor), [x]),
      'WEFT_GRADIENT_NONE',
      'Cannot differentiate result 1 of layerNorm as only its first result has a gradient',
    ],
    [
      'log-probabilities of crossEntropy',
      () => gradients(add(sum(crossEntropy(x, ids)[0] as Tensor), sum(crossEntropy(x, ids)[1] as Tensor)), [x]),
      'WEFT_GRADIENT_NONE',
      'result 1 of crossEntropy',
    ],
    [
      'probabilities of attention',
      () => gradients(sum(attention([heads, heads, heads], { causal: true, scale: 1 })[1] as Tensor), [heads]),
      'WEFT_GRADIENT_NONE',
      'result 1 of attention',
    ],
    [
      'attention on a cache',
      () => gradients(sum(cachedAttention(cache, { heads: 1, kvHeads: 1, scale: 1 })[0] as Tensor), [cache.queries]),
      'WEFT_GRADIENT_NONE',
      'Cannot differentiate attention on a cache as it has no gradient',
    ],
    [
      'a second derivative of gelu',
      () => gradients(sum(gradients(sum(gelu(x)), [x])[0] as Tensor), [x]),
      'WEFT_GRADIENT_NONE',
      'the gradient of gelu',
    ],
    [
      'a second derivative of the loss',
      () => gradients(sum(gradients(sum(crossEntropy(x, ids)[0] as Tensor), [x])[0] as Tensor), [x]),
      'WEFT_GRADIENT_NONE',
      'the gradient of the cross-entropy',
    ],
    [
      'rows of a table of unknown length',
      () => gradients(sum(gather(long, ids)), [long]),
      'WEFT_GRADIENT_DYNAMIC',
      'Cannot differentiate as its axes must have known sizes: T is T',
    ],
  ] as const)('%s', ([, build, code, message]) => {
    expect(build).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) as string }));
  });
});

describe('a part that is computed again', () => {
  const x = input('x', 'float32', axes('B C', 3, 4));
  const w = parameter('w', axes('C C', 4, 4), { kind: 'constant', value: 1 });
  const part = (y: Tensor): Tensor => tanh(matmul(tanh(matmul(y, w)), w));
  const made = (wrap: <T>(build: () => T) => T): Graph => {
    const y = wrap(() => part(wrap(() => part(multiply(x, 2)))));
    const [dx, dw] = gradients(sum(multiply(y, y)), [x, w]) as [Tensor, Tensor];
    return buildGraph({ dx, dw });
  };
  const random = createRandom(3);
  const feeds = { x: fill('float32', [3, 4], () => random.normal()), w: fill('float32', [4, 4], () => random.normal() / 2) };

  test('has the same gradients to the bit', () => {
    const [kept, again] = [made((build) => build()), made(gradientCheckpoint)];
    expect(again.nodes.length).toBeGreaterThan(kept.nodes.length);
    expect(evaluateGraph(again, feeds)).toEqual(evaluateGraph(kept, feeds));
  });

  test('is read from outside at its result alone', () => {
    const graph = made(gradientCheckpoint);
    const inside = new Set(graph.nodes.filter(({ segment, inputs }) => segment !== undefined && inputs.length > 0));
    const outside = graph.nodes.filter((node) => !inside.has(node));
    const read = new Set(outside.flatMap(({ inputs }) => inputs.map(({ node }) => node)).filter((node) => inside.has(node)));
    expect([...read].map(({ kind }) => kind)).toEqual(['tanh']);
    expect(outside.filter(({ kind }) => kind === 'tanh')).toHaveLength(4);
  });
});
