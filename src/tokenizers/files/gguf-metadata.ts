/**
 * The metadata of a GGUF file, what it says of the tokenizer. Tensors are never touched. Every count and length is held against what
 * is left of the bytes before anything is made of it.
 *
 * Source: ggml-org/ggml, `docs/gguf.md`, versions 2 and 3, little-endian.
 */

import { LARGEST_VOCABULARY } from '../tokenizer.ts';
import { formatError } from './file-error.ts';

/** A value: numbers of 64 bits are rounded to doubles. */
export type GgufValue = string | number | boolean | readonly string[] | readonly number[] | readonly boolean[];

/** Whether bytes begin as a GGUF file does. */
export function isGguf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x47 && bytes[1] === 0x47 && bytes[2] === 0x55 && bytes[3] === 0x46;
}

const MOST_KEYS = 1 << 16;
const LONGEST_KEY = (1 << 16) - 1;
const LONGEST_STRING = 2 ** 28;
const DEEPEST = 4;

const STRING = 8;
const ARRAY = 9;

type Reader = (view: DataView, at: number) => number | boolean;

/** Bytes of each type of fixed size, and how it is read. */
const FIXED: ReadonlyMap<number, readonly [size: number, read: Reader]> = new Map<number, readonly [number, Reader]>([
  [0, [1, (view, at) => view.getUint8(at)]],
  [1, [1, (view, at) => view.getInt8(at)]],
  [2, [2, (view, at) => view.getUint16(at, true)]],
  [3, [2, (view, at) => view.getInt16(at, true)]],
  [4, [4, (view, at) => view.getUint32(at, true)]],
  [5, [4, (view, at) => view.getInt32(at, true)]],
  [6, [4, (view, at) => view.getFloat32(at, true)]],
  [7, [1, (view, at) => view.getUint8(at) !== 0]],
  [10, [8, (view, at) => Number(view.getBigUint64(at, true))]],
  [11, [8, (view, at) => Number(view.getBigInt64(at, true))]],
  [12, [8, (view, at) => view.getFloat64(at, true)]],
]);

/** Thrown where the bytes end before the metadata does. */
const ENDS_EARLY = Symbol('ends early');

/**
 * The values whose keys begin with `tokenizer.`, and `general.architecture`.
 *
 * @param bytes - the file, or its beginning
 * @returns undefined when the metadata goes on behind the bytes
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` when it is no GGUF file or one that lies
 */
export function readGgufMetadata(bytes: Uint8Array, origin: string): ReadonlyMap<string, GgufValue> | undefined {
  try {
    return readAll(bytes, origin);
  } catch (error) {
    if (error === ENDS_EARLY) return undefined;
    throw error;
  }
}

function readAll(bytes: Uint8Array, origin: string): ReadonlyMap<string, GgufValue> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  let position = 0;

  /** Where the next `length` bytes begin. */
  const take = (length: number): number => {
    // eslint-disable-next-line typescript/only-throw-error -- caught in this file
    if (length > bytes.length - position) throw ENDS_EARLY;
    position += length;
    return position - length;
  };
  const uint32 = (): number => view.getUint32(take(4), true);
  const uint64 = (most: number, name: string): number => {
    const value = Number(view.getBigUint64(take(8), true));
    if (value > most) throw formatError(origin, `${name} is ${most} or less`, value);
    return value;
  };
  const string = (most: number, name: string): string => {
    const length = uint64(most, name);
    const start = take(length);
    return utf8.decode(bytes.subarray(start, start + length));
  };
  const value = (type: number, key: string): GgufValue => {
    const fixed = FIXED.get(type);
    if (fixed !== undefined) return fixed[1](view, take(fixed[0]));
    if (type === STRING) return string(LONGEST_STRING, `the length of ${key}`);
    if (type !== ARRAY) throw formatError(origin, `the type of ${key} is known`, type);
    const element = uint32();
    const count = uint64(LARGEST_VOCABULARY, `the number of elements of ${key}`);
    const size = FIXED.get(element);
    if (size !== undefined) {
      const start = take(count * size[0]);
      return Array.from({ length: count }, (_, index) => size[1](view, start + index * size[0])) as readonly number[];
    }
    if (element !== STRING) throw formatError(origin, `the elements of ${key} are numbers or strings`, `type ${element}`);
    const strings: string[] = [];
    for (let index = 0; index < count; index++) strings.push(string(LONGEST_STRING, `the length of ${key}[${index}]`));
    return strings;
  };
  const skip = (type: number, key: string, depth: number): void => {
    const fixed = FIXED.get(type);
    if (fixed !== undefined) return void take(fixed[0]);
    if (type === STRING) return void take(uint64(LONGEST_STRING, `the length of ${key}`));
    if (type !== ARRAY) throw formatError(origin, `the type of ${key} is known`, type);
    if (depth === DEEPEST) throw formatError(origin, `lists are ${DEEPEST} deep or less`, key);
    const element = uint32();
    const count = uint64(LONGEST_STRING, `the number of elements of ${key}`);
    const size = FIXED.get(element)?.[0];
    if (size !== undefined) return void take(count * size);
    for (let index = 0; index < count; index++) skip(element, key, depth + 1);
  };

  if (!isGguf(bytes)) throw formatError(origin, 'a GGUF file begins with GGUF', utf8.decode(bytes.subarray(0, 4)));
  take(4);
  const version = uint32();
  if (version !== 2 && version !== 3) throw formatError(origin, 'its version is 2 or 3, little-endian', version);
  take(8); // number of tensors
  const keys = uint64(MOST_KEYS, 'the number of keys');
  const found = new Map<string, GgufValue>();
  for (let index = 0; index < keys; index++) {
    const key = string(LONGEST_KEY, 'the length of a key');
    const type = uint32();
    if (!key.startsWith('tokenizer.') && key !== 'general.architecture') {
      skip(type, key, 0);
      continue;
    }
    if (found.has(key)) throw formatError(origin, 'every key is given once', key);
    found.set(key, value(type, key));
  }
  return found;
}
