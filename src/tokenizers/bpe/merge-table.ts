/** The merges of a byte pair encoding: pair of ids -> rank, in one open-addressed table of integers. */

/** One merge: two tokens become a third. Merges are done in the order of their ranks, their places in the list. */
export interface Merge {
  readonly left: number;
  readonly right: number;
  readonly result: number;
}

/** All merges in the order of their ranks, in three columns. */
export interface MergeList {
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
  readonly results: Int32Array;
}

/** Merges in columns. */
export function mergeListOf(merges: readonly Merge[]): MergeList {
  return {
    lefts: Int32Array.from(merges, ({ left }) => left),
    rights: Int32Array.from(merges, ({ right }) => right),
    results: Int32Array.from(merges, ({ result }) => result),
  };
}

/** Looks merges up by their two tokens. */
export interface MergeTable extends MergeList {
  /** Rank of the merge of two tokens, or -1. */
  rank(left: number, right: number): number;
}

/**
 * Builds the table: ranks in open addressing, and before it a filter of a few bits a merge, as most pairs that are asked for are none
 * and the filter stays in the processor's cache. A pair that is given twice keeps its last rank, as Hugging Face's does.
 */
export function createMergeTable({ lefts, rights, results }: MergeList): MergeTable {
  let bits = 4;
  while (1 << bits < results.length * 2) bits++;
  const mask = (1 << bits) - 1;
  const slots = new Int32Array(1 << bits); // rank + 1; 0 is empty
  const filter = new Int32Array(1 << Math.max(0, bits - 2));
  const filterShift = 34 - bits;
  for (let rank = 0; rank < results.length; rank++) {
    const left = lefts[rank] as number;
    const right = rights[rank] as number;
    const hash = hashPair(left, right);
    const word = hash >>> filterShift;
    filter[word] = (filter[word] as number) | (1 << (hash & 31));
    let slot = hash & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = (slots[slot] as number) - 1;
      if (lefts[other] === left && rights[other] === right) break;
    }
    slots[slot] = rank + 1;
  }
  return {
    lefts,
    rights,
    results,
    rank(left, right) {
      const hash = hashPair(left, right);
      if ((((filter[hash >>> filterShift] as number) >>> (hash & 31)) & 1) === 0) return -1;
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const rank = (slots[slot] as number) - 1;
        if (rank < 0 || (lefts[rank] === left && rights[rank] === right)) return rank;
      }
    },
  };
}

function hashPair(left: number, right: number): number {
  const mixed = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
