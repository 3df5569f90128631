/**
 * Safetensors files: named tensors, read by position so that only those asked for are loaded, written atomically.
 *
 * The format is little-endian, as is every machine that ONNX Runtime supports: elements go to and from memory as they are.
 * Format: https://github.com/huggingface/safetensors#format; checks in `safetensors-header.ts`.
 */

import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { FormatError, UsageError, allocate, checkOptions, elementCount, writeFileAtomic } from '../core/index.ts';
import type { DType, HostTensor } from '../core/index.ts';
import { bfloat16ToFloat32, float16ToFloat32 } from './half.ts';
import { encodeHeader, headerLength, parseHeader, truncated } from './safetensors-header.ts';
import type { SafetensorsDType, SafetensorsEntry } from './safetensors-header.ts';

/** How tensors are read from a safetensors file. */
export interface SafetensorsReadOptions {
  /** Names of the tensors to read; default all. */
  readonly names?: Iterable<string>;
  /** Whether 16-bit floats are widened, exactly, to float32; default true. Otherwise such a tensor is refused. */
  readonly widen?: boolean;
}

/** A safetensors file that is open: its header is read, its tensors wait. */
export interface SafetensorsFile {
  readonly path: string;
  /** What the file holds, by name. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** The texts under `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Reads one tensor into fresh memory. */
  read(name: string, options?: Pick<SafetensorsReadOptions, 'widen'>): Promise<HostTensor>;
  close(): Promise<void>;
}

/** The dtype in memory of what needs no conversion. */
const DTYPE: { readonly [D in SafetensorsDType]?: DType } = {
  F32: 'float32',
  F64: 'float64',
  I32: 'int32',
  I64: 'int64',
  U8: 'uint8',
  I8: 'int8',
  BOOL: 'bool',
};

/** Longest single read; the system's calls take at most 2^31 - 1 bytes. */
const CHUNK_BYTES = 2 ** 30;

/**
 * Opens a safetensors file and checks its header; tensors are read when they are asked for.
 *
 * @param path - the file.
 * @returns the open file; `close()` it.
 * @throws FormatError `WEFT_FORMAT_MISSING`, `WEFT_FORMAT_TRUNCATED` or `WEFT_FORMAT_HEADER`.
 *
 * @example
 * ```ts
 * import { openSafetensors, writeSafetensors } from 'weft/formats';
 * import { hostTensor } from 'weft';
 * import type { HostTensor } from 'weft';
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 *
 * const path = join(await mkdtemp(join(tmpdir(), 'weft-')), 'two.safetensors');
 * await writeSafetensors(path, new Map<string, HostTensor>([['a', hostTensor('float32', [2])], ['b', hostTensor('int32', [3, 4])]]));
 * const file = await openSafetensors(path);
 * console.log([...file.entries.keys()], (await file.read('b')).shape); // [ 'a', 'b' ] [ 3, 4 ]
 * await file.close();
 * ```
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw missing(path, error);
  });
  try {
    const { size } = await handle.stat().then((stat) => (stat.isFile() ? stat : Promise.reject(missing(path, new Error('not a file')))));
    const prefix = new Uint8Array(Math.min(8, size));
    await fill(handle, prefix, { position: 0, path });
    const json = new Uint8Array(headerLength(prefix, size, path));
    await fill(handle, json, { position: 8, path });
    const { entries, metadata } = parseHeader(json, size, path);
    const read: SafetensorsFile['read'] = async (name, options = {}) => {
      checkOptions(`read ${name}`, options, ['widen']);
      const entry = entries.get(name);
      if (entry === undefined) throw unknownTensor(path, name, entries);
      return readEntry(handle, entry, { path, name, widen: options.widen ?? true });
    };
    return { path, entries, metadata, read, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Reads tensors of a safetensors file: all of them, or those named.
 *
 * @param path - the file.
 * @param options - see {@link SafetensorsReadOptions}.
 * @returns tensors and metadata by name, in the order of the file's header or of `names`.
 * @throws FormatError with a code `WEFT_FORMAT_…` when the file is missing, truncated, corrupted or of another kind, or lacks a name.
 *
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensors } from 'weft/formats';
 * import { hostTensor } from 'weft';
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 *
 * const path = join(await mkdtemp(join(tmpdir(), 'weft-')), 'one.safetensors');
 * await writeSafetensors(path, new Map([['weight', hostTensor('float32', [3], new Float32Array([1, 2, 3]))]]), { format: 'pt' });
 * const { tensors, metadata } = await readSafetensors(path);
 * console.log(tensors.get('weight')?.data, metadata.get('format')); // Float32Array(3) [ 1, 2, 3 ] pt
 * ```
 */
