/**
 * Merges the bytes of a short piece, lowest rank first, leftmost first among equals: what real text is made of.
 *
 * The symbols stay at their places; one bit tells of each whether it is still there. A key is the rank of the merge of a symbol with the
 * next one, and its place, so that the lowest key is the merge that comes next; it is found without a branch.
 */

import type { MergeTable } from './merge-table.ts';

const PLACE_BITS = 5;
/** Bytes of a piece that is merged this way at most. */
export const SHORT_PIECE: number = 1 << PLACE_BITS;
const PLACES = (1 << PLACE_BITS) - 1;
/** Above every key; keys stay below 2^30, so that the difference of two is exact. */
const NONE = 0x3fff_ffe0;
/** Merges at most. */
export const MOST_RANKS: number = NONE >> PLACE_BITS;

/**
 * Encodes `bytes[start .. end)`, of 1 to {@link SHORT_PIECE} bytes, to `ids`, and returns how many there are. Undefined where the
 * vocabulary lacks one of the bytes or there are more than {@link MOST_RANKS} merges.
 */
export function createByteMerger(
  table: MergeTable,
  byteIds: Int32Array,
  // oxlint-disable-next-line max-params
): ((bytes: Uint8Array, start: number, end: number, ids: Int32Array) => number) | undefined {
  const { lefts, rights, results } = table;
  if (results.length > MOST_RANKS || byteIds.includes(-1)) return undefined;
  /** Keys of the merges of two bytes, the first one times 256, less their places. */
  const first = new Int32Array(1 << 16);
  const keys = new Int32Array(SHORT_PIECE);
  const keyOf = (left: number, right: number): number => {
    const rank = table.rank(left, right);
    return rank < 0 ? NONE : rank << PLACE_BITS;
  };
  first.fill(NONE);
  const byteOf = new Int16Array(1 + byteIds.reduce((most, id) => Math.max(most, id))).fill(-1);
  byteIds.forEach((id, byte) => (byteOf[id] = byte));
  for (let rank = 0; rank < results.length; rank++) {
    const left = lefts[rank] as number;
    const right = rights[rank] as number;
    if (left >= byteOf.length || right >= byteOf.length) continue;
    const pair = ((byteOf[left] as number) << 8) | (byteOf[right] as number);
    if (pair >= 0) first[pair] = rank << PLACE_BITS;
  }

  // oxlint-disable-next-line max-params
  return (bytes, start, end, ids) => {
    const last = end - start - 1;
    let byte = bytes[start] as number;
    ids[0] = byteIds[byte] as number;
    for (let place = 0; place < last; place++) {
      const next = bytes[start + place + 1] as number;
      ids[place + 1] = byteIds[next] as number;
      keys[place] = (first[(byte << 8) | next] as number) | place;
      byte = next;
    }
    keys[last] = NONE;
    let alive = (2 << last) - 1;
    for (;;) {
      let least = NONE;
      for (let place = 0; place < last; place++) {
        const difference = (keys[place] as number) - least;
        least += difference & (difference >> 31);
      }
      if (least >= NONE) break;
      const left = least & PLACES;
      // The places behind: the first is merged, the second is the new neighbour.
      let behind = alive & (-2 << left);
      const right = 31 - Math.clz32(behind & -behind);
      const merged = results[least >>> PLACE_BITS] as number;
      ids[left] = merged;
      keys[right] = NONE;
      alive &= ~(1 << right);
      behind &= behind - 1;
      keys[left] = behind === 0 ? NONE : keyOf(merged, ids[31 - Math.clz32(behind & -behind)] as number) | left;
      const before = alive & ((1 << left) - 1);
      if (before !== 0) {
        const previous = 31 - Math.clz32(before);
        keys[previous] = keyOf(ids[previous] as number, merged) | previous;
      }
    }
    let count = 0;
    for (let place = 0; place <= last; place++) {
      ids[count] = ids[place] as number;
      count += (alive >>> place) & 1;
    }
    return count;
  };
}
