/**
 * The ids of pieces that were merged before. They are bounded, and forgotten when there are too many.
 *
 * A piece of up to 11 bytes, as nearly all of real text are, is its own key: its bytes and its length in three integers. A longer
 * one is found by its hash and compared with its stored bytes. A slot is four integers: the key, and the value, which is an id, or
 * `-1 - place` of several ids (see `values`).
 */

import type { TokenArena } from '../token-arena.ts';

/** Bytes that must be readable after the end of a piece. */
export const PIECE_PADDING = 12;
/** Bytes of a piece that is its own key at most. */
export const PACKED_BYTES = 11;
/** Bytes of a piece that is looked up at most. */
export const LONGEST_PIECE = 255;
/** The piece is not in the table. */
export const UNKNOWN_PIECE = -0x8000_0000;

/** Masks for the bytes of a packed piece, by its length: those of its first, second and third integer. */
export const FIRST_MASK: Int32Array = masks(0);
export const SECOND_MASK: Int32Array = masks(4);
export const THIRD_MASK: Int32Array = masks(8);

function masks(offset: number): Int32Array {
  return Int32Array.from({ length: PACKED_BYTES + 1 }, (_, length) => {
    const bytes = Math.max(0, Math.min(4, length - offset));
    return bytes === 4 ? -1 : (1 << (bytes * 8)) - 1;
  });
}

/** It grows by four, up to 2^18 slots. */
const FEWEST_BITS = 6;
/** Pieces that are remembered at most, about: 2^18 slots of 16 bytes, filled to three quarters. */
const MOST_REMEMBERED = 196_608;

/** A table of pieces. */
export interface PieceTable {
  /** The value of a packed piece, or {@link UNKNOWN_PIECE}; nothing can be remembered for it then. */
  findPacked(this: void, first: number, second: number, third: number): number;
  /** The value of the piece `bytes[start .. start + length)`, of {@link LONGEST_PIECE} at most, or {@link UNKNOWN_PIECE}. */
  // oxlint-disable-next-line max-params -- called for most pieces
  find(this: void, bytes: Uint8Array, view: DataView, start: number, length: number): number;
  /** Remembers `ids[0 .. count)` for the piece that was looked up last and not found, and returns its value. */
  remember(ids: Int32Array, count: number): number;
  /** At each place of several ids their number, then the ids. */
  values(): Int32Array;
  /** Changes whenever values that were given before are void. */
  generation(): number;
}

