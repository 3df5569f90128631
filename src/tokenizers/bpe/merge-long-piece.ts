/**
 * Merges the symbols of a very long piece, lowest rank first, leftmost first among equals.
 *
 * In long pieces (a text without a pre-tokenizer, a megabyte of one letter) there are many pairs of few ranks, and nearly all of them
 * come up from left to right. So each rank has a queue, in which the next pair is found at once; pairs that come up out of order wait
 * in a heap, which keeps the worst case at n log n.
 */

import type { MergeTable } from './merge-table.ts';

/** Ranks times this, plus a position, are exact integers of a double: 2^53 / 2^28 leaves 2^25 ranks. */
const POSITIONS = 2 ** 28;

const NOTHING = Number.POSITIVE_INFINITY;

/** Merges `ids[0 .. count)` in place and returns how many are left. */
export function mergeLongPiece(table: MergeTable, ids: Int32Array, count: number): number {
  if (!hasMerges(table, ids, count)) return count;
  const next = new Int32Array(count); // 0 after the last one
  const previous = new Int32Array(count); // -1 before the first one
  // Entries of queues, linked; every merge adds two at most.
  const places = new Int32Array(count * 3);
  const links = new Int32Array(count * 3);
  let entries = 0;
  const heads = new Int32Array(table.results.length).fill(-1);
  const tails = new Int32Array(table.results.length);
  const isWaiting = new Uint8Array(table.results.length); // Whether a rank is in the heap of ranks.
  const ranks = createHeap();
  const strays = createHeap();

  const push = (left: number): void => {
    const right = next[left] as number;
    if (right === 0) return;
    const rank = table.rank(ids[left] as number, ids[right] as number);
    if (rank < 0) return;
    const isEmpty = heads[rank] === -1;
    if (!isEmpty && (places[tails[rank] as number] as number) > left) {
      strays.push(rank * POSITIONS + left);
      return;
    }
    places[entries] = left;
    links[entries] = -1;
    if (isEmpty) heads[rank] = entries;
    else links[tails[rank] as number] = entries;
    tails[rank] = entries++;
    if (isWaiting[rank] === 1) return;
    isWaiting[rank] = 1;
    ranks.push(rank);
  };
  /** The lowest entry, or infinity. */
  const pop = (): number => {
    let rank = ranks.top();
    while (rank !== NOTHING && heads[rank] === -1) {
      isWaiting[rank] = 0;
      ranks.pop();
      rank = ranks.top();
    }
    const stray = strays.top();
    if (rank === NOTHING) {
      if (stray !== NOTHING) strays.pop();
      return stray;
    }
    const head = heads[rank] as number;
    const value = rank * POSITIONS + (places[head] as number);
    if (stray < value) {
      strays.pop();
      return stray;
    }
    heads[rank] = links[head] as number;
    return value;
  };

  for (let index = 0; index < count; index++) {
    next[index] = index + 1 < count ? index + 1 : 0;
    previous[index] = index - 1;
  }
  for (let index = 0; index + 1 < count; index++) push(index);
  for (let value = pop(); value !== NOTHING; value = pop()) {
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

function hasMerges(table: MergeTable, ids: Int32Array, count: number): boolean {
  for (let index = 0; index + 1 < count; index++) if (table.rank(ids[index] as number, ids[index + 1] as number) >= 0) return true;
  return false;
}

/** A binary heap of numbers. */
interface Heap {
  top(): number;
  pop(): void;
  push(value: number): void;
}

function createHeap(): Heap {
  const values: number[] = [];
  return {
    top: () => values[0] ?? NOTHING,
    push(value) {
      let at = values.length;
      values.push(value);
      while (at > 0) {
        const parent = (at - 1) >> 1;
        const other = values[parent] as number;
        if (other <= value) break;
        values[at] = other;
        at = parent;
      }
      values[at] = value;
    },
    pop() {
      const value = values.pop() as number;
      const size = values.length;
      if (size === 0) return;
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= size) break;
        if (child + 1 < size && (values[child + 1] as number) < (values[child] as number)) child++;
        if ((values[child] as number) >= value) break;
        values[at] = values[child] as number;
        at = child;
      }
      values[at] = value;
    },
  };
}
