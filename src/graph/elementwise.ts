/** Operations element by element. Two operands are stretched to each other as NumPy does; a number becomes a constant. */

import type { DType } from '../core/index.ts';
import type { OpKind } from './op-kinds.ts';
import { scalar, single } from './operation.ts';
import type { Tensor } from './tensor.ts';

/** A tensor, or a number that becomes a constant of the other operand's dtype. */
export type Operand = Tensor | number;

type PairKind = Extract<OpKind, 'add' | 'subtract' | 'multiply' | 'divide' | 'maximum' | 'minimum' | 'less' | 'equal'>;

function pair(kind: PairKind, a: Operand, b: Operand): Tensor {
  const dtype = typeof a !== 'number' ? a.dtype : typeof b !== 'number' ? b.dtype : 'float32';
  return single(
    kind,
    [a, b].map((operand) => (typeof operand === 'number' ? scalar(operand, dtype) : operand)),
    {},
  );
}

/**
 * `a + b`.
 *
 * @throws ShapeError `WEFT_SHAPE_BROADCAST` when sizes are neither equal nor 1, `WEFT_SHAPE_DTYPE` when dtypes differ.
 *
 * @example
 * ```ts
 * import { add, axes, formatShape, input } from 'weft/graph';
 *
 * const [x, bias] = [input('x', 'float32', axes('T C', 8, 4)), input('bias', 'float32', axes('C', 4))];
 * console.log(formatShape(add(add(x, bias), 1).shape)); // T C = 8 4
 * ```
 */
export const add = (a: Operand, b: Operand): Tensor => pair('add', a, b);
/** `a - b`. See {@link add} for shapes. */
export const subtract = (a: Operand, b: Operand): Tensor => pair('subtract', a, b);
/** `a · b`, element by element. See {@link add} for shapes. */
export const multiply = (a: Operand, b: Operand): Tensor => pair('multiply', a, b);
/** `a / b`. See {@link add} for shapes. */
export const divide = (a: Operand, b: Operand): Tensor => pair('divide', a, b);
/** The larger of `a` and `b`; where they are equal, the gradient goes to `a`. See {@link add} for shapes. */
export const maximum = (a: Operand, b: Operand): Tensor => pair('maximum', a, b);
/** The smaller of `a` and `b`; where they are equal, the gradient goes to `a`. See {@link add} for shapes. */
export const minimum = (a: Operand, b: Operand): Tensor => pair('minimum', a, b);
/** Whether `a < b`: bool. See {@link add} for shapes. */
export const less = (a: Operand, b: Operand): Tensor => pair('less', a, b);
/** Whether `a = b`: bool. See {@link add} for shapes. */
export const equal = (a: Operand, b: Operand): Tensor => pair('equal', a, b);
/** `yes` where the condition (bool) holds, else `no`; all three are stretched to each other. No gradient passes the side that was not taken. */
export const where = (condition: Tensor, yes: Tensor, no: Tensor): Tensor => single('where', [condition, yes, no], {});

/** `-x`. */
export const negate = (x: Tensor): Tensor => single('negate', [x], {});
/** `eˣ`. */
export const exp = (x: Tensor): Tensor => single('exp', [x], {});
/** The natural logarithm. */
export const log = (x: Tensor): Tensor => single('log', [x], {});
/** The square root. */
export const sqrt = (x: Tensor): Tensor => single('sqrt', [x], {});
/** `1 / x`. */
export const reciprocal = (x: Tensor): Tensor => single('reciprocal', [x], {});
/** The absolute value; at 0 its gradient is that of `x`. */
export const abs = (x: Tensor): Tensor => single('abs', [x], {});
/** The hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => single('tanh', [x], {});
/** `1 / (1 + e⁻ˣ)`. */
export const sigmoid = (x: Tensor): Tensor => single('sigmoid', [x], {});
/** The error function. */
export const erf = (x: Tensor): Tensor => single('erf', [x], {});
/** `max(x, 0)`; its gradient at 0 is 0. */
export const relu = (x: Tensor): Tensor => single('relu', [x], {});
/** Gaussian error linear unit, `x · Φ(x)` or its tanh approximation. Hendrycks and Gimpel 2016. */
export const gelu = (x: Tensor, form: 'erf' | 'tanh' = 'erf'): Tensor => single('gelu', [x], { form });
/** Gradient of {@link gelu} at `x`, times `gradient`. */
export const geluGradient = (x: Tensor, gradient: Tensor, form: 'erf' | 'tanh'): Tensor => single('geluGradient', [x, gradient], { form });
/** `x · sigmoid(x)`. Elfwing et al. 2017. */
export const silu = (x: Tensor): Tensor => single('silu', [x], {});
/** The same numbers in another dtype; floats are cut towards 0 to integers, and anything but 0 is true. */
export const cast = (x: Tensor, to: DType): Tensor => (x.dtype === to ? x : single('cast', [x], { to }));
