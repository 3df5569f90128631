/** The operations, as functions from tensors to tensors. */

import { hostTensor } from '../core/index.ts';
import type { DType, HostTensor } from '../core/index.ts';
import { axes, axisIndex, staticCount } from './axis.ts';
import type { Axis, Shape } from './axis.ts';
import type { Initializer, OpAttributes, OpKind } from './op-kinds.ts';
import { describe, shapeError } from './shape-error.ts';
import { SHAPE_RULES } from './shape-rules.ts';
import { scopedName } from './tensor.ts';
import type { Node, Tensor } from './tensor.ts';

/** Makes a node of any kind and returns its outputs. The functions below are its readable forms. */
export function operation<K extends OpKind>(kind: K, inputs: readonly Tensor[], attributes: OpAttributes[K]): readonly Tensor[] {
  const outputs = SHAPE_RULES[kind](inputs, attributes);
  const node: Node<K> = { kind, attributes, inputs, outputs, scope: scopedName() };
  return outputs.map((type, index) => ({ node: node as Node, index, dtype: type.dtype, shape: type.shape }));
}

function single<K extends OpKind>(kind: K, inputs: readonly Tensor[], attributes: OpAttributes[K]): Tensor {
  return operation(kind, inputs, attributes)[0] as Tensor;
}

/** A tensor fed at each run, e.g. `input('ids', 'int32', axes('B T', 8, 256))`. */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  return { ...single('input', [], { name, dtype, shape, role: 'feed' }), label: name };
}

/** State that is carried from run to run, such as a moment of an optimizer or a cache. */
export function state(name: string, shape: Shape, dtype: DType = 'float32'): Tensor {
  return { ...single('input', [], { name, dtype, shape, role: 'state' }), label: name };
}

/** A trained weight, float32; its name stands behind the scope. */
export function parameter(name: string, shape: Shape, initializer: Initializer): Tensor {
  const full = scopedName(name);
  return { ...single('input', [], { name: full, dtype: 'float32', shape, role: 'parameter', initializer }), label: full };
}

/** A constant array. */
export function constant(value: HostTensor, names = ''): Tensor {
  return single('constant', [], { value, shape: axes(names, ...value.shape) });
}

/** A constant number. */
export function scalar(value: number, dtype: DType = 'float32'): Tensor {
  const tensor = hostTensor(dtype, []);
  tensor.data[0] = dtype === 'int64' ? BigInt(value) : value;
  return constant(tensor);
}

type Operand = Tensor | number;

/** A number becomes a constant of the other operand's dtype. */
function operands(a: Operand, b: Operand): readonly [Tensor, Tensor] {
  if (typeof a === 'number') return [scalar(a, (b as Tensor).dtype), b as Tensor];
  return [a, typeof b === 'number' ? scalar(b, a.dtype) : b];
}

export const add = (a: Operand, b: Operand): Tensor => single('add', operands(a, b), {});
export const subtract = (a: Operand, b: Operand): Tensor => single('subtract', operands(a, b), {});
export const multiply = (a: Operand, b: Operand): Tensor => single('multiply', operands(a, b), {});
export const divide = (a: Operand, b: Operand): Tensor => single('divide', operands(a, b), {});
export const maximum = (a: Operand, b: Operand): Tensor => single('maximum', operands(a, b), {});
export const minimum = (a: Operand, b: Operand): Tensor => single('minimum', operands(a, b), {});
export const less = (a: Operand, b: Operand): Tensor => single('less', operands(a, b), {});
export const equal = (a: Operand, b: Operand): Tensor => single('equal', operands(a, b), {});
export const where = (condition: Tensor, yes: Tensor, no: Tensor): Tensor => single('where', [condition, yes, no], {});

