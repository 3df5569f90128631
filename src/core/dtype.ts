/** Element types of tensors and the typed arrays that hold them. Names are NumPy's. */

import { UsageError, WeftError } from './errors.ts';

/** Element type of a tensor. */
export type DType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool';

interface ArrayOf {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  int8: Int8Array;
  bool: Uint8Array;
}

/** The typed array that holds elements of `D`. */
export type TypedArray<D extends DType = DType> = ArrayOf[D];

/** A tensor in memory: row-major elements and their shape. */
export interface HostTensor<D extends DType = DType> {
  readonly dtype: D;
  /** Sizes of the axes, outermost first; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly data: TypedArray<D>;
}

/** Bytes of one element of each dtype. */
export const BYTES_PER_ELEMENT: { readonly [D in DType]: number } = {
  float32: 4,
  float64: 8,
  int32: 4,
  int64: 8,
  uint8: 1,
  int8: 1,
  bool: 1,
};

const ARRAY: { readonly [D in DType]: new (length: number) => TypedArray<D> } = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
};

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * A typed array of `length` zeros for `dtype`.
 *
 * @throws WeftError `WEFT_TENSOR_SIZE` when there is no such memory.
 */
export function allocate<D extends DType>(dtype: D, length: number): TypedArray<D> {
  try {
    return new ARRAY[dtype](length);
  } catch (error) {
    throw new WeftError({
      code: 'WEFT_TENSOR_SIZE',
      action: 'make a tensor',
      rule: 'there is no memory for so many elements',
      value: `${length} of ${dtype}`,
      remedy: 'Choose a smaller batch, context or model.',
      cause: error,
    });
  }
}

/**
 * A tensor in memory; `data` defaults to zeros. Throws a `UsageError` when data and shape disagree.
 *
 * @example
 * ```ts
 * import { hostTensor } from 'weft';
 *
 * const row = hostTensor('float32', [1, 3], new Float32Array([1, 2, 3]));
 * console.log(row.shape); // [ 1, 3 ]
 * ```
 */
export function hostTensor<D extends DType>(
  dtype: D,
  shape: readonly number[],
  data: TypedArray<D> = allocate(dtype, elementCount(shape)),
): HostTensor<D> {
  if (data.length !== elementCount(shape)) {
    throw new UsageError({
      code: 'WEFT_TENSOR_LENGTH',
      action: 'make a tensor',
      rule: `the shape [${shape.join(', ')}] holds ${elementCount(shape)} elements`,
      value: `${data.length} given`,
      remedy: 'Give as many elements as the shape holds.',
    });
  }
  return { dtype, shape, data };
}
