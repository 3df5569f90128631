/** Names, element types and shapes of a session's inputs and outputs, read from ONNX Runtime. */

import koffi from 'koffi';

import type { DType } from '../core/index.ts';
import { call, check, ortApi } from './api.ts';
import type { Address } from './library.ts';

/** What a session says of one input or output. */
export interface TensorInfo {
  readonly name: string;
  /** Absent when no typed array holds its elements (float16, strings, sequences): it can't be fed or fetched. */
  readonly dtype?: DType;
  /** A number for a fixed size, a name for one that is given at run time ('' when it has none); absent when the model gives no shape. */
  readonly shape?: readonly (number | string)[];
}

/** ONNXTensorElementDataType, onnxruntime_c_api.h. */
export const ELEMENT_TYPE: { readonly [D in DType]: number } = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float64: 11 };
const DTYPE = new Map(Object.entries(ELEMENT_TYPE).map(([dtype, type]) => [type, dtype as DType]));
/** ONNXType. */
const TENSOR = 1;

/** The infos of all inputs or outputs, in the model's order. */
export function readTensorInfos(session: Address, side: 'Input' | 'Output'): readonly TensorInfo[] {
  return Array.from({ length: call(`SessionGet${side}Count`, session) }, (_, index) => {
    const name = readName(session, side, index);
    const type = call(`SessionGet${side}TypeInfo`, session, index);
    try {
      if (call('GetOnnxTypeFromTypeInfo', type) !== TENSOR) return { name };
      return { name, ...readTensorType(call('CastTypeInfoToTensorInfo', type)) };
    } finally {
      ortApi().ReleaseTypeInfo(type);
    }
  });
}

function readName(session: Address, side: 'Input' | 'Output', index: number): string {
  const { allocator, AllocatorFree } = ortApi();
  const address = call(`SessionGet${side}Name`, session, index, allocator);
  const name = koffi.decode.string(BigInt(address));
  check(AllocatorFree(allocator, address));
  return name;
}

/** Element type and sizes of a value's OrtTensorTypeAndShapeInfo, which is not freed. */
export function readValueType(info: Address): { dtype: DType | undefined; shape: number[] } {
  const dtype = DTYPE.get(call('GetTensorElementType', info));
  const sizes = new BigInt64Array(call('GetDimensionsCount', info));
  if (sizes.length > 0) check(ortApi().GetDimensions(info, sizes, sizes.length));
  return { dtype, shape: Array.from(sizes, Number) };
}

/** Element type and shape that a model declares. */
function readTensorType(info: Address): { dtype?: DType; shape?: readonly (number | string)[] } {
  const dtype = DTYPE.get(call('GetTensorElementType', info));
  const shape = ortApi().TensorTypeAndShape_HasShape(info) === true ? readShape(info) : undefined;
  return { ...(dtype === undefined ? {} : { dtype }), ...(shape === undefined ? {} : { shape }) };
}

function readShape(info: Address): readonly (number | string)[] {
  const rank = call('GetDimensionsCount', info);
  if (rank === 0) return [];
  const { GetDimensions, GetSymbolicDimensions } = ortApi();
  const sizes = new BigInt64Array(rank);
  check(GetDimensions(info, sizes, rank));
  const names = new BigUint64Array(rank); // They belong to `info`.
  check(GetSymbolicDimensions(info, names, rank));
  return Array.from(sizes, (size, axis) => (size >= 0n ? Number(size) : koffi.decode.string(names[axis] ?? 0n)));
}
