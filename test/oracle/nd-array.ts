/** Arrays for the oracle: float64 elements in row-major order, whatever the dtype they stand for. Slow and readable. */

import { elementCount, hostTensor } from '../../src/core/index.ts';
import type { DType, HostTensor } from '../../src/core/index.ts';

/** An array of numbers. Booleans are 0 and 1. */
export interface NdArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Place of one element: its index on each axis. */
export type Place = readonly number[];

/** An array from a function of the place. */
export function fill(dtype: DType, shape: readonly number[], value: (at: Place) => number): NdArray {
  const data = new Float64Array(elementCount(shape));
  for (const [index, at] of places(shape).entries()) data[index] = value(at);
  return { dtype, shape, data };
}

/** All places of a shape in row-major order. */
export function places(shape: readonly number[]): readonly Place[] {
  const key = shape.join();
  const known = PLACES.get(key);
  if (known !== undefined) return known;
  const made = shape.reduce<readonly Place[]>(
    (outer, size) => outer.flatMap((at) => Array.from({ length: size }, (_, position) => [...at, position])),
    [[]],
  );
  PLACES.set(key, made);
  return made;
}

/** Shapes come again and again: their places are listed once. */
const PLACES = new Map<string, readonly Place[]>();

/** One element. */
export function get(array: NdArray, at: Place): number {
  const index = at.reduce((sum, position, axis) => sum * (array.shape[axis] ?? 0) + position, 0);
  const value = array.data[index];
  if (value === undefined || at.some((position, axis) => position < 0 || position >= (array.shape[axis] ?? 0))) {
    throw new RangeError(`[${at.join(', ')}] lies outside [${array.shape.join(', ')}]`);
  }
  return value;
}

/** One element of an array that is stretched by NumPy's broadcasting to the shape that `at` belongs to. */
export function getStretched(array: NdArray, at: Place): number {
  const own = at.slice(at.length - array.shape.length);
  return get(
    array,
    own.map((position, axis) => (array.shape[axis] === 1 ? 0 : position)),
  );
}

/** The shape that NumPy's broadcasting gives: aligned at the last axis. */
export function stretchedShape(...shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.flatMap((shape) => shape[axis - rank + shape.length] ?? []).filter((size) => size !== 1);
    if (new Set(sizes).size > 1) throw new RangeError(`${shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ')} do not broadcast`);
    return sizes[0] ?? 1;
  });
}

/** From a tensor in memory. */
export function fromHost({ dtype, shape, data }: HostTensor): NdArray {
  return { dtype, shape, data: Float64Array.from(data as ArrayLike<number | bigint>, Number) };
}

/** To a tensor in memory, rounded to its dtype. */
export function toHost({ dtype, shape, data }: NdArray): HostTensor {
  const tensor = hostTensor(dtype, shape);
  for (const [index, value] of data.entries()) tensor.data[index] = dtype === 'int64' ? BigInt(value) : value;
  return tensor;
}
