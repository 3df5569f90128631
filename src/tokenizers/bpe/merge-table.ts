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
export interface MergeTable {
  /** Rank of the merge of two tokens, or -1. */
  rank(left: number, right: number): number;
  /** The token that a merge makes, by rank. */
  readonly results: Int32Array;
}

/** Builds the table. A pair that is given twice keeps its last rank, as Hugging Face's does. */
export function createMergeTable({ lefts, rights, results }: MergeList): MergeTable {
  let capacity = 16;
  while (capacity < results.length * 2) capacity *= 2;
  const mask = capacity - 1;
  const slots = new Int32Array(capacity * 3); // left + 1 (0 is empty), right, rank
  for (let rank = 0; rank < results.length; rank++) {
    const left = lefts[rank] as number;
    const right = rights[rank] as number;
    let slot = hash(left, right) & mask;
    while (slots[slot * 3] !== 0 && (slots[slot * 3] !== left + 1 || slots[slot * 3 + 1] !== right)) slot = (slot + 1) & mask;
    slots[slot * 3] = left + 1;
    slots[slot * 3 + 1] = right;
    slots[slot * 3 + 2] = rank;
  }
  return {
    results,
    rank(left, right) {
      let slot = hash(left, right) & mask;
      for (;;) {
        const key = slots[slot * 3] as number;
        if (key === left + 1 && slots[slot * 3 + 1] === right) return slots[slot * 3 + 2] as number;
        if (key === 0) return -1;
        slot = (slot + 1) & mask;
      }
    },
  };
}

function hash(left: number, right: number): number {
  const mixed = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
