/** Operations and layers of images against PyTorch's numbers. */

import { describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { torchImages } from '../../test/vectors/torch-images.ts';
import { arrayOf, numbers } from '../../test/vectors/torch-vectors.ts';
import { gradients } from '../autodiff/index.ts';
import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import {
  averagePool2d,
  axes,
  batchNorm,
  buildGraph,
  constant,
  conv2d,
  convTranspose2d,
  input,
  maxPool2d,
  multiply,
  sum,
} from '../graph/index.ts';
import type { Conv2dOptions, ConvTranspose2dOptions, PoolingOptions, Tensor } from '../graph/index.ts';
import { batchNormalization, binaryCrossEntropy, groupNormalization } from './index.ts';

type Operands = Readonly<Record<string, HostTensor>>;
type Named = Readonly<Record<string, Tensor>>;
const T = (x: Named, name: string): Tensor => x[name] as Tensor;

const convolution = (
  salt: number,
  image: readonly number[],
  kernel: readonly number[],
  options: Conv2dOptions,
): readonly [Operands, (x: Named) => Tensor] => [
  { x: numbers(20 + salt, image, { scale: 2 }), w: numbers(30 + salt, kernel), b: numbers(40 + salt, kernel.slice(0, 1)) },
  (x) => conv2d(T(x, 'x'), T(x, 'w'), { ...options, bias: T(x, 'b') }),
];
const transposed = (
  salt: number,
  image: readonly number[],
  kernel: readonly number[],
  options: ConvTranspose2dOptions,
): readonly [Operands, (x: Named) => Tensor] => [
  {
    x: numbers(50 + salt, image, { scale: 2 }),
    w: numbers(60 + salt, kernel),
    b: numbers(70 + salt, [(kernel[1] ?? 0) * (options.groups ?? 1)]),
  },
  (x) => convTranspose2d(T(x, 'x'), T(x, 'w'), { ...options, bias: T(x, 'b') }),
];
const pixels = { x: numbers(80, [2, 2, 6, 6], { scale: 2 }) };
const ties = {
  x: hostTensor(
    'float32',
    [1, 2, 5, 5],
    Float32Array.from({ length: 50 }, (_, index) => (index * 7) % 3),
  ),
};
const pooled =
  (pool: typeof maxPool2d, options: PoolingOptions) =>
  (x: Named): Tensor =>
    pool(T(x, 'x'), options);
const weights = { w: numbers(2, [4], { shift: 1 }), b: numbers(3, [4]) };
const normed = (shape: readonly number[]): Operands => ({ x: numbers(81, shape, { scale: 3 }), ...weights });
const normalised = (x: Named): Tensor => batchNorm(T(x, 'x'), [T(x, 'w'), T(x, 'b')], 1e-5)[0] as Tensor;

const CASES: Readonly<Record<string, readonly [Operands, (x: Named) => Tensor]>> = {
  'conv2d, padded': convolution(0, [2, 3, 6, 5], [4, 3, 3, 3], { padding: 1 }),
  'conv2d, stride, dilation, unequal padding': convolution(1, [2, 2, 7, 8], [3, 2, 2, 3], {
    stride: [2, 1],
    dilation: [1, 2],
    padding: [0, 2],
  }),
  'conv2d, groups and stride': convolution(2, [2, 4, 6, 6], [6, 2, 3, 3], { stride: 2, padding: 1, groups: 2 }),
  'conv2d, rows left over': convolution(3, [1, 2, 8, 8], [2, 2, 3, 3], { stride: 2 }),
  'convTranspose2d, to twice the size': transposed(0, [2, 3, 4, 3], [3, 2, 4, 4], { stride: 2, padding: 1 }),
  'convTranspose2d, outputPadding and dilation': transposed(1, [1, 2, 3, 4], [2, 3, 3, 2], {
    stride: [2, 3],
    padding: 1,
    outputPadding: [1, 2],
    dilation: 2,
  }),
  'convTranspose2d, groups': transposed(2, [2, 4, 3, 3], [4, 2, 3, 3], { groups: 2 }),
  'maxPool2d, side by side': [pixels, pooled(maxPool2d, { kernel: 2 })],
  'maxPool2d, overlapping, padded': [pixels, pooled(maxPool2d, { kernel: 3, stride: 2, padding: 1 })],
  'maxPool2d, side by side, ties': [ties, pooled(maxPool2d, { kernel: 2 })],
  'maxPool2d, overlapping, ties': [ties, pooled(maxPool2d, { kernel: 3, stride: 1, padding: 1 })],
  'averagePool2d, side by side': [pixels, pooled(averagePool2d, { kernel: 2 })],
  'averagePool2d, overlapping, padded': [pixels, pooled(averagePool2d, { kernel: 3, stride: 2, padding: 1 })],
  'batchNorm of vectors': [normed([6, 4]), normalised],
  'batchNorm of images': [normed([3, 4, 2, 3]), normalised],
  groupNorm: [
    { x: numbers(85, [2, 4, 3, 2], { scale: 3 }), 'norm.weight': weights.w, 'norm.bias': weights.b },
    (x) => groupNormalization(T(x, 'x'), { name: 'norm', width: 4, groups: 2 }),
  ],
  'binary cross-entropy': [
    { x: numbers(86, [40], { scale: 60 }), t: numbers(87, [40], { shift: 0.5 }) },
    (x) => binaryCrossEntropy(T(x, 'x'), T(x, 't')),
  ],
};

const { cases } = torchImages();
const caseOf = (name: string): (typeof cases)[number] => cases.find((each) => each.name === name) as (typeof cases)[number];

/** The requirement's tolerances: values to 1e-5, gradients to 1e-4 of the largest one. */
function expectClose(actual: NdArray | undefined, expected: NdArray, what: string): void {
  expect(actual?.shape, what).toEqual(expected.shape);
  const largest = Math.max(...expected.data.map(Math.abs));
  const tolerance = what === 'result' ? 1e-5 : 1e-4 * largest;
  const worst = Math.max(...expected.data.map((value, index) => Math.abs(value - (actual?.data[index] ?? NaN))));
  expect(worst, what).toBeLessThanOrEqual(tolerance);
}

test('every operation has its case', () => {
  expect(cases.map(({ name }) => name).filter((name) => !name.includes('running'))).toEqual(Object.keys(CASES));
});

describe.for(Object.entries(CASES))('%s', ([name, [operands, build]]) => {
  const vector = caseOf(name);
  const x = Object.fromEntries(Object.entries(operands).map(([key, { dtype, shape }]) => [key, input(key, dtype, axes('', ...shape))]));
  const result = build(x);
  const fixed = constant(
    numbers(
      99,
      result.shape.map(({ size }) => Number(size)),
    ),
  );
  // Parameters of layers are found by their names.
  const { inputs } = buildGraph({ result });
  const by = Object.keys(vector.gradients).map((key) => {
    const node = inputs.find(({ attributes }) => attributes.name === key || attributes.name === { w: 'norm.weight', b: 'norm.bias' }[key]);
    if (node === undefined) throw new RangeError(key);
    return { node, index: 0, dtype: node.attributes.dtype, shape: node.attributes.shape };
  });
  const made = gradients(sum(multiply(result, fixed)), by);
  const graph = buildGraph({
    result,
    ...Object.fromEntries(Object.keys(vector.gradients).map((key, index) => [`by ${key}`, made[index] as Tensor])),
  });
  const feeds = Object.fromEntries(Object.entries(operands).map(([key, tensor]) => [key, fromHost(tensor)]));

  test.for([
    ['the interpreter', async () => evaluateGraph(graph, feeds)],
    ['ONNX Runtime', async () => runOnnx(graph, feeds)],
  ] as const)('by %s', async ([, run]) => {
    const actual = await run();
    expectClose(actual.get('result'), arrayOf(vector.result), 'result');
    for (const [key, plain] of Object.entries(vector.gradients)) expectClose(actual.get(`by ${key}`), arrayOf(plain), `by ${key}`);
  });
});

describe.for([
  ['vectors', [6, 4]],
  ['images', [3, 4, 2, 3]],
] as const)('batch normalisation of %s', ([name, shape]) => {
  const x = input('x', 'float32', axes('', ...shape));
  const layer = (training: boolean, updates: Map<string, Tensor>): Tensor =>
    batchNormalization(x, { name: 'norm', width: 4 }, { training, updates });
  const vector = (value: number): NdArray => ({ dtype: 'float32', shape: [4], data: new Float64Array(4).fill(value) });

  test('carries running statistics from batch to batch, which inference uses', async () => {
    const updates = new Map<string, Tensor>();
    const y = layer(true, updates);
    const training = buildGraph({ y, ...Object.fromEntries([...updates].map(([key, tensor]) => [`next:${key}`, tensor])) });
    const affine = { 'norm.weight': fromHost(weights.w), 'norm.bias': fromHost(weights.b) };
    let states: Record<string, NdArray> = { 'norm.runningMean': vector(0), 'norm.runningVariance': vector(1) };
    for (const salt of [82, 83, 84]) {
      const next = await runOnnx(training, { ...affine, ...states, x: fromHost(numbers(salt, shape, { scale: 3, shift: 1 })) });
      states = Object.fromEntries(Object.keys(states).map((key) => [key, next.get(`next:${key}`) as NdArray]));
    }
    const statistics = Float64Array.from(Object.values(states).flatMap(({ data }) => [...data]));
    expectClose(
      { dtype: 'float32', shape: [8], data: statistics },
      arrayOf(caseOf(`running statistics of ${name} after three batches`).result),
      'result',
    );

    const byRunning = caseOf(`batchNorm of ${name} by running statistics`);
    const inference = layer(false, new Map());
    const fixed = constant(numbers(99, shape));
    const graph = buildGraph({ result: inference, 'by x': gradients(sum(multiply(inference, fixed)), [x])[0] as Tensor });
    const actual = await runOnnx(graph, { ...affine, ...states, x: fromHost(numbers(81, shape, { scale: 3 })) });
    expectClose(actual.get('result'), arrayOf(byRunning.result), 'result');
    expectClose(actual.get('by x'), arrayOf(byRunning.gradients['x'] as (typeof byRunning)['result']), 'by x');
  });

  test('refuses a batch of one in training', () => {
    expect(() => batchNormalization(input('one', 'float32', axes('B C', 1, 4)), { name: 'norm', width: 4 }, { training: true })).toThrow(
      expect.objectContaining({ code: 'WEFT_NN_BATCH' }),
    );
  });
});
