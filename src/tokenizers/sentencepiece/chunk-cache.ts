/**
 * Remembers what parts of text were encoded to; bounded, and emptied when it is full.
 *
 * A slot is eight integers, half a line of the processor's cache: the key, the limit (see `text-encoder.ts`), how many ids there are,
 * and the ids, or, where they are more than two, their place. A part of up to 15 bytes is its own key: its bytes and its length in
 * four integers. A longer one is found by its hash and compared with its stored bytes.
 */

/** Bytes that must be readable after the end of a part. */
export const CACHE_PADDING = 16;

/** Longer parts are not remembered. */
export const LONGEST_CACHED = 96;

/** What the integers of a slot are, from its place on. */
export const LIMIT = 4;
export const COUNT = 5;
export const IDS = 6;

/** Ids that a slot itself has room for. */
export const INLINE = 2;

const STRIDE = 8;
const FEWEST_SLOTS = 1 << 12;
const MOST_SLOTS = 1 << 17;
const PACKED_BYTES = 15;

/** A cache of encoded parts. */
export interface ChunkCache {
  /**
   * Looks up `bytes[start .. end)`, at most {@link LONGEST_CACHED} of them, of which `view` is a view too.
   *
   * @returns the place of its slot in {@link slots}; -1 when it is not there
   */
  find(bytes: Uint8Array, view: DataView, start: number, end: number): number;
  /** Remembers some ids and a limit for a part that is not there. */
  remember(part: CachedPart, ids: Uint32Array, entry: { readonly from: number; readonly count: number; readonly limit: number }): void;
  /** Stays until something is remembered. */
  slots(): Int32Array;
  /** Ids of entries of more than {@link INLINE}. */
  values(): Int32Array;
}

/** A part of text. */
export interface CachedPart {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/** An empty cache. */
export function createChunkCache(): ChunkCache {
  let slots = new Int32Array(FEWEST_SLOTS * STRIDE);
  let mask = FEWEST_SLOTS - 1;
  let taken = 0;
  let values = new Int32Array(1 << 12);
  let valuesLength = 0;
  let texts = new Uint8Array(1 << 12);
  let textsLength = 0;
  const key = new Int32Array(4); // Of the part that is remembered.

  /** The slot of a long part, or the free one where it is missing; its key is then in `key`. */
  const slotOfLong = (bytes: Uint8Array, view: DataView, start: number, length: number): number => {
    let mixed = length;
    const end = start + length;
    for (let at = start; at + 4 <= end; at += 4) mixed = Math.imul((mixed << 5) ^ (mixed >>> 27) ^ view.getInt32(at, true), 0x9e3779b1);
    mixed ^= view.getInt32(end - 4, true);
    const third = view.getInt32(start, true);
    const fourth = (length << 24) | 0x800000; // A packed key has a length below 16 there.
    key[0] = mixed;
    key[2] = third;
    key[3] = fourth;
    for (let slot = hash(mixed, 0, third, fourth) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * STRIDE;
      if (slots[at + 3] === 0) return at;
      if (slots[at] !== mixed || slots[at + 2] !== third || slots[at + 3] !== fourth) continue;
      if (equal(bytes, start, slots[at + 1] as number, length)) return at;
    }
  };
  const equal = (bytes: Uint8Array, start: number, text: number, length: number): boolean => {
    for (let index = 0; index < length; index++) if (bytes[start + index] !== texts[text + index]) return false;
    return true;
  };
  const freeSlot = (first: number, second: number, third: number, fourth: number): number => {
    let slot = hash(first, second, third, fourth) & mask;
    while (slots[slot * STRIDE + 3] !== 0) slot = (slot + 1) & mask;
    return slot * STRIDE;
  };
  const grow = (): void => {
    const old = slots;
    if (mask + 1 >= MOST_SLOTS) {
      slots.fill(0);
      taken = textsLength = valuesLength = 0;
      return;
    }
    slots = new Int32Array(Math.min(old.length * 4, MOST_SLOTS * STRIDE));
    mask = slots.length / STRIDE - 1;
    for (let at = 0; at < old.length; at += STRIDE) {
      const fourth = old[at + 3] as number;
      if (fourth === 0) continue;
      const second = fourth >>> 24 > PACKED_BYTES ? 0 : (old[at + 1] as number);
      const to = freeSlot(old[at] as number, second, old[at + 2] as number, fourth);
      for (let index = 0; index < STRIDE; index++) slots[to + index] = old[at + index] as number;
    }
  };
  /** Puts ids behind the others, and returns where. */
  const store = (ids: Uint32Array, from: number, count: number): number => {
    const place = valuesLength;
    if (place + count > values.length) values = enlarged(values, new Int32Array(Math.max(values.length * 2, place + count)));
    for (let index = 0; index < count; index++) values[place + index] = ids[from + index] as number;
    valuesLength += count;
    return place;
  };

  return {
    find(bytes, view, start, end) {
      const length = end - start;
      if (length > PACKED_BYTES) {
        const at = slotOfLong(bytes, view, start, length);
        return slots[at + 3] === 0 ? -1 : at;
      }
      let first = view.getInt32(start, true);
      let second = 0;
      let third = 0;
      let fourth = 0;
      if (length < 4) first &= (1 << (length * 8)) - 1;
      else {
        second = view.getInt32(start + 4, true);
        if (length < 8) second &= (1 << ((length - 4) * 8)) - 1;
        else {
          third = view.getInt32(start + 8, true);
          if (length < 12) third &= (1 << ((length - 8) * 8)) - 1;
          else fourth = view.getInt32(start + 12, true) & ((1 << ((length - 12) * 8)) - 1);
        }
      }
      fourth |= length << 24;
      const table = slots;
      for (let slot = hash(first, second, third, fourth) & mask; ; slot = (slot + 1) & mask) {
        const at = slot * STRIDE;
        if (table[at] === first && table[at + 1] === second && table[at + 2] === third && table[at + 3] === fourth) return at;
        if (table[at + 3] === 0) return -1;
      }
    },
    remember({ bytes, view, start, end }, ids, { from, count, limit }) {
      const length = end - start;
      let place: number;
      if (length > PACKED_BYTES) {
        place = slotOfLong(bytes, view, start, length);
        while (textsLength + length > texts.length) texts = enlarged(texts, new Uint8Array(texts.length * 2));
        for (let index = 0; index < length; index++) texts[textsLength + index] = bytes[start + index] as number;
        key[1] = textsLength;
        textsLength += length;
      } else {
        key.fill(0);
        for (let index = 0; index < length; index++) {
          key[index >> 2] = (key[index >> 2] as number) | ((bytes[start + index] as number) << ((index & 3) * 8));
        }
        key[3] = (key[3] as number) | (length << 24);
        place = freeSlot(key[0] as number, key[1] as number, key[2] as number, key[3]);
      }
      for (let index = 0; index < 4; index++) slots[place + index] = key[index] as number;
      slots[place + LIMIT] = Math.max(-1, Math.min(Math.floor(limit), 0x7fff_ffff));
      slots[place + COUNT] = count;
      if (count <= INLINE) for (let index = 0; index < count; index++) slots[place + IDS + index] = ids[from + index] as number;
      else slots[place + IDS] = store(ids, from, count);
      if (++taken * 2 > mask) grow();
    },
    slots: () => slots,
    values: () => values,
  };
}

function enlarged<A extends Uint8Array | Int32Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}

function hash(first: number, second: number, third: number, fourth: number): number {
  const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b) ^ Math.imul(third, 0xc2b2ae35) ^ Math.imul(fourth, 0x27d4eb2f);
  return Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1) >>> 13;
}
