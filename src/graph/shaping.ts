/** Operations that move elements, reduce axes or look up rows. Axes count from 0, or backwards from -1. */

import { axisIndex, staticCount } from './axis.ts';
import type { Axis, Shape } from './axis.ts';
import { multiply } from './elementwise.ts';
import { single } from './operation.ts';
import { describe, shapeError } from './shape-error.ts';
import { isKind } from './tensor.ts';
import type { Tensor } from './tensor.ts';

/**
 * The same elements in another shape.
 *
 * @param shape One size may be a name that `x` does not have at that place: it is found when the graph runs.
 * @throws ShapeError `WEFT_SHAPE_RESHAPE` when the number of elements differs.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input, reshape } from 'weft/graph';
 *
 * const x = input('x', 'float32', axes('B T C', 2, 'T', 12));
 * console.log(formatShape(reshape(x, axes('B T H D', 2, 'T', 3, 4)).shape)); // B T H D = 2 T 3 4
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const made = single('reshape', [x], { shape });
  // Sizes as they were: the same tensor under other letters. A reshape of a reshape: one of what came before both.
  if (shape.length === x.shape.length && shape.every(({ size }, at) => size === x.shape[at]?.size)) return { ...x, shape };
  const [before] = isKind(x.node, 'reshape') ? x.node.inputs : [];
  return before === undefined || staticCount(x.shape) === undefined || staticCount(shape) === undefined ? made : reshape(before, shape);
}
/** Stretched to a shape as NumPy does. */
export const expand = (x: Tensor, shape: Shape): Tensor => single('expand', [x], { shape });
/** Axes in another order: axis `i` of the result is axis `permutation[i]` of `x`. */
export const transpose = (x: Tensor, permutation: readonly number[]): Tensor => single('transpose', [x], { permutation });
/** The positions `start` to `end` (exclusive) of one axis. */
export const slice = (x: Tensor, axis: number, range: { readonly start: number; readonly end: number }): Tensor =>
  single('slice', [x], { axis: axisIndex(x.shape.length, axis), start: range.start, end: range.end });
/** Zeros before and after one axis. */
export const pad = (x: Tensor, axis: number, amount: { readonly before: number; readonly after: number }): Tensor =>
  single('pad', [x], { axis: axisIndex(x.shape.length, axis), before: amount.before, after: amount.after });
/** Tensors behind one another on one axis. */
export const concat = (parts: readonly Tensor[], axis: number): Tensor =>
  single('concat', parts, { axis: axisIndex(parts[0]?.shape.length ?? 0, axis) });

/** Options of {@link sum}, {@link max} and {@link mean}. */
export interface ReduceOptions {
  /** Which axes; default all. */
  readonly axes?: readonly number[];
  /** Keep the reduced axes with size 1; default false. */
  readonly keep?: boolean;
}

/**
 * The sum over some axes.
 *
 * @throws ShapeError `WEFT_SHAPE_AXIS` when an axis does not exist.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input, sum } from 'weft/graph';
 *
 * const x = input('x', 'float32', axes('B T C', 2, 8, 4));
 * console.log(formatShape(sum(x, { axes: [-1], keep: true }).shape)); // B T C = 2 8 1
 * ```
 */
export const sum = (x: Tensor, options: ReduceOptions = {}): Tensor => single('sum', [x], reduction(x, options));
/** The largest element over some axes; equal ones share the gradient. */
export const max = (x: Tensor, options: ReduceOptions = {}): Tensor => single('max', [x], reduction(x, options));
/**
 * The mean over axes of known size.
 *
 * @throws ShapeError `WEFT_SHAPE_SIZE` when a size is known at run time only.
 */
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

/** Rows of `table` (V C) by integer ids of any shape: ids' shape, then C. Ids must lie within the table when the graph runs. */
export const gather = (table: Tensor, ids: Tensor): Tensor => single('gather', [table, ids], {});
/** A table of `rows` zero rows to which each row of `updates` is added at its id. */
export const scatterRows = (updates: Tensor, ids: Tensor, rows: number): Tensor => single('scatterRows', [updates, ids], { rows });
