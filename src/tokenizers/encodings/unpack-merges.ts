/**
 * The vocabulary of a packed encoding, in the arrays that byte pair encoding works on: no string and no object is made for a token.
 *
 * The pairs are six planes of bytes (low, middle, high; of the left tokens, then of the right ones), deflated, in base64: see
 * `scripts/pack-encodings.mjs`.
 */

import { findNodeModule } from '../../core/index.ts';
import type { MergeList } from '../bpe/merge-table.ts';
import { ALPHABET } from '../byte-alphabet.ts';
import type { TokenArena } from '../token-arena.ts';

/** The merges of an encoding whose first 256 ids are the bytes in GPT-2's order, and whose next ids are those that merges make. */
export interface PackedMerges {
  readonly count: number;
  /** Base64 of the deflated planes. */
  readonly deflated: string;
  /** Merges behind them, where ids have gaps: left, right, result. */
  readonly more?: readonly (readonly [number, number, number])[];
}

/** The merges in the order of their ranks. */
export async function unpackMerges({ count, deflated, more = [] }: PackedMerges): Promise<MergeList> {
  const planes = await inflate(fromBase64(deflated));
  const length = count + more.length;
  const column = (first: number): Int32Array => {
    const ids = new Int32Array(length);
    const [low, middle, high] = [first * count, (first + 1) * count, (first + 2) * count];
    for (let index = 0; index < count; index++) {
      ids[index] = (planes[low + index] as number) | ((planes[middle + index] as number) << 8) | ((planes[high + index] as number) << 16);
    }
    return ids;
  };
  const merges = { lefts: column(0), rights: column(3), results: new Int32Array(length) };
  for (let index = 0; index < count; index++) merges.results[index] = ALPHABET.length + index;
  more.forEach(([left, right, result], index) => {
    merges.lefts[count + index] = left;
    merges.rights[count + index] = right;
    merges.results[count + index] = result;
  });
  return merges;
}

/** The bytes of all tokens: the bytes of what each was merged of, special tokens with their texts; ids without a token are empty. */
export function arenaOfMerges({ lefts, rights, results }: MergeList, specialTokens: ReadonlyMap<string, number>): TokenArena {
  const utf8 = new TextEncoder();
  const special = Array.from(specialTokens, ([text, id]) => ({ id, bytes: utf8.encode(text) }));
  const size = 1 + Math.max(results.at(-1) ?? 0, ALPHABET.length - 1, ...special.map(({ id }) => id));
  // The length of token `id` is at `id + 1` until it becomes the place where the token ends.
  const starts = new Uint32Array(size + 1).fill(1, 1, ALPHABET.length + 1);
  for (let rank = 0; rank < results.length; rank++) {
    starts[(results[rank] as number) + 1] =
      (starts[(lefts[rank] as number) + 1] as number) + (starts[(rights[rank] as number) + 1] as number);
  }
  for (const { id, bytes } of special) starts[id + 1] = bytes.length;
  for (let id = 0; id < size; id++) starts[id + 1] = (starts[id] as number) + (starts[id + 1] as number);

  const bytes = new Uint8Array(starts[size] as number);
  bytes.set(ALPHABET);
  for (let rank = 0; rank < results.length; rank++) {
    const left = lefts[rank] as number;
    const right = rights[rank] as number;
    let at = starts[results[rank] as number] as number;
    // Tokens are a few bytes long: a loop is faster than `copyWithin`.
    for (let from = starts[left] as number, end = starts[left + 1] as number; from < end; from++) bytes[at++] = bytes[from] as number;
    for (let from = starts[right] as number, end = starts[right + 1] as number; from < end; from++) bytes[at++] = bytes[from] as number;
  }
  for (const token of special) bytes.set(token.bytes, starts[token.id]);
  return { bytes, starts };
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const { Buffer } = globalThis as { readonly Buffer?: { from(text: string, encoding: 'base64'): Uint8Array<ArrayBuffer> } };
  if (Buffer !== undefined) return Buffer.from(text, 'base64');
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

/** Node's zlib does it in one call; elsewhere it is a stream. */
async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const zlib = findNodeModule('node:zlib');
  if (zlib !== undefined) return zlib.inflateRawSync(bytes);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
