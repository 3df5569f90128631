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

/** Bits of the place of a pair's bit in its word of the filter. */
const WORD = 31;

/**
 * Builds the table: pairs and their ranks in open addressing, two integers a slot, so that one that is found costs one read of memory.
 * Before it is a filter of some bits a merge, as most pairs that are asked for are none and the filter stays in the processor's cache.
 * A pair that is given twice keeps its last rank, as Hugging Face's does.
 */
export function createMergeTable({ lefts, rights, results }: MergeList): MergeTable {
  const size = results.length;
  let bits = 4;
  while (1 << bits < size * 1.25) bits++;
  const mask = (1 << bits) - 1;
  const filter = new Int32Array(1 << Math.max(0, bits - 2));
  const filterShift = 34 - bits;
  // A slot: the left id and as many bits of the right one as there is room for; the others, and above them the rank + 1; 0 is empty.
  const slots = new Int32Array(2 << bits);
  let largest = 0;
  for (let rank = 0; rank < size; rank++) largest = Math.max(largest, lefts[rank] as number, rights[rank] as number);
  const idBits = Math.max(16, 32 - Math.clz32(largest));
  const highBits = Math.min(idBits * 2 - 32, Math.clz32(size));
  const highShift = 32 - idBits;
  const highMask = (1 << highBits) - 1;
  // Where the bits don't suffice, pairs are compared.
  const isExact = highBits === idBits * 2 - 32;
  const isPair = (rank: number, left: number, right: number): boolean => lefts[rank] === left && rights[rank] === right;
  for (let rank = 0; rank < size; rank++) {
    const left = lefts[rank] as number;
    const right = rights[rank] as number;
    const hash = hashPair(left, right);
    const word = hash >>> filterShift;
    filter[word] = (filter[word] as number) | (1 << (hash & WORD));
    const low = left | (right << idBits);
    const high = (right >>> highShift) & highMask;
    let slot = hash & mask;
    for (; ; slot = (slot + 1) & mask) {
      const entry = slots[slot * 2 + 1] as number;
      if (entry === 0) break;
      if (slots[slot * 2] !== low || (entry & highMask) !== high) continue;
      if (isExact || isPair((entry >>> highBits) - 1, left, right)) break;
    }
    slots[slot * 2] = low;
    slots[slot * 2 + 1] = high | ((rank + 1) << highBits);
  }
  return {
    lefts,
    rights,
    results,
    rank(left, right) {
      if (left > largest || right > largest) return -1;
      const hash = hashPair(left, right);
      if ((((filter[hash >>> filterShift] as number) >>> (hash & WORD)) & 1) === 0) return -1;
      const low = left | (right << idBits);
      const high = (right >>> highShift) & highMask;
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const entry = slots[slot * 2 + 1] as number;
        if (entry === 0) return -1;
        if (slots[slot * 2] !== low || (entry & highMask) !== high) continue;
        const rank = (entry >>> highBits) - 1;
        if (isExact || isPair(rank, left, right)) return rank;
      }
    },
  };
}

function hashPair(left: number, right: number): number {
  const mixed = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
