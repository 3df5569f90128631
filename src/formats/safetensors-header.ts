/**
 * The header of a safetensors file: 8 bytes little-endian length, then JSON that gives each tensor's dtype, shape and
 * place in the rest of the file. Source: https://github.com/huggingface/safetensors#format and its `SafeTensors::read_metadata`.
 *
 * Files come from outside, so everything is bounded before anything is allocated: the header by the format's own 100 MB,
 * the tensors by their tiling the rest of the file exactly, without gap or overlap. Of keys given twice JSON.parse keeps
 * the last; the bytes of the first are then a gap, so such a file is refused.
 */

import { BYTES_PER_ELEMENT, FormatError } from '../core/index.ts';
import type { DType, HostTensor } from '../core/index.ts';

/** Element types of safetensors files, by the format's names. */
export type SafetensorsDType = keyof typeof BITS;

/** Where a tensor stands in a safetensors file. */
export interface SafetensorsEntry {
  /** Element type by the format's name, e.g. `BF16`. */
  readonly dtype: SafetensorsDType;
  /** Sizes of the axes, outermost first. */
  readonly shape: readonly number[];
  /** First byte of the tensor from the beginning of the file. */
  readonly offset: number;
  /** Length in bytes. */
  readonly bytes: number;
}

/** The header of a safetensors file, checked. */
export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Longest header that is read, in bytes: the format's own limit. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Most axes of a tensor that are read; ONNX and PyTorch know none with more. */
const MAX_AXES = 64;

/** Bits of one element. Those that Weft cannot hold in memory are known too, so that the other tensors of a file can be read. */
const BITS = {
  BOOL: 8, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, I16: 16, U16: 16, F16: 16, BF16: 16,
  I32: 32, U32: 32, F32: 32, I64: 64, U64: 64, F64: 64, C64: 64, F4: 4, F6_E2M3: 6, F6_E3M2: 6,
} as const; // prettier-ignore

const NAME: { readonly [D in DType]: SafetensorsDType } = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I32',
  int64: 'I64',
  uint8: 'U8',
  int8: 'I8',
  bool: 'BOOL',
};

/** Length of the JSON header from the first 8 bytes of a file of `fileBytes` bytes. */
export function headerLength(prefix: Uint8Array, fileBytes: number, path: string): number {
  if (prefix.length < 8) throw truncated(path, `${prefix.length} bytes, at least 8 needed`);
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) throw badHeader(path, `a header of at most ${MAX_HEADER_BYTES} bytes begins the file`, `${length} bytes`);
  if (8 + length > fileBytes) throw truncated(path, `${fileBytes} bytes, ${8 + length} needed for the header`);
  return length;
}

/** Reads and checks the JSON header of a file of `fileBytes` bytes. */
export function parseHeader(json: Uint8Array, fileBytes: number, path: string): SafetensorsHeader {
  const root = parseJson(json, path);
  const metadata = new Map<string, string>();
  const entries = new Map<string, SafetensorsEntry>();
  for (const [name, value] of Object.entries(root)) {
    if (name === '__metadata__') {
      for (const [key, text] of Object.entries(asObject(value, '__metadata__', path))) {
        if (typeof text !== 'string') throw badHeader(path, '__metadata__ holds texts', `${shorten(key)} is ${typeof text}`);
        metadata.set(key, text);
      }
    } else {
      entries.set(name, parseEntry(name, asObject(value, name, path), { path, dataStart: 8 + json.length }));
    }
  }
  checkTiling(entries, { path, dataStart: 8 + json.length, fileBytes });
  return { entries, metadata };
}

