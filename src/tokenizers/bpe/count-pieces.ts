/** Counts the distinct pieces of texts: all that training needs to know of a corpus, however large. */

import type { BatchSplitter } from '../splitting/runs.ts';

/** Distinct pieces and how often each was seen. */
export interface PieceCounts {
  readonly size: number;
  /** UTF-8 bytes of all pieces, end to end. */
  readonly bytes: Uint8Array;
  /** Where each piece begins in `bytes`; one more entry for the end. */
  readonly starts: Float64Array;
  readonly counts: Float64Array;
}

/** Counts pieces, text by text. */
export interface PieceCounter {
  add(text: string): void;
  /** UTF-8 bytes of the texts so far. */
  readonly bytesSeen: () => number;
  result(): PieceCounts;
}

/** Bytes that must be readable after the end of a piece. */
const PADDING = 4;
/** Pieces that are split at a time. */
const BATCH = 512;

/**
 * A counter that holds at most `limit` distinct pieces: beyond that it forgets those seen only once, so that its memory is bounded.
 */
export function createPieceCounter(split: BatchSplitter, limit: number): PieceCounter {
  const utf8 = new TextEncoder();
  let buffer = new Uint8Array(0);
  let view = new DataView(buffer.buffer);
  let arena = new Uint8Array(1 << 16);
  let arenaLength = 0;
  let starts = new Float64Array(1 << 12);
  let counts = new Float64Array(1 << 12);
  let hashes = new Int32Array(1 << 12);
  let size = 0;
  let slots = new Int32Array(1 << 13); // Piece + 1; 0 is empty.
  let mask = slots.length - 1;
  let bytesSeen = 0;
  const ends = new Int32Array(BATCH);

  const place = (): void => {
    slots.fill(0);
    for (let piece = 0; piece < size; piece++) {
      let slot = (hashes[piece] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = piece + 1;
    }
  };
  /** Forgets the pieces that were seen once, in place. */
  const prune = (): void => {
    let kept = 0;
    let position = 0;
    const end = arenaLength;
    for (let piece = 0; piece < size; piece++) {
      const start = starts[piece] as number;
      const stop = piece + 1 < size ? (starts[piece + 1] as number) : end;
      if (counts[piece] === 1) continue;
      arena.copyWithin(position, start, stop);
      starts[kept] = position;
      counts[kept] = counts[piece] as number;
      hashes[kept] = hashes[piece] as number;
      position += stop - start;
      kept++;
    }
    size = kept;
    arenaLength = position;
    place();
  };
  const insert = (start: number, end: number, hash: number): void => {
    if (size === counts.length) {
      starts = enlarged(starts, new Float64Array(size * 2));
      counts = enlarged(counts, new Float64Array(size * 2));
      hashes = enlarged(hashes, new Int32Array(size * 2));
    }
    while (arenaLength + end - start > arena.length) arena = enlarged(arena, new Uint8Array(arena.length * 2));
    arena.set(buffer.subarray(start, end), arenaLength);
    starts[size] = arenaLength;
    counts[size] = 1;
    hashes[size] = hash;
    arenaLength += end - start;
    size++;
    if (size > limit) prune();
    if (size * 2 > mask) {
      slots = new Int32Array(slots.length * 2);
      mask = slots.length - 1;
      place();
    }
  };
  const isPiece = (piece: number, start: number, length: number): boolean => {
    const from = starts[piece] as number;
    const to = piece + 1 < size ? (starts[piece + 1] as number) : arenaLength;
    if (to - from !== length) return false;
    for (let index = 0; index < length; index++) if (arena[from + index] !== buffer[start + index]) return false;
    return true;
  };
  const count = (start: number, end: number): void => {
    const length = end - start;
    let hash = length;
    let at = start;
    for (; at + 4 <= end; at += 4) hash = Math.imul((hash << 5) ^ (hash >>> 27) ^ view.getInt32(at, true), 0x9e3779b1);
    if (at < end) hash = Math.imul((hash << 5) ^ (hash >>> 27) ^ (view.getInt32(at, true) & ((1 << ((end - at) * 8)) - 1)), 0x9e3779b1);
    hash ^= hash >>> 15;
    let slot = hash & mask;
    for (;;) {
      const piece = (slots[slot] as number) - 1;
      if (piece < 0) {
        slots[slot] = size + 1;
        insert(start, end, hash);
        return;
      }
      if (hashes[piece] === hash && isPiece(piece, start, length)) {
        counts[piece] = (counts[piece] as number) + 1;
        return;
      }
      slot = (slot + 1) & mask;
    }
  };

  return {
    bytesSeen: () => bytesSeen,
    add(text) {
      const room = text.length * 3 + PADDING;
      if (room > buffer.length) {
        buffer = new Uint8Array(Math.max(room, Math.min(buffer.length * 2, 1 << 20)));
        view = new DataView(buffer.buffer);
      }
      const length = utf8.encodeInto(text, buffer).written;
      bytesSeen += length;
      buffer[length] = 0;
      for (let start = 0; start < length;) {
        const pieces = split(buffer, start, length, ends);
        for (let piece = 0; piece < pieces; piece++) {
          const end = ends[piece] as number;
          count(start, end);
          start = end;
        }
      }
    },
    result() {
      const ends = new Float64Array(size + 1);
      ends.set(starts.subarray(0, size));
      ends[size] = arenaLength;
      return { size, bytes: arena.subarray(0, arenaLength), starts: ends, counts: counts.subarray(0, size) };
    },
  };
}

function enlarged<A extends Uint8Array | Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
