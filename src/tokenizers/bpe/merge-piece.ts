/**
 * Merges the bytes of one piece, lowest rank first, leftmost first among equals.
 *
 * Short pieces by scanning for the lowest rank; long ones by a heap over a linked list, n log n, so that no input makes it quadratic.
 */

import { mergeLongPiece } from './merge-long-piece.ts';
import type { MergeTable } from './merge-table.ts';

/** Merges `ids[0 .. count)` in place and returns how many are left. */
export type PieceMerger = (ids: Int32Array, count: number) => number;

/** Up to this many symbols scanning beats the heap. */
const SCAN_LIMIT = 48;

/** Beyond so many symbols a queue for each rank beats one heap. */
const LONG = 1 << 14;

/** Ranks times this, plus a position, are exact integers of a double: 2^53 / 2^28 leaves 2^25 ranks. */
const POSITIONS = 2 ** 28;

const NONE = 0x7fffffff;

/** A merger for one table; it keeps scratch memory between calls. */
export function createPieceMerger(table: MergeTable): PieceMerger {
  const ranks = new Int32Array(SCAN_LIMIT);
  const rankOf = (left: number, right: number): number => {
    const rank = table.rank(left, right);
    return rank < 0 ? NONE : rank;
  };

  const scan: PieceMerger = (ids, length) => {
    let count = length;
    for (let index = 0; index + 1 < count; index++) ranks[index] = rankOf(ids[index] as number, ids[index + 1] as number);
    while (count > 1) {
      let best = NONE;
      let at = 0;
      for (let index = 0; index + 1 < count; index++) {
        const rank = ranks[index] as number;
        if (rank < best) {
          best = rank;
          at = index;
        }
      }
      if (best === NONE) return count;
      ids[at] = table.results[best] as number;
      count--;
      for (let index = at + 1; index < count; index++) {
        ids[index] = ids[index + 1] as number;
        ranks[index] = ranks[index + 1] as number;
      }
      if (at > 0) ranks[at - 1] = rankOf(ids[at - 1] as number, ids[at] as number);
      if (at + 1 < count) ranks[at] = rankOf(ids[at] as number, ids[at + 1] as number);
    }
    return count;
  };

  return (ids, count) => {
    if (count <= SCAN_LIMIT) return scan(ids, count);
    return count > LONG ? mergeLongPiece(table, ids, count) : mergeByHeap(table, ids, count);
  };
}

function mergeByHeap(table: MergeTable, ids: Int32Array, count: number): number {
  const next = new Int32Array(count); // 0 after the last one
  const previous = new Int32Array(count); // -1 before the first one
  const heap = new Float64Array(count * 3);
  let size = 0;

  const push = (left: number): void => {
    const right = next[left] as number;
    if (right === 0) return;
    const rank = table.rank(ids[left] as number, ids[right] as number);
    if (rank < 0) return;
    const value = rank * POSITIONS + left;
    let at = size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const other = heap[parent] as number;
      if (other <= value) break;
      heap[at] = other;
      at = parent;
    }
    heap[at] = value;
  };
  /** The lowest entry, or -1. */
  const pop = (): number => {
    if (size === 0) return -1;
    const top = heap[0] as number;
    const value = heap[--size] as number;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= value) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = value;
    return top;
  };

  for (let index = 0; index < count; index++) {
    next[index] = index + 1 < count ? index + 1 : 0;
    previous[index] = index - 1;
  }
  for (let index = 0; index + 1 < count; index++) push(index);
  for (let value = pop(); value >= 0; value = pop()) {
    const rank = Math.floor(value / POSITIONS);
    const left = value - rank * POSITIONS;
    const right = next[left] as number;
    // An entry is stale when its pair was merged or changed meanwhile; a dead symbol is -1, which has no merges.
    if (right === 0 || ids[left] === -1 || table.rank(ids[left] as number, ids[right] as number) !== rank) continue;
    const after = next[right] as number;
    ids[left] = table.results[rank] as number;
    ids[right] = -1;
    next[left] = after;
    if (after !== 0) previous[after] = left;
    const before = previous[left] as number;
    if (before >= 0) push(before);
    push(left);
  }
  let length = 0;
  for (let index = 0; index < count; index++) if (ids[index] !== -1) ids[length++] = ids[index] as number;
  return length;
}
