/**
 * Text to ids by splitting and merging bytes: the fast path of byte-level tokenizers.
 *
 * Pieces are split many at a time, so that the loop over them is short and free of mispredicted branches. The commonest are found in a
 * small table that stays in the processor's cache, where each has one place; the others in the table of all pieces; what is in
 * neither is merged.
 */

import type { BatchSplitter } from '../splitting/runs.ts';
import { createBacktracker } from './backtrack.ts';
import type { BpeDefinition } from './bpe-definition.ts';
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
}

/** UTF-16 units up to which the scratch memory of one text is kept for the next. */
const KEPT_UNITS = 1 << 18;
/** Slots of the small table: 2^14 of 16 bytes, a quarter of a megabyte. */
const HOT_BITS = 14;
const HOT_SHIFT = 32 - HOT_BITS;
/** Pieces that are split at a time. */
const BATCH = 512;

/** An encoder with empty tables. A byte that the vocabulary lacks is left out, as Hugging Face's library does. */
export function createByteEncoder(split: BatchSplitter, { byteIds, merges, tokens, ignoreMerges }: BpeDefinition): ByteEncoder {
  const utf8 = new TextEncoder();
  const mergeTable = createMergeTable(merges);
  const merge = createPieceMerger(mergeTable);
  const backtrack = createBacktracker({ tokens, table: mergeTable, byteIds, ignoreMerges });
  const table = createPieceTable(tokens, false);
  const hot = new Int32Array(4 << HOT_BITS);
  let generation = table.generation();
  const ends = new Int32Array(BATCH);
  let kept = new Uint8Array(0);
  let keptView = new DataView(kept.buffer);
  let symbols = new Int32Array(256);
  let output = new Uint32Array(256);

  /** Merges the piece into `symbols` and returns how many ids it has. */
  const mergePiece = (bytes: Uint8Array, start: number, end: number): number => {
    if (end - start > symbols.length) symbols = new Int32Array((end - start) * 2);
    if (backtrack !== undefined) return backtrack(bytes, start, end, symbols);
    let count = 0;
    for (let at = start; at < end; at++) {
      const id = byteIds[bytes[at] as number] as number;
      if (id >= 0) symbols[count++] = id;
    }
    return merge(symbols, count);
  };

  /** Counts the ids of `bytes[0 .. length)`, and writes them to `output` when `keep`; stops above `limit`. */
  const run = (bytes: Uint8Array, view: DataView, { length, keep, limit }: Run): number => {
    let count = 0;
    let start = 0;
    let ids = output;
    while (start < length) {
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
            if (value === UNKNOWN_PIECE) value = table.remember(symbols, mergePiece(bytes, start, end));
            hot[at] = first;
            hot[at + 1] = second;
            hot[at + 2] = third;
            hot[at + 3] = value;
          }
        } else value = findLong(bytes, start, end);
        if (value >= 0) {
          if (keep) ids[count] = value;
          count++;
        } else {
          const several = value === UNKNOWN_PIECE ? symbols : table.values();
          const from = value === UNKNOWN_PIECE ? 0 : -value;
          const more = value === UNKNOWN_PIECE ? longCount : (several[from - 1] as number);
          if (keep) {
            // Room for the rest of the batch too.
            if (count + more + pieces - piece > ids.length) ids = output = enlarged(ids, count + more + pieces - piece);
            for (let index = 0; index < more; index++) ids[count + index] = several[from + index] as number;
          }
          count += more;
        }
        if (generation !== table.generation()) forget();
        start = end;
      }
      if (count > limit) break;
    }
    return count;
  };
  let longCount = 0;
  /** The value of a piece that is not its own key; {@link UNKNOWN_PIECE} when its `longCount` ids are in `symbols` alone. */
  const findLong = (bytes: Uint8Array, start: number, end: number): number => {
    const size = end - start;
    if (size <= LONGEST_PIECE) {
      const value = table.findLong(bytes, start, size);
      return value === UNKNOWN_PIECE ? table.remember(symbols, mergePiece(bytes, start, end)) : value;
    }
    longCount = mergePiece(bytes, start, end);
    return UNKNOWN_PIECE;
  };
  const forget = (): void => {
    generation = table.generation();
    hot.fill(0);
  };
  const runText = (text: string, keep: boolean, limit: number): number => {
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
    const count = run(bytes, view, { length, keep, limit });
    if (symbols.length > KEPT_UNITS) symbols = new Int32Array(256);
    return count;
  };

  return {
    encode(text) {
      const count = runText(text, true, Infinity);
      const ids = output.slice(0, count);
      if (output.length > KEPT_UNITS) output = new Uint32Array(256);
      return ids;
    },
    count: (text, limit) => runText(text, false, limit),
  };
}

interface Run {
  readonly length: number;
  readonly keep: boolean;
  readonly limit: number;
}

function enlarged(old: Uint32Array, least: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(least, old.length * 2));
  larger.set(old);
  return larger;
}
