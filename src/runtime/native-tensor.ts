/**
 * Tensors that ONNX Runtime reads and writes in JavaScript's own memory, without a copy.
 *
 * A typed array's memory does not move once its ArrayBuffer exists outside V8's heap (asking for `.buffer` puts it there),
 * but it is freed when the array is collected or its buffer detached. So whoever holds an OrtValue holds the array too,
 * and before each run the arrays are checked to be still there.
 */

import koffi from 'koffi';

import { BYTES_PER_ELEMENT, ShapeError, UsageError, elementCount } from '../core/index.ts';
import type { DType, HostTensor, TypedArray } from '../core/index.ts';
import { call, ortApi } from './api.ts';
import type { Address } from './library.ts';
import { ELEMENT_TYPE } from './tensor-info.ts';
import type { TensorInfo } from './tensor-info.ts';

/** An OrtValue over the memory of an array. */
export interface NativeTensor {
  readonly value: Address;
  readonly data: TypedArray;
  /** Elements when it was made: a detached or shrunk array has fewer. */
  readonly length: number;
  readonly start: Address;
  readonly bytes: number;
}

/** Native objects that exist now, for the tests of lifetimes. */
export const live: { values: number; sessions: number; runOptions: number } = { values: 0, sessions: 0, runOptions: 0 };

const ARRAY_TAG: { readonly [D in DType]: string } = {
  float32: 'Float32Array',
  float64: 'Float64Array',
  int32: 'Int32Array',
  int64: 'BigInt64Array',
  uint8: 'Uint8Array',
  int8: 'Int8Array',
  bool: 'Uint8Array',
};

/** ONNX Runtime wants an address for a tensor without elements, too. */
const NOTHING = new Float64Array(new ArrayBuffer(8));

/** Throws unless `tensor` is sound in itself and fits what the model says of the input or output. */
export function checkTensor(info: TensorInfo, tensor: HostTensor): void {
  const { dtype, shape, data } = (tensor ?? {}) as Partial<HostTensor>;
  const fail = (code: string, rule: string, value: string, remedy: string): ShapeError =>
    new ShapeError({ code, action: `bind ${info.name}`, rule, value, remedy, details: [`the model says: ${describe(info)}`] });
  const wanted = info.dtype;
  if (wanted === undefined)
    throw fail(
      'WEFT_RUNTIME_DTYPE',
      'no typed array holds its elements',
      info.name,
      'Give the model an input or output of another type (see Cast).',
    );
  if (dtype !== wanted) throw fail('WEFT_RUNTIME_DTYPE', `its dtype is ${wanted}`, `${dtype} given`, `Give a tensor of dtype ${wanted}.`);
  const tag = Object.prototype.toString.call(data).slice(8, -1);
  if (data === undefined || tag !== ARRAY_TAG[wanted])
    throw fail('WEFT_RUNTIME_DTYPE', `${wanted} elements are in a ${ARRAY_TAG[wanted]}`, tag, `Give the data as a ${ARRAY_TAG[wanted]}.`);
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw fail('WEFT_RUNTIME_SHAPE', 'a shape is a list of whole numbers', String(shape), 'Give the size of each axis.');
  if (info.shape !== undefined && !fits(shape, info.shape))
    throw fail(
      'WEFT_RUNTIME_SHAPE',
      `its shape is [${info.shape.map((size) => size || '?').join(', ')}]`,
      `[${shape.join(', ')}] given`,
      'Give a tensor of that shape.',
    );
  if (data.length !== elementCount(shape)) {
    const rule =
      data.buffer.byteLength === 0
        ? 'its ArrayBuffer is detached or empty'
        : `the shape [${shape.join(', ')}] holds ${elementCount(shape)} elements`;
    throw fail(
      data.buffer.byteLength === 0 ? 'WEFT_RUNTIME_BUFFER' : 'WEFT_RUNTIME_SHAPE',
      rule,
      `${data.length} elements given`,
      'Give as many elements as the shape holds, in memory that nobody took away.',
    );
  }
  if ((data.buffer as { resizable?: boolean }).resizable === true)
    throw fail(
      'WEFT_RUNTIME_BUFFER',
      'memory that can shrink is not bound',
      'a resizable ArrayBuffer',
      'Give an array over an ArrayBuffer of fixed length.',
    );
}

