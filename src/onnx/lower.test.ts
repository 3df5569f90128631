/** From graphs to models: names, initializers, outputs, axes of unknown size, and random shapes on ONNX Runtime. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { checkOp, failures } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill } from '../../test/oracle/nd-array.ts';
import { normal, opCase } from '../../test/oracle/op-case.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { gradients } from '../autodiff/index.ts';
import { hostTensor } from '../core/index.ts';
import {
  add,
  axes,
  buildGraph,
  concat,
  constant,
  divide,
  exp,
  expand,
  input,
  layerNorm,
  matmul,
  maximum,
  mean,
  multiply,
  parameter,
  reshape,
  rmsNorm,
  softmax,
  subtract,
  sum,
  transpose,
} from '../graph/index.ts';
import type { Shape, Tensor } from '../graph/index.ts';
import { CPU_LOWERING, decodeModel, encodeModel, lowerGraph } from './index.ts';
import type { LoweringTable, OnnxModel } from './index.ts';

const x = input('x', 'float32', axes('T C', 2, 3));
const weight = (): Tensor => parameter('w', axes('C C', 3, 3), { kind: 'constant', value: 0 });
const lower = (outputs: Readonly<Record<string, Tensor>>, options?: Parameters<typeof lowerGraph>[1]): OnnxModel =>
  lowerGraph(buildGraph(outputs), options);
const operators = (model: OnnxModel): readonly string[] => model.graph.nodes.map(({ opType }) => opType);
const NUMBERS = hostTensor(
  'float32',
  [3, 3],
  Float32Array.from({ length: 9 }, (_, index) => index - 4),
);

describe('weights', () => {
  test('are inputs unless they are given', () => {
    const { graph } = lower({ y: matmul(x, weight()) });
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'w']);
    expect(graph.initializers).toEqual([]);
  });

  test('are initializers with their bytes inside the model', () => {
    const { graph } = lower({ y: matmul(x, weight()) }, { weights: new Map([['w', NUMBERS]]) });
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(graph.initializers).toMatchObject([{ name: 'w', dataType: 1, dims: [3, 3] }]);
    expect(new Float32Array(graph.initializers[0]!.rawData!.slice().buffer)).toEqual(NUMBERS.data);
  });

  test('are initializers that only say where they are', () => {
    const { graph } = lower({ y: matmul(x, weight()) }, { weights: new Map([['w', NUMBERS]]), weightStorage: 'outside' });
    expect(graph.initializers).toMatchObject([{ name: 'w', external: { location: 'weights', offset: 0, length: 36 } }]);
    expect(graph.initializers[0]?.rawData).toBeUndefined();
  });

  test('constants stay inside when weights are outside', () => {
    const { graph } = lower({ y: matmul(multiply(x, 3), weight()) }, { weights: new Map([['w', NUMBERS]]), weightStorage: 'outside' });
    expect(graph.initializers.map(({ name, external }) => [name === 'w', external === undefined])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  test('feeds of the same name as a given weight stay inputs', () => {
    const { graph } = lower({ y: exp(x) }, { weights: new Map([['x', hostTensor('float32', [2, 3])]]) });
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
  });
});

describe('outputs', () => {
  test('bear their names', async () => {
    const y = exp(x);
    const graph = buildGraph({
      first: y,
      second: y,
      same: x,
      three: constant(hostTensor('float32', [1], Float32Array.of(3))),
      end: softmax(y),
    });
    const model = lowerGraph(graph);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['first', 'second', 'same', 'three', 'end']);
    expect(operators(model)).toEqual(['Exp', 'Softmax', 'Identity', 'Identity', 'Identity']);
    const feeds = { x: fill('float32', [2, 3], ([t = 0, c = 0]) => t - c) };
    const [expected, actual] = [evaluateGraph(graph, feeds), await runOnnx(graph, feeds)];
    for (const [name, { data }] of expected)
      for (const [index, value] of data.entries()) expect(actual.get(name)?.data[index]).toBeCloseTo(value, 5);
  });

  test('of one node with several results: only those that are asked for', () => {
    const [y, , inverse] = layerNorm(x, [parameter('g', axes('C', 3), { kind: 'constant', value: 1 })], 1e-5) as [Tensor, Tensor, Tensor];
    expect(lower({ y }).graph.nodes[0]?.outputs).toEqual(['y']);
    expect(lower({ y, inverse }).graph.nodes[0]?.outputs).toEqual(['y', expect.any(String), 'inverse']);
    const [, root] = rmsNorm(x, parameter('g', axes('C', 3), { kind: 'constant', value: 1 }), 1e-5) as [Tensor, Tensor];
    expect(lower({ root }).graph.nodes[0]?.outputs).toEqual([expect.any(String), 'root']);
  });
});

describe('names', () => {
  test.for([
    [
      'two inputs of one name',
      () => add(exp(x), sum(input('x', 'float32', axes('C', 3)))),
      'y',
      'two different inputs have the same name: x',
    ],
    ['an input and an output of one name', () => exp(x), 'x', 'an input and an output have the same name: x'],
  ] as const)('%s are refused', ([, build, name, message]) => {
    expect(() => lower({ [name]: build() })).toThrow(
      expect.objectContaining({ code: 'WEFT_ONNX_NAME', message: `Cannot write the model as ${message}` }),
    );
  });

  test('each value is written once and before it is read', () => {
    const heads = reshape(x, axes('B H T D', 1, 1, 2, 3));
    const model = lower({ y: add(softmax(multiply(heads, 2)), exp(multiply(heads, 2))), z: mean(heads) });
    const known = new Set([...model.graph.inputs, ...model.graph.initializers].map(({ name }) => name));
    for (const { inputs, outputs } of model.graph.nodes) {
      for (const name of inputs) expect(known.has(name), name).toBe(true);
      for (const name of outputs) {
        expect(known.has(name), name).toBe(false);
        known.add(name);
      }
    }
  });
});

test('small equal constants are written once', () => {
  const { graph } = lower({ y: add(multiply(x, 2), multiply(exp(x), 2)), z: reshape(x, axes('', 6)), w: reshape(exp(x), axes('', 6)) });
  expect(graph.initializers).toHaveLength(2);
});

test('the model survives its bytes', () => {
  const model = lower({ y: matmul(exp(x), weight(), { transposeB: true, alpha: 0.5 }) }, { weights: new Map([['w', NUMBERS]]) });
  expect(decodeModel(encodeModel(model)).graph.nodes).toEqual(model.graph.nodes);
  expect(model).toMatchObject({
    irVersion: 10,
    opsets: [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ],
  });
});

test('another table lowers for another device', () => {
  const table: LoweringTable = {
    ...CPU_LOWERING,
    exp: (c) => void c.emit('Pow', [c.constant(hostTensor('float32', [], Float32Array.of(Math.E))), c.in(0)], { outputs: [c.out(0)] }),
  };
  expect(operators(lower({ y: exp(x) }, { table }))).toEqual(['Pow']);
});

describe('axes of unknown size', () => {
  const ids = (names: string, ...sizes: readonly (number | string)[]): Tensor => input('x', 'float32', axes(names, ...sizes));
  const heads = (tensor: Tensor, last: Shape): Tensor => reshape(tensor, [...tensor.shape.slice(0, 2), ...last]);
  test.for([
    [
      'element by element',
      ids('B T', 'B', 'T'),
      (t: Tensor) => multiply(t, exp(t)),
      [
        [2, 3],
        [1, 5],
      ],
    ],
    [
      'stretched',
      ids('B T C', 'B', 'T', 4),
      (t: Tensor) => add(t, mean(t, { axes: [2], keep: true })),
      [
        [2, 3, 4],
        [1, 1, 4],
      ],
    ],
    [
      'split into heads and back',
      ids('B T C', 'B', 'T', 6),
      (t: Tensor) => heads(transpose(transpose(heads(t, axes('H D', 2, 3)), [0, 2, 1, 3]), [0, 2, 1, 3]), axes('C', 6)),
      [
        [2, 3, 6],
        [4, 1, 6],
      ],
    ],
    [
      'as rows',
      ids('B T C', 'B', 'T', 6),
      (t: Tensor) => softmax(reshape(t, axes('N C', 'B·T', 6))),
      [
        [2, 3, 6],
        [1, 1, 6],
      ],
    ],
    [
      'summed over',
      ids('B T', 'B', 'T'),
      (t: Tensor) => sum(t, { axes: [1] }),
      [
        [2, 3],
        [3, 1],
      ],
    ],
    [
      'joined',
      ids('T C', 'T', 2),
      (t: Tensor) => concat([t, constant(hostTensor('float32', [1, 2]))], 0),
      [
        [3, 2],
        [1, 2],
      ],
    ],
    [
      'in a product',
      ids('T C', 'T', 3),
      (t: Tensor) => matmul(t, constant(NUMBERS)),
      [
        [4, 3],
        [1, 3],
      ],
    ],
    ['expanded in front', ids('T', 'T'), (t: Tensor) => expand(t, axes('B T', 2, 'T')), [[4], [1]]],
  ] as const)('%s', async ([, tensor, build, shapes]) => {
    const graph = buildGraph({ y: build(tensor) });
    for (const shape of shapes) {
      const feeds = { x: fill('float32', shape, (at) => Math.fround(Math.sin(at.reduce((total, index) => total * 3 + index, 1)))) };
      const [expected, actual] = [evaluateGraph(graph, feeds).get('y'), (await runOnnx(graph, feeds)).get('y')];
      expect(actual?.shape).toEqual(expected?.shape);
      for (const [index, value] of expected!.data.entries()) expect(actual?.data[index]).toBeCloseTo(value, 5);
    }
  });

  test.for([
    [
      'an expansion to a size that no operand has',
      () => expand(input('x', 'float32', axes('T', 1)), axes('B T', 'B', 1)),
      'Cannot expand to B T = B 1 as the size B is known at run time only, and the operand does not have it',
    ],
    [
      'a reshape to two sizes that are to be found',
      () => reshape(input('x', 'float32', axes('N C', 'B·T', 6)), axes('B T C', 'B', 'T', 6)),
      'Cannot reshape to B T C = B T 6 as at most one size can be found at run time: B, T',
    ],
  ] as const)('%s is refused', ([, build, message]) => {
    expect(() => lower({ y: build() })).toThrow(expect.objectContaining({ code: 'WEFT_ONNX_DYNAMIC', message }));
  });
});

/** A shape of up to four axes, and two that broadcast to it. */
const broadcasting = fc
  .array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 })
  .chain((shape) =>
    fc.tuple(fc.constant(shape), fc.nat(shape.length), fc.nat(shape.length), fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })),
  )
  .map(([shape, dropA, dropB, ones]) => {
    const one = (drop: number, from: number): readonly number[] =>
      shape.slice(drop).map((size, axis) => (ones[from + axis] === true ? 1 : size));
    return [one(dropA, 0), one(dropB, 4)] as const;
  });

