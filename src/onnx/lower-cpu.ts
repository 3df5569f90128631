/**
 * Lowering for the CPU: each kind of operation as operators that ONNX Runtime's CPU provider has, opset 21.
 *
 * com.microsoft operators: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */

import { UsageError } from '../core/index.ts';
import type { DType } from '../core/index.ts';
import { formatShape } from '../graph/index.ts';
import type { Node, OpKind, Shape } from '../graph/index.ts';
import { lowerAttention } from './attention.ts';
import { lowerBlockMatmul, lowerDequantizeBlocks } from './blocks.ts';
import { lowerCachedAttention } from './cached-attention.ts';
import { lowerAveragePool, lowerBatchNorm, lowerConvolution, lowerMaxPool, lowerMaxPoolGradient } from './images.ts';
import { lowerScatterRows, lowerSum, lowerSumOfSquares, reduce } from './sums.ts';
import { ONNX_DTYPE, int64Vector, number, reshapeTo, scalarTensor } from './emitter.ts';
import type { AttributeValue, LoweringContext, LoweringRule } from './emitter.ts';

/** Lowering rules of a device. An operation without one does not compile. */
export type LoweringTable = { readonly [K in OpKind]: LoweringRule<Node<K>> };

/** A kind that is one operator with the same operands. */
function direct(
  opType: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
  domain: '' | 'com.microsoft' = '',
): LoweringRule<Node> {
  return (c) => {
    c.emit(
      opType,
      Array.from({ length: c.arity }, (_, index) => c.in(index)),
      { outputs: [c.out(0)], attributes, domain },
    );
  };
}

/** A shape as Reshape's operand: 0 copies the axis at the same place, -1 is inferred. */
function reshapeTarget(from: Shape, to: Shape): readonly number[] {
  const target = to.map(({ size }, index) => (typeof size === 'number' ? size : from[index]?.size === size ? 0 : -1));
  const unknown = to.filter((_, index) => target[index] === -1);
  if (unknown.length > 1)
    throw dynamicError(
      `reshape to ${formatShape(to)}`,
      'at most one size can be found at run time',
      unknown.map(({ size }) => size).join(', '),
    );
  return target;
}

/** A shape as Expand's operand: 1 keeps what the operand has. */
function expandTarget(from: Shape, to: Shape): readonly number[] {
  return to.map(({ size }, index) => {
    if (typeof size === 'number') return size;
    if (from[index - to.length + from.length]?.size !== size)
      throw dynamicError(`expand to ${formatShape(to)}`, `the size ${size} is known at run time only, and the operand does not have it`);
    return 1;
  });
}

function dynamicError(action: string, rule: string, value?: string): UsageError {
  return new UsageError({
    code: 'WEFT_ONNX_DYNAMIC',
    action,
    rule,
    ...(value === undefined ? {} : { value }),
    remedy: 'Give numbers for the other axes.',
  });
}

/** Index operand (N 1) of targets, negative ones as 0, and 1 where a target counts, 0 where it does not. */
function targetsOf(c: LoweringContext, targets: string, dtype: DType): readonly [index: string, kept: string] {
  const zero = c.constant(scalarTensor(0, dtype));
  const index = c.emit('Unsqueeze', [c.emit('Max', [targets, zero]), c.constant(int64Vector([1]))]);
  const kept = c.emit('Cast', [c.emit('GreaterOrEqual', [targets, zero])], { attributes: { to: ONNX_DTYPE.float32 } });
  return [index, kept];
}

/**
 * `AᵀB` of two tall matrices, the gradient of a weight. The kernel reads a transposed left side slowly (2048 rows: 8.5 ms
 * against 7.6 for the plain product), so the narrower operand is transposed first, and with it the result where need be;
 * of two as narrow the right one, the input that several weights may share.
 */
function tallProduct(c: LoweringContext): void {
  const [left, right] = [Number(c.x(0).shape[1]?.size), Number(c.x(1).shape[1]?.size)];
  const turn = (value: string, outputs?: readonly string[]): string =>
    c.emit('Transpose', [value], { attributes: { perm: [1, 0] }, ...(outputs === undefined ? {} : { outputs }) });
  const slow = (a: string, b: string, outputs?: readonly string[]): string =>
    c.emit('FusedMatMul', [a, b], { attributes: { transA: 1 }, domain: 'com.microsoft', ...(outputs === undefined ? {} : { outputs }) });
  if (right <= left && sameBits(right, left)) turn(c.emit('MatMul', [turn(c.in(1)), c.in(0)]), [c.out(0)]);
  else if (left < right && sameBits(left, right)) c.emit('MatMul', [turn(c.in(0)), c.in(1)], { outputs: [c.out(0)] });
  else if (sameBits(left, right)) slow(c.in(0), c.in(1), [c.out(0)]);
  else turn(slow(c.in(1), c.in(0)), [c.out(0)]);
}