/** The bytes before the tensors (length and JSON, padded so that data begins at a multiple of 8) and the order of the tensors. */
export function encodeHeader(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>>,
): { readonly header: Uint8Array; readonly order: readonly string[] } {
  // Wide elements first, so that every tensor is aligned to its element; then by name, so that equal content gives equal bytes.
  const width = (name: string): number => BYTES_PER_ELEMENT[tensors.get(name)?.dtype ?? 'uint8'];
  const order = [...tensors.keys()].sort((a, b) => width(b) - width(a) || (a < b ? -1 : 1));
  const root: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [['__metadata__', metadata]];
  let offset = 0;
  for (const name of order) {
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    const end = offset + tensor.data.byteLength;
    root.push([name, { dtype: NAME[tensor.dtype], shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  // Written entry by entry, as an object's own keys reorder names that look like numbers.
  const text = `{${root.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const json = new TextEncoder().encode(text);
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return { header, order };
}

/** The error for a file that ends too early. */
export function truncated(path: string, value: string): FormatError {
  return new FormatError({
    code: 'WEFT_FORMAT_TRUNCATED',
    action: `read ${path}`,
    rule: 'the file ends too early',
    value,
    remedy: 'The file was not written or copied to its end: copy or download it again.',
  });
}

function badHeader(path: string, rule: string, value?: string): FormatError {
  return new FormatError({
    code: 'WEFT_FORMAT_HEADER',
    action: `read ${path} as safetensors`,
    rule,
    ...(value === undefined ? {} : { value }),
    remedy: 'Give a safetensors file, or copy or download this one again.',
  });
}

function parseJson(json: Uint8Array, path: string): object {
  // The format asks for '{' as the first byte; what begins otherwise is another kind of file.
  if (json[0] !== 0x7b) throw badHeader(path, "the header begins with '{'");
  try {
    return asObject(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)), 'the header', path);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw badHeader(path, 'the header is JSON in UTF-8', shorten(error instanceof Error ? error.message : String(error)));
  }
}

function asObject(value: unknown, name: string, path: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badHeader(path, `${shorten(name)} is an object`, shorten(String(value)));
  return value;
}

function parseEntry(name: string, value: object, where: { readonly path: string; readonly dataStart: number }): SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets } = value as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const wrong = (rule: string, found: unknown): FormatError =>
    badHeader(where.path, `${shorten(name)} ${rule}`, shorten(JSON.stringify(found) ?? 'missing'));
  if (typeof dtype !== 'string' || !Object.hasOwn(BITS, dtype)) throw wrong(`has one of the dtypes ${Object.keys(BITS).join(', ')}`, dtype);
  if (!isSizes(shape) || shape.length > MAX_AXES) throw wrong(`has a shape of at most ${MAX_AXES} sizes`, shape);
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong('has two data_offsets', offsets);
  const [begin = 0, end = 0] = offsets;
  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (!Number.isSafeInteger(elements)) throw wrong('has a shape that fits the file', shape);
  }
  const bits = elements * BITS[dtype as SafetensorsDType];
  if (bits !== (end - begin) * 8) throw wrong(`has ${Math.ceil(bits / 8)} bytes by its dtype and shape`, offsets);
  return { dtype: dtype as SafetensorsDType, shape, offset: where.dataStart + begin, bytes: end - begin };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function checkTiling(
  entries: ReadonlyMap<string, SafetensorsEntry>,
  file: { readonly path: string; readonly dataStart: number; readonly fileBytes: number },
): void {
  let position = file.dataStart;
  for (const [name, entry] of [...entries].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (entry.offset !== position) {
      const how = entry.offset < position ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw badHeader(file.path, 'tensors tile the file without gap or overlap', `${shorten(name)} ${how}`);
    }
    position += entry.bytes;
  }
  if (position > file.fileBytes) throw truncated(file.path, `${file.fileBytes} bytes, ${position} needed`);
  if (position < file.fileBytes)
    throw badHeader(file.path, 'the file ends with its last tensor', `${file.fileBytes - position} bytes more`);
}

/** Text from a file for a message: one line of bounded length. */
function shorten(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ');
  return line.length <= 120 ? line : `${line.slice(0, 120)}…`;
}
