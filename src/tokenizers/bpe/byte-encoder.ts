/**
 * Text to ids by splitting and merging bytes: the fast path of byte-level tokenizers.
 *
 * Pieces are split many at a time, so that the loop over them is short and free of mispredicted branches. The commonest are found in a
 * small table that stays in the processor's cache, where each has one place; the others in the table of all pieces; what is in
 * neither is merged.
 */

import { type TokenArena, arenaSize } from '../token-arena.ts';
import { EVERY_KIND, SHORT_TEXTS, WARM_UPS } from '../splitting/every-kind.ts';
import type { BatchSplitter } from '../splitting/runs.ts';
import { type PieceEncoder, createBacktracker } from './backtrack.ts';
import type { BpeDefinition } from './bpe-definition.ts';
import { SHORT_PIECE, createByteMerger } from './merge-bytes.ts';
import { createMergeTable } from './merge-table.ts';
import { createPieceMerger } from './merge-piece.ts';
import {
  FIRST_MASK,
  LONGEST_PIECE,
  PACKED_BYTES,
  PIECE_PADDING,
  SECOND_MASK,
  THIRD_MASK,
  UNKNOWN_PIECE,
  createPieceTable,
  hashOf,
} from './piece-table.ts';

/** Encodes texts; it keeps tables and scratch memory between calls. */
export interface ByteEncoder {
  encode(text: string): Uint32Array;
  /** The number of ids, or a number above `limit` as soon as there are more. */
  count(text: string, limit: number): number;
  /** A place in the text, in UTF-16 units, where a piece ends, whatever is appended. */
  stableEnd(text: string): number;
}

/** UTF-16 units up to which the scratch memory of one text is kept for the next. */
const KEPT_UNITS = 1 << 18;
/** Slots of the small table: 2^14 of 16 bytes, a quarter of a megabyte. */
const HOT_BITS = 14;
const HOT_SHIFT = 32 - HOT_BITS;
/** Bytes up to which merging is as fast as matching tokens. */
const MATCHED_ABOVE = 16;
/** Bytes of longer pieces that are merged before it pays to prepare for matching tokens, which takes some 30 ms. */
const MERGED_BYTES = 1 << 17;
/** Bytes of one piece for which it pays at once. */
const MATCHED_AT_ONCE = 1 << 12;
/** Pieces that are split at a time. */
const BATCH = 512;