export const negate = (x: Tensor): Tensor => single('negate', [x], {});
export const exp = (x: Tensor): Tensor => single('exp', [x], {});
export const log = (x: Tensor): Tensor => single('log', [x], {});
export const sqrt = (x: Tensor): Tensor => single('sqrt', [x], {});
export const reciprocal = (x: Tensor): Tensor => single('reciprocal', [x], {});
export const abs = (x: Tensor): Tensor => single('abs', [x], {});
export const tanh = (x: Tensor): Tensor => single('tanh', [x], {});
export const sigmoid = (x: Tensor): Tensor => single('sigmoid', [x], {});
export const erf = (x: Tensor): Tensor => single('erf', [x], {});
export const relu = (x: Tensor): Tensor => single('relu', [x], {});
/** Gaussian error linear unit, `x · Φ(x)` or its tanh approximation. Hendrycks and Gimpel 2016. */
export const gelu = (x: Tensor, form: 'erf' | 'tanh' = 'erf'): Tensor => single('gelu', [x], { form });
/** `x · sigmoid(x)`. Elfwing et al. 2017. */
export const silu = (x: Tensor): Tensor => single('silu', [x], {});
export const cast = (x: Tensor, to: DType): Tensor => (x.dtype === to ? x : single('cast', [x], { to }));

export const reshape = (x: Tensor, shape: Shape): Tensor => single('reshape', [x], { shape });
export const expand = (x: Tensor, shape: Shape): Tensor => single('expand', [x], { shape });
export const transpose = (x: Tensor, permutation: readonly number[]): Tensor => single('transpose', [x], { permutation });
export const slice = (x: Tensor, axis: number, range: { readonly start: number; readonly end: number }): Tensor =>
  single('slice', [x], { axis: axisIndex(x.shape.length, axis), start: range.start, end: range.end });
/** Zeros before and after one axis. */
export const pad = (x: Tensor, axis: number, amount: { readonly before: number; readonly after: number }): Tensor =>
  single('pad', [x], { axis: axisIndex(x.shape.length, axis), before: amount.before, after: amount.after });
export const concat = (parts: readonly Tensor[], axis: number): Tensor =>
  single('concat', parts, { axis: axisIndex(parts[0]?.shape.length ?? 0, axis) });

interface ReduceOptions {
  /** Which axes; default all. */
  readonly axes?: readonly number[];
  /** Keep the reduced axes with size 1; default false. */
  readonly keep?: boolean;
}

export const sum = (x: Tensor, options: ReduceOptions = {}): Tensor => single('sum', [x], reduction(x, options));
export const max = (x: Tensor, options: ReduceOptions = {}): Tensor => single('max', [x], reduction(x, options));
/** Mean over axes of known size. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const total = sum(x, options);
  const count = staticCount(reduction(x, options).axes.map((axis) => x.shape[axis] as Axis));
  if (count === undefined) {
    throw shapeError(
      'WEFT_SHAPE_SIZE',
      {
        action: `take the mean of ${describe(x, 'a tensor')}`,
        rule: 'the axes must have a known size',
        remedy: 'Divide the sum by a count that is fed at run time.',
      },
      [[describe(x, 'x'), x]],
    );
  }
  return multiply(total, 1 / count);
}
/** The sum of the squares of all elements. */
export const sumOfSquares = (x: Tensor): Tensor => single('sumOfSquares', [x], {});

function reduction(x: Tensor, { axes: list, keep = false }: ReduceOptions): { readonly axes: readonly number[]; readonly keep: boolean } {
  return { axes: list?.map((axis) => axisIndex(x.shape.length, axis)) ?? x.shape.map((_, axis) => axis), keep };
}

/** Options of {@link matmul}. */
export interface MatmulOptions {
  /** Swap the last two axes of the left operand first; default false. */
  readonly transposeA?: boolean;
  /** Swap the last two axes of the right operand first; default false. */
  readonly transposeB?: boolean;
  /** A factor on the product; default 1. */
  readonly alpha?: number;
}

/** Matrix product over the last two axes; the axes before them broadcast. */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false, alpha = 1 }: MatmulOptions = {}): Tensor {
  return single('matmul', [a, b], { transposeA, transposeB, alpha });
}

/** Rows of `table` (V C) by `ids` (any shape): ids' shape, then C. */
export const gather = (table: Tensor, ids: Tensor): Tensor => single('gather', [table, ids], {});
/** A table of `rows` zero rows to which each row of `updates` is added at its id. */
export const scatterRows = (updates: Tensor, ids: Tensor, rows: number): Tensor => single('scatterRows', [updates, ids], { rows });