export async function readSafetensors(
  path: string,
  options: SafetensorsReadOptions = {},
): Promise<{ readonly tensors: Map<string, HostTensor>; readonly metadata: ReadonlyMap<string, string> }> {
  checkOptions(`read ${path}`, options, ['names', 'widen']);
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, HostTensor>();
    for (const name of options.names ?? file.entries.keys()) tensors.set(name, await file.read(name, { widen: options.widen ?? true }));
    return { tensors, metadata: file.metadata };
  } finally {
    await file.close();
  }
}

/**
 * Writes tensors to a safetensors file, atomically: a reader sees the old file or the new one. Equal content gives equal bytes.
 *
 * @param path - the file; its folder is made when missing.
 * @param tensors - by name; any dtype of {@link HostTensor}.
 * @param metadata - texts by name, kept under `__metadata__`; default none.
 * @throws UsageError `WEFT_FORMAT_NAME` for the reserved name `__metadata__`; WeftError `WEFT_WRITE` when the file cannot be written.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (tensors.has('__metadata__')) {
    throw new UsageError({
      code: 'WEFT_FORMAT_NAME',
      action: `write ${path}`,
      rule: 'the format keeps the name for itself',
      value: '__metadata__',
      remedy: 'Give the tensor another name.',
    });
  }
  const { header, order } = encodeHeader(tensors, metadata);
  const parts = [header];
  for (const name of order) {
    const data = tensors.get(name)?.data;
    if (data !== undefined) parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  await writeFileAtomic(path, parts);
}

async function readEntry(
  handle: FileHandle,
  entry: SafetensorsEntry,
  what: { readonly path: string; readonly name: string; readonly widen: boolean },
): Promise<HostTensor> {
  const { shape } = entry;
  const place = { position: entry.offset, path: what.path };
  const dtype = DTYPE[entry.dtype];
  if (dtype !== undefined) {
    const data = allocate(dtype, elementCount(shape));
    await fill(handle, new Uint8Array(data.buffer), place);
    return { dtype, shape, data };
  }
  if ((entry.dtype === 'F16' || entry.dtype === 'BF16') && what.widen) {
    const bits = new Uint16Array(elementCount(shape));
    await fill(handle, new Uint8Array(bits.buffer), place);
    return { dtype: 'float32', shape, data: entry.dtype === 'F16' ? float16ToFloat32(bits) : bfloat16ToFloat32(bits) };
  }
  throw new FormatError({
    code: 'WEFT_FORMAT_DTYPE',
    action: `read ${what.name} of ${what.path}`,
    rule: `tensors are read as ${Object.keys(DTYPE).join(', ')}${what.widen ? ', F16 or BF16' : ''}`,
    value: entry.dtype,
    remedy: what.widen ? 'Convert the tensor to one of these.' : 'Let 16-bit floats be widened (widen: true).',
  });
}

/** Fills `target` from the file, in reads that the system can take. */
async function fill(handle: FileHandle, target: Uint8Array, place: { readonly position: number; readonly path: string }): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const length = Math.min(CHUNK_BYTES, target.length - done);
    const { bytesRead } = await handle.read(target, done, length, place.position + done);
    if (bytesRead === 0) throw truncated(place.path, `${place.position + done} bytes, ${place.position + target.length} needed`);
    done += bytesRead;
  }
}

function missing(path: string, error: unknown): FormatError {
  if (error instanceof FormatError) return error;
  return new FormatError({
    code: 'WEFT_FORMAT_MISSING',
    action: `read ${path}`,
    rule: 'the file cannot be opened',
    value: (error as NodeJS.ErrnoException).code ?? (error as Error).message,
    remedy: 'Give the path of a safetensors file that you may read.',
    cause: error,
  });
}

function unknownTensor(path: string, name: string, entries: ReadonlyMap<string, SafetensorsEntry>): FormatError {
  const known = [...entries.keys()];
  const some = known.slice(0, 5).join(', ');
  return new FormatError({
    code: 'WEFT_FORMAT_TENSOR',
    action: `read ${name} of ${path}`,
    rule: 'the file has no such tensor',
    value: known.length === 0 ? 'it has none' : `it has ${some}${known.length > 5 ? ` and ${known.length - 5} more` : ''}`,
    remedy: 'Ask for one of its tensors.',
  });
}
