/**
 * A seeded permutation of 0 .. size-1 that needs no memory: a Feistel network over the next power of four, walked along its cycle
 * until the value is in range (Black and Rogaway 2002, "Ciphers with arbitrary finite domains", section 3).
 */

import { hash32 } from '../../core/index.ts';

const ROUNDS = 6;

/** The place that `index` moves to. */
export type Permutation = (index: number) => number;

/** The permutation for a size up to 2^52, a seed and a number, e.g. of the epoch. */
export function createPermutation(size: number, seed: number, number: number): Permutation {
  let half = 1;
  while (4 ** half < size) half++;
  const radix = 2 ** half;
  const keys = Array.from({ length: ROUNDS }, (_, round) => hash32(`${seed} ${number} ${round}`, round));
  const once = (value: number): number => {
    let left = Math.floor(value / radix);
    let right = value - left * radix;
    for (const key of keys) {
      const mixed = (left ^ (mix(right ^ key) >>> (32 - half))) >>> 0;
      left = right;
      right = mixed;
    }
    return left * radix + right;
  };
  return (index) => {
    let value = once(index);
    while (value >= size) value = once(value);
    return value;
  };
}

/** The finalizer of MurmurHash3 (Appleby 2011). */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
