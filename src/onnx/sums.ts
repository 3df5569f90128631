/** Sums on the CPU: over axes, of squares, and of rows where their ids say. */

import { elementCount, hostTensor } from '../core/index.ts';
import type { Node } from '../graph/index.ts';
import { ONNX_DTYPE, int64Vector, number, reshapeTo } from './emitter.ts';
import type { LoweringContext } from './emitter.ts';

/** A reduction by one operator. */
export function reduce(c: LoweringContext, { attributes: { axes, keep } }: Node<'sum'> | Node<'max'>, opType: string): void {
  c.emit(opType, [c.in(0), c.constant(int64Vector(axes))], { outputs: [c.out(0)], attributes: { keepdims: keep ? 1 : 0 } });
}

/**
 * Sums; over the first axes, as for the gradient of a bias, by a product with a row of ones. ReduceSum takes two to five times
 * as long, and longer still on two threads.
 */
export function lowerSum(c: LoweringContext, node: Node<'sum'>): void {
  const { axes } = node.attributes;
  const sizes = c.x(0).shape.map(({ size }) => size);
  const known = sizes.every((size) => typeof size === 'number');
  if (!known || c.x(0).dtype !== 'float32' || axes.length === sizes.length || axes.some((axis, index) => axis !== index)) {
    reduce(c, node, 'ReduceSum');
    return;
  }
  const [rows, columns] = [elementCount(sizes.slice(0, axes.length)), elementCount(sizes.slice(axes.length))];
  const ones = c.emit('Expand', [number(c, 1), c.constant(int64Vector([1, rows]))]);
  const sums = c.emit('MatMul', [ones, sizes.length === 2 ? c.in(0) : reshapeTo(c, c.in(0), [rows, columns])]);
  c.emit('Reshape', [sums, c.constant(int64Vector((node.outputs[0]?.shape ?? []).map(({ size }) => Number(size))))], {
    outputs: [c.out(0)],
  });
}

/** The sum of all squares. */
export function lowerSumOfSquares(c: LoweringContext): void {
  // Row by row, then the rows: one running float32 sum of half a million squares is off by 1e-4. ReduceSumSquare takes
  // three times as long as the product and its sum.
  const sizes = c.x(0).shape.map(({ size }) => Number(size));
  const rows = rowsOf(sizes);
  const squares = c.emit('Mul', [c.in(0), c.in(0)]);
  const sumOver = (value: string, axis: readonly number[], outputs?: readonly string[]): string =>
    c.emit('ReduceSum', [value, ...(axis.length === 0 ? [] : [c.constant(int64Vector(axis))])], {
      ...(outputs === undefined ? {} : { outputs }),
      attributes: { keepdims: 0 },
    });
  if (rows === undefined) sumOver(squares, [], [c.out(0)]);
  else sumOver(sumOver(sizes.length === 2 ? squares : reshapeTo(c, squares, rows), [1]), [], [c.out(0)]);
}

/** A large static shape as a matrix of rows of some hundred elements; undefined for small ones and where none divides it. */
function rowsOf(sizes: readonly number[]): readonly [number, number] | undefined {
  const count = sizes.reduce((product, size) => product * size, 1);
  if (!(count > 1 << 13)) return undefined;
  if (sizes.length === 2) return [sizes[0] ?? 1, sizes[1] ?? 1];
  for (let width = 1024; width >= 64; width--) if (count % width === 0) return [count / width, width];
  return undefined;
}

/** A table of at most so many rows is summed by a product. */
const FEW_ROWS = 256;

/**
 * Rows added up where their ids say, the gradient of a look-up. For a small table by a product with ones where row and id agree,
 * which is four times as fast at 65 rows; else by ScatterElements, which works on one thread. ScatterND is faster, and wrong:
 * its threads add to the same row at the same time, and sums are lost (ONNX Runtime 1.30, in every run at 2048 × 384).
 */
export function lowerScatterRows(c: LoweringContext, { attributes: { rows } }: Node<'scatterRows'>): void {
  const [updates, ids] = [c.x(0), c.x(1)];
  const sizes = updates.shape.map(({ size }) => Number(size));
  const [count, width] = [elementCount(sizes.slice(0, ids.shape.length)), elementCount(sizes.slice(ids.shape.length))];
  const column = reshapeTo(c, c.in(1), [count, 1]);
  const flat = reshapeTo(c, c.in(0), [count, width]);
  const finish = (sums: string): void => {
    c.emit('Reshape', [sums, c.constant(int64Vector([rows, ...sizes.slice(ids.shape.length)]))], { outputs: [c.out(0)] });
  };
  if (rows <= FEW_ROWS) {
    const range = hostTensor(ids.dtype, [1, rows]);
    for (let row = 0; row < rows; row++) range.data[row] = ids.dtype === 'int64' ? BigInt(row) : row;
    const chosen = c.emit('Cast', [c.emit('Equal', [column, c.constant(range)])], { attributes: { to: ONNX_DTYPE.float32 } });
    finish(c.emit('FusedMatMul', [chosen, flat], { attributes: { transA: 1 }, domain: 'com.microsoft' }));
  } else {
    const everywhere = c.emit('Expand', [column, c.constant(int64Vector([count, width]))]);
    const zeros = c.emit('ConstantOfShape', [c.constant(int64Vector([rows, width]))]);
    finish(c.emit('ScatterElements', [zeros, everywhere, flat], { attributes: { axis: 0, reduction: 'add' } }));
  }
}
