/** GGUF files made by hand. Source: ggml-org/ggml, `docs/gguf.md`. */

/** A value with its type's number: a list has its elements' type. */
export type GgufEntry =
  | { readonly type: 4 | 5 | 6 | 7 | 10; readonly value: number }
  | { readonly type: 8; readonly value: string }
  | { readonly type: 9; readonly element: 4 | 5 | 6 | 8; readonly value: readonly (string | number)[] };

/** A string of the metadata: an entry of type 8. */
export const text = (value: string): GgufEntry => ({ type: 8, value });
/** A list of strings. */
export const texts = (value: readonly string[]): GgufEntry => ({ type: 9, element: 8, value });
/** A list of integers. */
export const integers = (value: readonly number[]): GgufEntry => ({ type: 9, element: 5, value });
/** A list of floats. */
export const floats = (value: readonly number[]): GgufEntry => ({ type: 9, element: 6, value });
/** An unsigned integer. */
export const id = (value: number): GgufEntry => ({ type: 4, value });
/** A flag. */
export const flag = (value: boolean): GgufEntry => ({ type: 7, value: value ? 1 : 0 });

/** The bytes of a file with these metadata and no tensors. */
export function ggufFile(entries: Readonly<Record<string, GgufEntry>>, { version = 3 }: { readonly version?: number } = {}): Uint8Array {
  const keys = Object.entries(entries);
  return Buffer.concat([
    Buffer.from('GGUF'),
    uint32(version),
    uint64(0),
    uint64(keys.length),
    ...keys.flatMap(([key, entry]) => [string(key), uint32(entry.type), ...content(entry)]),
  ]);
}

function content(entry: GgufEntry): readonly Buffer[] {
  if (entry.type === 9)
    return [uint32(entry.element), uint64(entry.value.length), ...entry.value.map((value) => scalar(entry.element, value))];
  return [scalar(entry.type, entry.value)];
}

function scalar(type: number, value: string | number): Buffer {
  if (typeof value === 'string') return string(value);
  const bytes = Buffer.alloc(type === 7 ? 1 : type === 10 ? 8 : 4);
  if (type === 7) bytes.writeUInt8(value);
  else if (type === 10) bytes.writeBigUInt64LE(BigInt(value));
  else if (type === 6) bytes.writeFloatLE(value);
  else if (type === 5) bytes.writeInt32LE(value);
  else bytes.writeUInt32LE(value);
  return bytes;
}

/** Its length in eight bytes, then its UTF-8. */
export function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

/** Four bytes, little-endian. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Eight bytes, little-endian. */
export function uint64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
