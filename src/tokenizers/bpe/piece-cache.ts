/**
 * Remembers the ids of pieces that were merged before; bounded, and emptied when it is full.
 *
 * A piece of up to 11 bytes, as nearly all of real text are, is its own key: its bytes and its length in three integers. A longer
 * one is found by its hash and compared with its stored bytes. A slot is four integers: the key, and where the ids are.
 */

/** Bytes that must be readable after the end of a piece. */
export const CACHE_PADDING = 12;

const FEWEST_SLOTS = 1 << 12;
const MOST_SLOTS = 1 << 17;
const PACKED_BYTES = 11;
const LONGEST_BYTES = 255;

/** A cache of pieces. */
export interface PieceCache {
  /**
   * Looks the piece `bytes[start .. end)` up.
   *
   * @returns its id when it is one token, or `-1 - place` of its ids (see {@link ids}), or {@link UNKNOWN_PIECE}; after the latter
   *   `remember` may be called
   */
  find(bytes: Uint8Array, view: DataView, start: number, end: number): number;
  /** Remembers `ids[0 .. count)` for the piece that was looked up last. */
  remember(ids: Int32Array, count: number): void;
  /** Ids of pieces of several tokens: at each place their number, then the ids. */
  ids(): Int32Array;
}

/** The piece is not in the cache. */
export const UNKNOWN_PIECE = -0x8000_0000;

/** An empty cache. */
export function createPieceCache(): PieceCache {
  let slots = new Int32Array(FEWEST_SLOTS * 4);
  let mask = FEWEST_SLOTS - 1;
  let taken = 0;
  let values = new Int32Array(1 << 12);
  let valuesLength = 0;
  let texts = new Uint8Array(1 << 12);
  let textsLength = 0;
  // The piece that was looked up last: its key, its slot, and its bytes when it is long.
  let first = 0;
  let second = 0;
  let third = 0;
  let place = 0;
  let source: Uint8Array = texts;
  let sourceStart = 0;
  let sourceLength = 0;

  const findPacked = (): number => {
    let slot = hash(first, second, third) & mask;
    for (;;) {
      const at = slot * 4;
      const key = slots[at + 2] as number;
      if (key === third && slots[at] === first && slots[at + 1] === second) return slots[at + 3] as number;
      if (key === 0) {
        place = at;
        return UNKNOWN_PIECE;
      }
      slot = (slot + 1) & mask;
    }
  };
  const findLong = (bytes: Uint8Array, view: DataView, start: number, length: number): number => {
    let mixed = length;
    const end = start + length;
    for (let at = start; at + 4 <= end; at += 4) mixed = Math.imul((mixed << 5) ^ (mixed >>> 27) ^ view.getInt32(at, true), 0x9e3779b1);
    mixed ^= view.getInt32(end - 4, true);
    first = mixed;
    third = (length << 24) | 0x800000; // A packed key's third integer has a length below 12 in its highest byte.
    let slot = hash(first, 0, third) & mask;
    for (;;) {
      const at = slot * 4;
      const key = slots[at + 2] as number;
      if (key === third && slots[at] === first && equal(bytes, start, slots[at + 1] as number, length)) return slots[at + 3] as number;
      if (key === 0) {
        place = at;
        second = 0;
        source = bytes;
        sourceStart = start;
        return UNKNOWN_PIECE;
      }
      slot = (slot + 1) & mask;
    }
  };
  const equal = (bytes: Uint8Array, start: number, text: number, length: number): boolean => {
    for (let index = 0; index < length; index++) if (bytes[start + index] !== texts[text + index]) return false;
    return true;
  };
  const grow = (): void => {
    const old = slots;
    if (mask + 1 >= MOST_SLOTS) {
      slots.fill(0);
      taken = valuesLength = textsLength = 0;
      return;
    }
    slots = new Int32Array(old.length * 4);
    mask = slots.length / 4 - 1;
    for (let at = 0; at < old.length; at += 4) {
      const key = old[at + 2] as number;
      if (key === 0) continue;
      const isLong = key >>> 24 > PACKED_BYTES;
      let slot = hash(old[at] as number, isLong ? 0 : (old[at + 1] as number), key) & mask;
      while (slots[slot * 4 + 2] !== 0) slot = (slot + 1) & mask;
      slots.set(old.subarray(at, at + 4), slot * 4);
    }
  };

  return {
    find(bytes, view, start, end) {
      const length = end - start;
      sourceLength = length;
      if (length > PACKED_BYTES) return length > LONGEST_BYTES ? UNKNOWN_PIECE : findLong(bytes, view, start, length);
      first = view.getInt32(start, true);
      second = 0;
      third = 0;
      if (length < 4) first &= (1 << (length * 8)) - 1;
      else {
        second = view.getInt32(start + 4, true);
        if (length < 8) second &= (1 << ((length - 4) * 8)) - 1;
        else third = view.getInt32(start + 8, true) & ((1 << ((length - 8) * 8)) - 1);
      }
      third |= length << 24;
      return findPacked();
    },
    remember(ids, count) {
      if (sourceLength > LONGEST_BYTES) return;
      if (sourceLength > PACKED_BYTES) {
        if (textsLength + sourceLength > texts.length) texts = enlarged(texts, new Uint8Array(texts.length * 2));
        texts.set(source.subarray(sourceStart, sourceStart + sourceLength), textsLength);
        second = textsLength;
        textsLength += sourceLength;
      }
      let value = ids[0] as number;
      if (count !== 1) {
        if (valuesLength + count + 1 > values.length) values = enlarged(values, new Int32Array(values.length * 2));
        value = -1 - valuesLength;
        values[valuesLength++] = count;
        for (let index = 0; index < count; index++) values[valuesLength++] = ids[index] as number;
      }
      slots[place] = first;
      slots[place + 1] = second;
      slots[place + 2] = third;
      slots[place + 3] = value;
      if (++taken * 2 > mask) grow();
    },
    ids: () => values,
  };
}

function enlarged<A extends Uint8Array | Int32Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}

function hash(first: number, second: number, third: number): number {
  const mixed = Math.imul(Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b) ^ third, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