/** An encoder with empty tables. A byte that the vocabulary lacks is left out, as Hugging Face's library does. */
export function createByteEncoder(split: BatchSplitter, definition: BpeDefinition): ByteEncoder {
  const { byteIds, merges, tokens, ignoreMerges, areMergesSound, special } = definition;
  const reserved = new Set(special.tokens.values());
  const utf8 = new TextEncoder();
  const mergeTable = createMergeTable(merges);
  const merge = createPieceMerger(mergeTable);
  const mergeShort = ignoreMerges ? undefined : createByteMerger(mergeTable, byteIds);
  const makeMatcher = (): PieceEncoder | undefined =>
    createBacktracker({ tokens, merges: mergeTable, byteIds, ignoreMerges, reserved, areMergesSound });
  let matcher = ignoreMerges ? makeMatcher() : undefined;
  let isMatcherMade = ignoreMerges;
  const whole = ignoreMerges && matcher === undefined ? wholeTokens(tokens, reserved) : undefined;
  let merged = 0;
  const table = createPieceTable(tokens);
  const hot = new Int32Array(4 << HOT_BITS);
  let generation = table.generation();
  const ends = new Int32Array(BATCH);
  let kept = new Uint8Array(0);
  let keptView = new DataView(kept.buffer);
  let symbols = new Int32Array(256);
  let output = new Uint32Array(16);

  /** Merges the piece into `symbols` and returns how many ids it has. */
  const mergePiece = (bytes: Uint8Array, start: number, end: number): number => {
    const size = end - start;
    if (size > MATCHED_ABOVE && !isMatcherMade) {
      merged += size;
      if (merged > MERGED_BYTES || size > MATCHED_AT_ONCE) {
        isMatcherMade = true;
        matcher = makeMatcher();
      }
    }
    if (mergeShort !== undefined && size <= (matcher === undefined ? SHORT_PIECE : MATCHED_ABOVE)) {
      return mergeShort(bytes, start, end, symbols);
    }
    if (size > symbols.length) symbols = new Int32Array(size * 2);
    if (matcher !== undefined) return matcher(bytes, start, end, symbols);
    const id = whole?.get(keyOf(bytes, start, end));
    if (id !== undefined) {
      symbols[0] = id;
      return 1;
    }
    let count = 0;
    for (let at = start; at < end; at++) {
      const byteId = byteIds[bytes[at] as number] as number;
      if (byteId >= 0) symbols[count++] = byteId;
    }
    return merge(symbols, count);
  };

  /** Ids of the last piece that has no value: they are in `symbols` alone. */
  let longCount = 0;
  /** The value of a piece that is not in the small table, or {@link UNKNOWN_PIECE} when it is longer than what is remembered. */
  const find = (bytes: Uint8Array, view: DataView, start: number, end: number): number => {
    const size = end - start;
    if (size > LONGEST_PIECE) {
      longCount = mergePiece(bytes, start, end);
      return UNKNOWN_PIECE;
    }
    const value = table.find(bytes, view, start, size);
    return value === UNKNOWN_PIECE ? remember(bytes, start, end) : value;
  };
  // V8 does not inline what is not always the same function: the loop below stays small, and compiles in a few milliseconds.
  let miss: typeof find = (bytes, view, start, end) => find(bytes, view, start, end);
  /** Merges the piece that was looked up last, and remembers it. */
  const remember = (bytes: Uint8Array, start: number, end: number): number => {
    const value = table.remember(symbols, mergePiece(bytes, start, end));
    if (generation !== table.generation()) {
      generation = table.generation();
      hot.fill(0);
    }
    return value;
  };

  /** Counts the ids of `bytes[0 .. length)`, and writes them to `output` when `keep`; stops above `limit`. */
  const run = (bytes: Uint8Array, view: DataView, { length, keep, limit }: Run): number => {
    let count = 0;
    let start = 0;
    let ids = output;
    while (start < length && count <= limit) {
      const pieces = split(bytes, start, length, ends);
      if (keep && count + pieces > ids.length) ids = output = enlarged(ids, count + pieces);
      for (let piece = 0; piece < pieces; piece++) {
        const end = ends[piece] as number;
        const size = end - start;
        let value: number;
        if (size <= PACKED_BYTES) {
          const first = view.getInt32(start, true) & (FIRST_MASK[size] as number);
          const second = view.getInt32(start + 4, true) & (SECOND_MASK[size] as number);
          const third = (view.getInt32(start + 8, true) & (THIRD_MASK[size] as number)) | (size << 24);
          const at = (hashOf(first, second, third) >>> HOT_SHIFT) << 2;
          if (hot[at] === first && hot[at + 1] === second && hot[at + 2] === third) value = hot[at + 3] as number;
          else {
            value = table.findPacked(first, second, third);
            if (value === UNKNOWN_PIECE) value = miss(bytes, view, start, end);
            hot[at] = first;
            hot[at + 1] = second;
            hot[at + 2] = third;
            hot[at + 3] = value;
          }
        } else value = miss(bytes, view, start, end);
        start = end;
        if (value >= 0) {
          if (keep) ids[count] = value;
          count++;
          continue;
        }
        const isKept = value !== UNKNOWN_PIECE;
        const several = isKept ? table.values() : symbols;
        const from = isKept ? -value : 0;
        const more = isKept ? (several[from - 1] as number) : longCount;
        if (keep) {
          // Room for the rest of the batch too.
          if (count + more + pieces > ids.length) ids = output = enlarged(ids, count + more + pieces);
          for (let index = 0; index < more; index++) ids[count + index] = several[from + index] as number;
        }
        count += more;
      }
    }
    return count;
  };
  /** The text as UTF-8, with room behind it for what reads beyond its end. */
  const toBytes = (text: string): Utf8 => {
    let bytes = kept;
    let view = keptView;
    let length: number;
    if (text.length > KEPT_UNITS) {
      const exact = utf8.encode(text);
      length = exact.length;
      bytes = new Uint8Array(length + PIECE_PADDING);
      bytes.set(exact);
      view = new DataView(bytes.buffer);
    } else {
      const room = text.length * 3 + PIECE_PADDING;
      if (room > kept.length) {
        bytes = kept = new Uint8Array(Math.max(room, Math.min(2 * kept.length, KEPT_UNITS)));
        view = keptView = new DataView(kept.buffer);
      }
      length = utf8.encodeInto(text, bytes).written;
    }
    bytes[length] = 0;
    return { bytes, view, length };
  };
  const runText = (text: string, keep: boolean, limit: number): number => {
    const { bytes, view, length } = toBytes(text);
    const count = run(bytes, view, { length, keep, limit });
    if (symbols.length > KEPT_UNITS) symbols = new Int32Array(256);
    return count;
  };

  for (let round = 0; round < WARM_UPS; round++) {
    output = new Uint32Array(16);
    runText(EVERY_KIND, true, Infinity);
    for (const text of SHORT_TEXTS) runText(text, true, Infinity);
    runText(EVERY_KIND, false, 10);
    miss = find;
  }
  merged = 0;

  return {
    encode(text) {
      const count = runText(text, true, Infinity);
      const ids = output.slice(0, count);
      if (output.length > KEPT_UNITS) output = new Uint32Array(256);
      return ids;
    },
    count: (text, limit) => runText(text, false, limit),
    stableEnd(text) {
      const { bytes, length } = toBytes(text);
      // What is appended can change the last piece and the one before it: white space that a line end follows, a contraction.
      let [stable, before, last] = [0, 0, 0];
      while (last < length) {
        const pieces = split(bytes, last, length, ends);
        for (let piece = 0; piece < pieces; piece++) [stable, before, last] = [before, last, ends[piece] as number];
      }
      return unitsOf(bytes, stable);
    },
  };
}

interface Utf8 {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly length: number;
}

interface Run {
  readonly length: number;
  readonly keep: boolean;
  readonly limit: number;
}

/** Ids of all tokens by their bytes, less those that text never becomes. */
function wholeTokens(tokens: TokenArena, reserved: ReadonlySet<number>): ReadonlyMap<string, number> {
  const { bytes, starts } = tokens;
  const whole = new Map<string, number>();
  for (let id = 0; id < arenaSize(tokens); id++) {
    if (!reserved.has(id)) whole.set(keyOf(bytes, starts[id] as number, starts[id + 1] as number), id);
  }
  return whole;
}

/** Bytes as a key: one character a byte. */
function keyOf(bytes: Uint8Array, start: number, end: number): string {
  let key = '';
  for (let at = start; at < end; at++) key += String.fromCharCode(bytes[at] as number);
  return key;
}

/** UTF-16 units of `bytes[0 .. end)`. */
function unitsOf(bytes: Uint8Array, end: number): number {
  let units = 0;
  for (let at = 0; at < end; at++) {
    const byte = bytes[at] as number;
    units += byte >= 0xf0 ? 2 : (byte & 0xc0) === 0x80 ? 0 : 1;
  }
  return units;
}

function enlarged(old: Uint32Array, least: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(least, old.length * 2));
  larger.set(old);
  return larger;
}