/**
 * Whether a product of so many rows and columns has the same bits with any number of threads (to 8). MLAS cuts the longer
 * side among threads in blocks of 16, and sums over K in longer strides where a thread has 64 columns or fewer.
 */
function sameBits(rows: number, columns: number): boolean {
  return rows >= columns || columns >= 8 * 80;
}

/** The rules for the CPU. */
export const CPU_LOWERING: LoweringTable = {
  input: () => undefined,
  constant: () => undefined,
  negate: direct('Neg'),
  exp: direct('Exp'),
  log: direct('Log'),
  sqrt: direct('Sqrt'),
  reciprocal: direct('Reciprocal'),
  abs: direct('Abs'),
  tanh: direct('Tanh'),
  sigmoid: direct('Sigmoid'),
  erf: direct('Erf'),
  relu: direct('Relu'),
  gelu: (c, { attributes: { form } }) => {
    c.emit('Gelu', [c.in(0)], { outputs: [c.out(0)], attributes: { approximate: form === 'erf' ? 'none' : 'tanh' } });
  },
  silu: direct('QuickGelu', { alpha: { float: 1 } }, 'com.microsoft'),
  cast: (c, { attributes: { to } }) => {
    c.emit('Cast', [c.in(0)], { outputs: [c.out(0)], attributes: { to: ONNX_DTYPE[to] } });
  },
  add: direct('Add'),
  subtract: direct('Sub'),
  multiply: direct('Mul'),
  divide: direct('Div'),
  maximum: direct('Max'),
  minimum: direct('Min'),
  less: direct('Less'),
  equal: direct('Equal'),
  where: direct('Where'),
  reshape: (c, { attributes: { shape } }) => {
    c.emit('Reshape', [c.in(0), c.constant(int64Vector(reshapeTarget(c.x(0).shape, shape)))], { outputs: [c.out(0)] });
  },
  expand: (c, { attributes: { shape } }) => {
    c.emit('Expand', [c.in(0), c.constant(int64Vector(expandTarget(c.x(0).shape, shape)))], { outputs: [c.out(0)] });
  },
  transpose: (c, { attributes: { permutation } }) => {
    c.emit('Transpose', [c.in(0)], { outputs: [c.out(0)], attributes: { perm: permutation } });
  },
  slice: (c, { attributes: { axis, start, end } }) => {
    c.emit('Slice', [c.in(0), ...[start, end, axis].map((value) => c.constant(int64Vector([value])))], { outputs: [c.out(0)] });
  },
  pad: (c, { attributes: { axis, before, after } }) => {
    c.emit(
      'Pad',
      [c.in(0), c.constant(int64Vector([before, after])), c.constant(scalarTensor(0, c.x(0).dtype)), c.constant(int64Vector([axis]))],
      { outputs: [c.out(0)] },
    );
  },
  concat: (c, { attributes: { axis } }) => {
    c.emit(
      'Concat',
      Array.from({ length: c.arity }, (_, index) => c.in(index)),
      { outputs: [c.out(0)], attributes: { axis } },
    );
  },
  sum: lowerSum,
  max: (c, node) => {
    reduce(c, node, 'ReduceMax');
  },
  sumOfSquares: lowerSumOfSquares,
  matmul: (c, { attributes }) => {
    const { transposeA, transposeB, alpha } = attributes;
    const tall = transposeA && !transposeB && alpha === 1 && c.x(0).shape.length === 2 && c.x(1).shape.length === 2;
    if (tall) {
      tallProduct(c);
      return;
    }
    if (!transposeA && !transposeB && alpha === 1) {
      c.emit('MatMul', [c.in(0), c.in(1)], { outputs: [c.out(0)] });
      return;
    }
    c.emit('FusedMatMul', [c.in(0), c.in(1)], {
      outputs: [c.out(0)],
      attributes: { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, alpha: { float: alpha } },
      domain: 'com.microsoft',
    });
  },
  blockMatmul: lowerBlockMatmul,
  dequantizeBlocks: lowerDequantizeBlocks,
  gather: direct('Gather', { axis: 0 }),
  scatterRows: lowerScatterRows,
  softmax: direct('Softmax', { axis: -1 }),
  logSoftmax: direct('LogSoftmax', { axis: -1 }),
  layerNorm: (c, { attributes: { epsilon } }) => {
    const outputs = [c.out(0), ...(c.used(1) || c.used(2) ? [c.out(1), c.out(2)] : [])];
    c.emit(
      'LayerNormalization',
      Array.from({ length: c.arity }, (_, index) => c.in(index)),
      { outputs, attributes: { axis: -1, epsilon: { float: epsilon } } },
    );
  },
  rmsNorm: (c, { attributes: { epsilon } }) => {
    const outputs = [c.out(0), ...(c.used(1) ? [c.out(1)] : [])];
    c.emit('SimplifiedLayerNormalization', [c.in(0), c.in(1)], { outputs, attributes: { axis: -1, epsilon: { float: epsilon } } });
  },
  rotary: (c, { attributes: { inverse } }) => {
    const sin = inverse ? c.emit('Neg', [c.in(2)]) : c.in(2);
    c.emit('RotaryEmbedding', [c.in(0), c.constant(int64Vector([0])), c.in(1), sin], {
      outputs: [c.out(0)],
      attributes: { interleaved: 0 },
      domain: 'com.microsoft',
    });
  },
  attention: lowerAttention,
  cachedAttention: lowerCachedAttention,
  crossEntropy: (c) => {
    const logProbabilities = c.out(1);
    c.emit('LogSoftmax', [c.in(0)], { outputs: [logProbabilities], attributes: { axis: -1 } });
    const [index, kept] = targetsOf(c, c.in(1), c.x(1).dtype);
    const chosen = reshapeTo(c, c.emit('GatherElements', [logProbabilities, index], { attributes: { axis: 1 } }), [-1]);
    c.emit('Mul', [c.emit('Neg', [chosen]), kept], { outputs: [c.out(0)] });
  },
  crossEntropyGradient: (c) => {
    // (softmax - one-hot)·g, rows without a target 0.
    const [index, kept] = targetsOf(c, c.in(1), c.x(1).dtype);
    const weight = c.emit('Unsqueeze', [c.emit('Mul', [c.in(2), kept]), c.constant(int64Vector([1]))]);
    const scaled = c.emit('Mul', [c.emit('Exp', [c.in(0)]), weight]);
    c.emit('ScatterElements', [scaled, index, c.emit('Neg', [weight])], { outputs: [c.out(0)], attributes: { axis: 1, reduction: 'add' } });
  },
  conv2d: lowerConvolution('Conv'),
  convTranspose2d: lowerConvolution('ConvTranspose'),
  maxPool2d: lowerMaxPool,
  averagePool2d: lowerAveragePool,
  batchNorm: lowerBatchNorm,
  maxPool2dGradient: lowerMaxPoolGradient,
  geluGradient: (c, { attributes: { form } }) => {
    const [x, g] = [c.in(0), c.in(1)];
    if (form === 'erf') {
      // Φ(x) + x·φ(x), Φ = ½(1 + erf u) by HardSigmoid in one pass, x·φ = u·e^(ln(1/√π) - u²), u = x/√2
      const u = c.emit('Mul', [x, number(c, Math.SQRT1_2)]);
      const bell = c.emit('Exp', [c.emit('Sub', [number(c, -Math.log(Math.PI) / 2), c.emit('Mul', [u, u])])]);
      const phi = c.emit('HardSigmoid', [c.emit('Erf', [u])], { attributes: { alpha: { float: 0.5 }, beta: { float: 0.5 } } });
      c.emit('Mul', [c.emit('Add', [phi, c.emit('Mul', [bell, u])]), g], { outputs: [c.out(0)] });
      return;
    }
    const half = c.emit('Mul', [g, number(c, 0.5)]);
    // y = ½x(1 + t), t = tanh(a·x + b·x³): y' = ½(1 + t + x·(1 - t²)·(a + 3b·x²))
    const a = Math.sqrt(2 / Math.PI);
    const square = c.emit('Mul', [x, x]);
    const inner = c.emit('Mul', [x, c.emit('Add', [c.emit('Mul', [square, number(c, 0.044715 * a)]), number(c, a)])]);
    const t = c.emit('Tanh', [inner]);
    const outer = c.emit('Mul', [x, c.emit('Add', [c.emit('Mul', [square, number(c, 3 * 0.044715 * a)]), number(c, a)])]);
    const sech = c.emit('Sub', [number(c, 1), c.emit('Mul', [t, t])]);
    const twice = c.emit('Add', [c.emit('Add', [t, c.emit('Mul', [sech, outer])]), number(c, 1)]);
    c.emit('Mul', [twice, half], { outputs: [c.out(0)] });
  },
  dropoutMask: (c, { attributes: { rate } }) => {
    // A hash of a row's and a column's seed, h² · odd mod 2³², below a threshold with probability `rate`.
    const hash = c.emit('BitwiseXor', [c.in(0), c.in(1)]);
    const mixed = c.emit('Mul', [c.emit('Mul', [hash, hash]), c.constant(scalarTensor(DROPOUT_MULTIPLIER, 'int32'))]);
    const dropped = c.emit('Less', [mixed, c.constant(scalarTensor(dropoutThreshold(rate), 'int32'))]);
    c.emit('Where', [dropped, number(c, 0), number(c, 1 / (1 - rate))], { outputs: [c.out(0)] });
  },
};

/** 2³² divided by the golden ratio, as a signed integer: Knuth, The Art of Computer Programming 6.4. */
export const DROPOUT_MULTIPLIER: number = 0x9e3779b1 | 0;

/** Signed 32-bit integers below this are a share `rate` of all. */
export function dropoutThreshold(rate: number): number {
  return Math.max(-0x8000_0000, Math.min(0x7fff_ffff, Math.round(-0x8000_0000 + rate * 0x1_0000_0000)));
}