/** An empty table. */
export function createPieceTable(tokens: TokenArena): PieceTable {
  let bits = FEWEST_BITS;
  let slots = new Int32Array(4 << bits);
  let shift = 32 - bits;
  let taken = 0;
  let generation = 0;
  let values = new Int32Array(1 << 10);
  let valuesLength = 0;
  let texts = new Uint8Array(1 << 10);
  let textsLength = 0;
  // The piece that was looked up last: its key, its slot, and its bytes when it is long.
  let first = 0;
  let second = 0;
  let third = 0;
  let place = 0;
  let source = texts;
  let sourceStart = 0;
  let sourceLength = 0;

  const freeSlot = (a: number, b: number, c: number): number => {
    const mask = (1 << bits) - 1;
    let slot = hashOf(a, b, c) >>> shift;
    while (slots[slot * 4 + 2] !== 0) slot = (slot + 1) & mask;
    return slot * 4;
  };
  const forget = (): void => {
    slots.fill(0);
    taken = valuesLength = textsLength = 0;
    generation++;
  };
  const grow = (): void => {
    const old = slots;
    bits += 2;
    shift -= 2;
    slots = new Int32Array(4 << bits);
    for (let at = 0; at < old.length; at += 4) {
      const key = old[at + 2] as number;
      if (key === 0) continue;
      // A long piece's second integer is the place of its bytes, which is no part of its hash.
      const to = freeSlot(old[at] as number, key >>> 24 > PACKED_BYTES ? 0 : (old[at + 1] as number), key);
      slots[to] = old[at] as number;
      slots[to + 1] = old[at + 1] as number;
      slots[to + 2] = key;
      slots[to + 3] = old[at + 3] as number;
    }
  };
  const isText = (at: number, bytes: Uint8Array, start: number): boolean => {
    const value = slots[at + 3] as number;
    const [text, from] = value >= 0 ? [tokens.bytes, tokens.starts[value] as number] : [texts, slots[at + 1] as number];
    for (let index = 0; index < sourceLength; index++) if (bytes[start + index] !== text[from + index]) return false;
    return true;
  };

  return {
    values: () => values,
    generation: () => generation,
    findPacked(a, b, c) {
      const mask = (1 << bits) - 1;
      for (let slot = hashOf(a, b, c) >>> shift; ; slot = (slot + 1) & mask) {
        const at = slot * 4;
        const key = slots[at + 2] as number;
        if (key === c && slots[at] === a && slots[at + 1] === b) return slots[at + 3] as number;
        if (key === 0) return UNKNOWN_PIECE;
      }
    },
    // oxlint-disable-next-line max-params
    find(bytes, view, start, length) {
      const isPacked = length <= PACKED_BYTES;
      const a = isPacked ? view.getInt32(start, true) & (FIRST_MASK[length] as number) : longHash(bytes, start, length);
      const b = isPacked ? view.getInt32(start + 4, true) & (SECOND_MASK[length] as number) : 0;
      const c = isPacked ? (view.getInt32(start + 8, true) & (THIRD_MASK[length] as number)) | (length << 24) : longKey(length);
      const mask = (1 << bits) - 1;
      sourceLength = isPacked ? 0 : length;
      for (let slot = hashOf(a, b, c) >>> shift; ; slot = (slot + 1) & mask) {
        const at = slot * 4;
        const key = slots[at + 2] as number;
        if (key === c && slots[at] === a && (isPacked ? slots[at + 1] === b : isText(at, bytes, start))) return slots[at + 3] as number;
        if (key === 0) {
          first = a;
          second = b;
          third = c;
          place = at;
          source = bytes as Uint8Array<ArrayBuffer>;
          sourceStart = start;
          return UNKNOWN_PIECE;
        }
      }
    },
    remember(ids, count) {
      if (taken >= MOST_REMEMBERED) {
        forget();
        place = freeSlot(first, second, third);
      }
      const id = ids[0] as number;
      let value = id;
      // A long piece is compared with its token's bytes, unless bytes that the vocabulary lacks were left out.
      const isToken =
        count === 1 && (sourceLength === 0 || (tokens.starts[id + 1] as number) - (tokens.starts[id] as number) === sourceLength);
      if (!isToken) {
        if (valuesLength + count + 1 > values.length) values = enlarged(values, new Int32Array(Math.max(values.length * 2, count * 2)));
        value = -1 - valuesLength;
        values[valuesLength++] = count;
        for (let index = 0; index < count; index++) values[valuesLength++] = ids[index] as number;
        if (sourceLength > 0) {
          if (textsLength + sourceLength > texts.length) texts = enlarged(texts, new Uint8Array(texts.length * 2));
          texts.set(source.subarray(sourceStart, sourceStart + sourceLength), textsLength);
          second = textsLength;
          textsLength += sourceLength;
        }
      }
      slots[place] = first;
      slots[place + 1] = second;
      slots[place + 2] = third;
      slots[place + 3] = value;
      taken++;
      if (taken > 0.75 * (1 << bits) && taken < MOST_REMEMBERED) grow();
      return value;
    },
  };
}

/** The hash of a key; its highest bits are the best. */
export function hashOf(first: number, second: number, third: number): number {
  return Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b) ^ Math.imul(third, 0xc2b2ae35);
}

function longHash(bytes: Uint8Array, start: number, length: number): number {
  let hash = length;
  let at = start;
  for (const end = start + length - 3; at < end; at += 4) {
    const word =
      (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    hash = Math.imul((hash << 5) ^ (hash >>> 27) ^ word, 0x9e3779b1);
  }
  for (const end = start + length; at < end; at++) hash = Math.imul((hash << 5) ^ (hash >>> 27) ^ (bytes[at] as number), 0x9e3779b1);
  return hash;
}

/** A packed key's third integer has a length below 12 in its highest byte. */
function longKey(length: number): number {
  return (length << 24) | 0x80_0000;
}

function enlarged<A extends Uint8Array | Int32Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
