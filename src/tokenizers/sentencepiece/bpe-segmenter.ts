/**
 * SentencePiece's byte pair encoding: user-defined symbols stand fast, all other characters merge with their neighbours into the piece
 * of the highest score, the leftmost first. A piece that is not to be used still takes part, and is taken apart at the end into the
 * two that it was last seen to be made of. Source: google/sentencepiece 0.1.97, src/bpe_model.cc, `SampleEncode` without sampling.
 */

import { widthOf } from './adjacent-characters.ts';
import { createSymbolMerger } from './merge-symbols.ts';
import { createMergeVocabulary } from './merge-vocabulary.ts';
import type { Segmenter } from './segmenter.ts';

/** A vocabulary for merging. */
export interface BpeSegmenterOptions {
  /** Bytes of the pieces that text can become, by id; undefined for the others. */
  readonly pieces: readonly (Uint8Array | undefined)[];
  readonly scores: ArrayLike<number>;
  readonly unknownId: number;
  /** Ids of control, unknown and byte pieces, which win over others of the same text. */
  readonly reserved: ReadonlyMap<string, number>;
  readonly unused: ReadonlySet<number>;
  /** How many bytes the longest user-defined symbol takes that begins at `start`; 0 for none. Undefined where there are no symbols. */
  readonly symbolAt: ((bytes: Uint8Array, start: number, end: number) => number) | undefined;
}

/** Symbols that stand fast are kept as this minus their number; an unknown character is -1. */
const FAST = -2;

/** Symbols up to which scratch memory is kept for the next text. */
const KEPT = 1 << 18;

/** A segmenter of a vocabulary. */
export function createBpeSegmenter({ pieces, scores, unknownId, reserved, unused, symbolAt }: BpeSegmenterOptions): Segmenter {
  const vocabulary = createMergeVocabulary(pieces, scores);
  const { widths, merged, symbolOf } = vocabulary;
  // A reserved piece of the same text comes first, and a character that is no piece is unknown.
  const finalIds = Int32Array.from(widths, (_, symbol) => (symbol < pieces.length ? symbol : unknownId));
  for (const [text, id] of reserved) {
    const bytes = new TextEncoder().encode(text);
    const symbol = symbolOf(bytes, 0, bytes.length);
    if (symbol >= 0) finalIds[symbol] = id;
  }
  const lastLeft = new Int32Array(unused.size === 0 ? 0 : pieces.length).fill(-1);
  const lastRight = new Int32Array(lastLeft.length);
  const hasUnused = unused.size > 0;
  const merge = createSymbolMerger(
    !hasUnused
      ? merged
      : (left, right) => {
          const piece = merged(left, right);
          if (piece >= 0 && unused.has(piece)) {
            lastLeft[piece] = left;
            lastRight[piece] = right;
          }
          return piece;
        },
    vocabulary.ranks,
  );
  const ascii = Int32Array.from({ length: 128 }, (_, byte) => symbolOf(Uint8Array.of(byte), 0, 1));
  let symbols = new Int32Array(256);
  let ids = new Int32Array(256);
  let ends = new Int32Array(256);
  let count = 0;

  /** Takes an unused piece apart, and puts its tokens. */
  const putParts = (whole: number, end: number): void => {
    const waiting = [whole];
    let at = end - (widths[whole] as number);
    for (let symbol = waiting.pop(); symbol !== undefined; symbol = waiting.pop()) {
      if (unused.has(symbol) && finalIds[symbol] === symbol && (lastLeft[symbol] as number) >= 0) {
        waiting.push(lastRight[symbol] as number, lastLeft[symbol] as number);
        continue;
      }
      at += widths[symbol] as number;
      reserve(count + 1);
      ids[count] = finalIds[symbol] as number;
      ends[count++] = at;
    }
  };
  const reserve = (room: number): void => {
    if (room <= ids.length) return;
    ids = enlarged(ids, room);
    ends = enlarged(ends, room);
  };
  /** Makes symbols of characters and of user-defined symbols. */
  const readSymbols = (bytes: Uint8Array, start: number, end: number): number => {
    if (end - start > symbols.length || symbols.length > KEPT) symbols = new Int32Array(Math.max(256, end - start));
    const to = symbols;
    let size = 0;
    for (let at = start; at < end;) {
      const fast = symbolAt === undefined ? 0 : symbolAt(bytes, at, end);
      if (fast > 0) {
        to[size++] = FAST - symbolOf(bytes, at, at + fast);
        at += fast;
        continue;
      }
      const lead = bytes[at] as number;
      if (lead < 0x80) {
        to[size++] = ascii[lead] as number;
        at++;
        continue;
      }
      const next = Math.min(at + widthOf(lead), end);
      to[size++] = symbolOf(bytes, at, next);
      at = next;
    }
    return size;
  };

  const mergeSymbols = (bytes: Uint8Array, start: number, end: number): number => {
    const size = readSymbols(bytes, start, end);
    return merge(symbols, size);
  };

  return {
    segment(bytes, start, end) {
      if (ids.length > KEPT) ids = ends = new Int32Array(0);
      if (unused.size > 0) lastLeft.fill(-1);
      const size = mergeSymbols(bytes, start, end);
      count = 0;
      reserve(Math.max(256, size));
      for (let index = 0, at = start; index < size; index++) {
        const symbol = symbols[index] as number;
        if (symbol === -1) at = Math.min(at + widthOf(bytes[at] as number), end);
        else at += widths[symbol < 0 ? FAST - symbol : symbol] as number;
        if (hasUnused && symbol >= 0 && unused.has(symbol)) {
          putParts(symbol, at - start);
          continue;
        }
        if (hasUnused) reserve(count + 1);
        ids[count] = symbol === -1 ? unknownId : (finalIds[symbol < 0 ? FAST - symbol : symbol] as number);
        ends[count++] = at - start;
      }
      return count;
    },
    ids: () => ids,
    ends: () => ends,
    safeBase: () => Infinity,
  };
}

function enlarged(old: Int32Array<ArrayBuffer>, room: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(old.length * 2, room));
  larger.set(old);
  return larger;
}