describe('random shapes: value and gradient, on ONNX Runtime', () => {
  const OPS: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
    add,
    subtract,
    multiply,
    (a, b) => divide(a, add(multiply(b, b), 1)),
    maximum,
  ];

  test('broadcasting', async () => {
    await fc.assert(
      fc.asyncProperty(broadcasting, fc.nat(OPS.length - 1), async ([a, b], op) => {
        const each = opCase('random', { a: normal(...a), b: normal(...b) }, ({ a, b }) => OPS[op]!(a, b));
        expect(failures([...(await checkOp(each)), ...(await checkOp(each, runOnnx))])).toEqual([]);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  test('products', async () => {
    const size = fc.integer({ min: 1, max: 5 });
    await fc.assert(
      fc.asyncProperty(
        broadcasting,
        fc.tuple(size, size, size),
        fc.boolean(),
        fc.boolean(),
        async ([left, right], [m, k, n], transposeA, transposeB) => {
          const [batchA, batchB] = [left.slice(-2), right.slice(-2)];
          const a = normal(...batchA, ...(transposeA ? [k, m] : [m, k]));
          const b = normal(...batchB, ...(transposeB ? [n, k] : [k, n]));
          const each = opCase('random', { a, b }, ({ a, b }) => matmul(a, b, { transposeA, transposeB }));
          expect(failures(await checkOp(each, runOnnx))).toEqual([]);
        },
      ),
      { numRuns: 80, seed: 4 },
    );
  });
});

test('a chain of 5,000 operations and its gradient', async () => {
  let y: Tensor = x;
  for (let depth = 0; depth < 5_000; depth++) y = add(multiply(y, depth % 2 === 0 ? 0.5 : 2), 0.25);
  const [dx] = gradients(sum(y), [x]) as [Tensor];
  expect((await runOnnx(buildGraph({ dx }), {})).get('dx')?.data).toEqual(new Float64Array(6).fill(1));
});