/** Softmax over the last axis. */
export const softmax = (x: Tensor): Tensor => single('softmax', [x], {});
/** Logarithm of the softmax over the last axis. */
export const logSoftmax = (x: Tensor): Tensor => single('logSoftmax', [x], {});
/** Layer normalisation over the last axis: `[y, mean, inverse deviation]`. Ba et al. 2016. */
export const layerNorm = (x: Tensor, weights: readonly Tensor[], epsilon: number): readonly Tensor[] =>
  operation('layerNorm', [x, ...weights], { epsilon });
/** Root-mean-square normalisation over the last axis: `[y, inverse root mean square]`. Zhang and Sennrich 2019. */
export const rmsNorm = (x: Tensor, weight: Tensor, epsilon: number): readonly Tensor[] => operation('rmsNorm', [x, weight], { epsilon });
/** Rotary positions on `x` (B H T D) by `angles` cos and sin (T D/2), halves paired as in Llama. Su et al. 2021. */
export const rotary = (x: Tensor, angles: { readonly cos: Tensor; readonly sin: Tensor }, inverse = false): Tensor =>
  single('rotary', [x, angles.cos, angles.sin], { inverse });
/**
 * Scaled dot-product attention on B H T D, B G S D, B G S D, heads shared by H/G query heads: `[output, probabilities]`.
 * An optional mask (B H T S, from dropout) multiplies the probabilities. Vaswani et al. 2017, section 3.2.1.
 */
export const attention = (
  operandsQkv: readonly [Tensor, Tensor, Tensor],
  options: OpAttributes['attention'],
  mask?: Tensor,
): readonly Tensor[] => operation('attention', mask === undefined ? operandsQkv : [...operandsQkv, mask], options);
/** Loss of each row, `-log softmax(logits)[target]`, 0 where the target is negative: `[losses (N), log-probabilities (N V)]`. */
export const crossEntropy = (logits: Tensor, targets: Tensor): readonly Tensor[] => operation('crossEntropy', [logits, targets], {});
/** Gradient of {@link gelu} at `x`, times `gradient`. */
export const geluGradient = (x: Tensor, gradient: Tensor, form: 'erf' | 'tanh'): Tensor => single('geluGradient', [x, gradient], { form });
/** Gradient of {@link crossEntropy} by the logits, from its log-probabilities (N V), the targets (N) and the losses' gradients (N). */
export const crossEntropyGradient = (logProbabilities: Tensor, targets: Tensor, gradient: Tensor): Tensor =>
  single('crossEntropyGradient', [logProbabilities, targets, gradient], {});
/** Operands of {@link cachedAttention}. */
export interface CachedAttentionInputs {
  /** Queries B T (H·D), keys and values B T (G·D), not yet rotated. */
  readonly queries: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  /** Caches, B G M D, M the longest text; new keys and values are written in place. */
  readonly pastKeys: Tensor;
  readonly pastValues: Tensor;
  /** int32 (B): length of each text with the new tokens, minus one. */
  readonly lastPositions: Tensor;
  /** int32 scalar: length of the longest text with the new tokens. */
  readonly totalLength: Tensor;
  /** Angles M D/2 for rotary positions; none without them. */
  readonly angles?: { readonly cos: Tensor; readonly sin: Tensor };
}
/** Causal attention of new tokens on themselves and a cache: `[output B T (H·D), keys, values]`. For inference only. */
export function cachedAttention(x: CachedAttentionInputs, options: Omit<OpAttributes['cachedAttention'], 'rotary'>): readonly Tensor[] {
  const angles = x.angles === undefined ? [] : [x.angles.cos, x.angles.sin];
  return operation('cachedAttention', [x.queries, x.keys, x.values, x.pastKeys, x.pastValues, x.lastPositions, x.totalLength, ...angles], {
    ...options,
    rotary: angles.length > 0,
  });
}
/** A mask of 0 and 1/(1 - rate) from int32 seeds of rows and of columns, which broadcast against each other. */
export const dropoutMask = (rows: Tensor, columns: Tensor, rate: number): Tensor => single('dropoutMask', [rows, columns], { rate });