function fits(shape: readonly number[], wanted: readonly (number | string)[]): boolean {
  return shape.length === wanted.length && wanted.every((size, axis) => typeof size === 'string' || size === shape[axis]);
}

function describe({ name, dtype, shape }: TensorInfo): string {
  return `${name} ${dtype ?? 'of another type'} ${shape === undefined ? 'of any shape' : `[${shape.map((size) => (size === '' ? '?' : size)).join(', ')}]`}`;
}

/** An OrtValue over a checked tensor's memory; to be given to {@link releaseTensor}. */
export function createTensor({ dtype, shape, data }: HostTensor): NativeTensor {
  const { cpuMemory } = ortApi();
  void data.buffer; // A small array lives on V8's heap, where it may move, until its buffer is asked for.
  const length = data.length;
  const bytes = length * BYTES_PER_ELEMENT[dtype];
  const start = Number(koffi.address(length === 0 ? NOTHING : data));
  const value = call(
    'CreateTensorWithDataAsOrtValue',
    cpuMemory,
    start,
    bytes,
    BigInt64Array.from(shape, BigInt),
    shape.length,
    ELEMENT_TYPE[dtype],
  );
  live.values++;
  return { value, data, length, start, bytes };
}

/** Frees the OrtValue; the array is JavaScript's. */
export function releaseTensor(tensor: NativeTensor): void {
  ortApi().ReleaseValue(tensor.value);
  live.values--;
}

/** Throws when an array lost its memory since it was bound: it was transferred to another thread, or resized. */
export function checkAlive(tensors: readonly NativeTensor[]): void {
  for (const tensor of tensors) if (tensor.data.length !== tensor.length) throw lost(tensor);
}

function lost({ length, data }: NativeTensor): UsageError {
  return new UsageError({
    code: 'WEFT_RUNTIME_BUFFER',
    action: 'run the model',
    rule: 'the memory of a bound array was taken away (its ArrayBuffer was transferred or detached)',
    value: `${length} elements bound, ${data.length} left`,
    remedy: 'Copy the array before transferring it, or bind another with set.',
  });
}

/**
 * Throws when memory that is written overlaps other memory: an output may share exactly an input's memory (it is then
 * updated in place, which the graph must be made for), inputs may share freely, all else would read half-written values.
 */
export function checkOverlap(inputs: readonly NativeTensor[], outputs: readonly NativeTensor[]): void {
  const regions = [...inputs.map((tensor) => ({ tensor, written: false })), ...outputs.map((tensor) => ({ tensor, written: true }))].filter(
    ({ tensor }) => tensor.bytes > 0,
  );
  regions.sort((a, b) => a.tensor.start - b.tensor.start);
  for (const [index, { tensor, written }] of regions.entries()) {
    for (let next = index + 1; next < regions.length; next++) {
      const other = regions[next];
      if (other === undefined || other.tensor.start >= tensor.start + tensor.bytes) break;
      if (!written && !other.written) continue;
      const same = other.tensor.start === tensor.start && other.tensor.bytes === tensor.bytes;
      if (same && written !== other.written) continue;
      throw new UsageError({
        code: 'WEFT_RUNTIME_OVERLAP',
        action: 'run the model',
        rule: written && other.written ? 'two outputs share memory' : 'an output shares a part of an input’s memory',
        value: `${tensor.bytes} bytes and ${other.tensor.bytes} bytes, ${other.tensor.start - tensor.start} apart`,
        remedy: 'Give each output memory of its own, or exactly the memory of one input.',
      });
    }
  }
}
