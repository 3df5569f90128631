/**
 * Remembers what parts of text were encoded to; bounded, and emptied when it is full.
 *
 * A part of up to 15 bytes is its own key: its bytes and its length in four integers. A longer one is found by its hash and compared
 * with its stored bytes. A slot is five integers: the key, and where the tokens are.
 */

/** Bytes that must be readable after the end of a part. */
export const CACHE_PADDING = 16;

/** Longer parts are not remembered. */
export const LONGEST_CACHED = 96;

const STRIDE = 5;
const FEWEST_SLOTS = 1 << 12;
const MOST_SLOTS = 1 << 16;
const PACKED_BYTES = 15;

/** A cache of encoded parts. */
export interface ChunkCache {
  /**
   * Looks up `bytes[start .. end)`, at most {@link LONGEST_CACHED} of them, of which `view` is a view too.
   *
   * @returns the place of its entry in {@link values}: how many ids it has, the limit, the ids; or -1, after which `remember` may be
   *   called
   */
  find(bytes: Uint8Array, view: DataView, start: number, end: number): number;
  /** Remembers `ids[from .. from + count)` and a limit, a whole number or -1, for what was looked up last. */
  remember(ids: Uint32Array, entry: { readonly from: number; readonly count: number; readonly limit: number }): void;
  values(): Int32Array;
}

/** An empty cache. */
export function createChunkCache(): ChunkCache {
  let slots = new Int32Array(FEWEST_SLOTS * STRIDE);
  let mask = FEWEST_SLOTS - 1;
  let taken = 0;
  let values = new Int32Array(1 << 12);
  let valuesLength = 1;
  let texts = new Uint8Array(1 << 12);
  let textsLength = 0;
  // What was looked up last: its key and slot, and its bytes when it is long.
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let place = 0;
  let source: Uint8Array = texts;
  let sourceStart = 0;
  let sourceLength = 0;

  const findLong = (bytes: Uint8Array, view: DataView, start: number, length: number): number => {
    let mixed = length;
    const end = start + length;
    for (let at = start; at + 4 <= end; at += 4) mixed = Math.imul((mixed << 5) ^ (mixed >>> 27) ^ view.getInt32(at, true), 0x9e3779b1);
    mixed ^= view.getInt32(end - 4, true);
    first = mixed;
    third = view.getInt32(start, true);
    fourth = (length << 24) | 0x800000; // A packed key has a length below 16 there.
    let slot = hash(first, 0, third, fourth) & mask;
    for (;;) {
      const at = slot * STRIDE;
      const value = slots[at + 4] as number;
      if (value === 0) {
        place = at;
        second = 0;
        source = bytes;
        sourceStart = start;
        return -1;
      }
      if (slots[at + 3] === fourth && slots[at] === first && slots[at + 2] === third && equal(bytes, start, slots[at + 1] as number, length)) {
        return value;
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
      taken = textsLength = 0;
      valuesLength = 1;
      return;
    }
    slots = new Int32Array(old.length * 4);
    mask = slots.length / STRIDE - 1;
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at + 4] === 0) continue;
      const key = old[at + 3] as number;
      const isLong = key >>> 24 > PACKED_BYTES;
      let slot = hash(old[at] as number, isLong ? 0 : (old[at + 1] as number), old[at + 2] as number, key) & mask;
      while (slots[slot * STRIDE + 4] !== 0) slot = (slot + 1) & mask;
      slots.set(old.subarray(at, at + STRIDE), slot * STRIDE);
    }
  };

  return {
    find(bytes, view, start, end) {
      const length = end - start;
      sourceLength = length;
      if (length > PACKED_BYTES) return findLong(bytes, view, start, length);
      first = view.getInt32(start, true);
      second = third = fourth = 0;
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
      let slot = hash(first, second, third, fourth) & mask;
      for (;;) {
        const at = slot * STRIDE;
        const value = slots[at + 4] as number;
        if (value === 0) {
          place = at;
          return -1;
        }
        if (slots[at] === first && slots[at + 1] === second && slots[at + 2] === third && slots[at + 3] === fourth) return value;
        slot = (slot + 1) & mask;
      }
    },
    remember(ids, { from, count, limit }) {
      if (sourceLength > PACKED_BYTES) {
        if (textsLength + sourceLength > texts.length) texts = enlarged(texts, new Uint8Array(texts.length * 2));
        texts.set(source.subarray(sourceStart, sourceStart + sourceLength), textsLength);
        second = textsLength;
        textsLength += sourceLength;
      }
      if (valuesLength + count + 2 > values.length) values = enlarged(values, new Int32Array(Math.max(values.length * 2, valuesLength + count + 2)));
      slots[place] = first;
      slots[place + 1] = second;
      slots[place + 2] = third;
      slots[place + 3] = fourth;
      slots[place + 4] = valuesLength;
      values[valuesLength++] = count;
      values[valuesLength++] = Math.max(-1, Math.min(Math.floor(limit), 0x7fff_ffff));
      for (let index = 0; index < count; index++) values[valuesLength++] = ids[from + index] as number;
      if (++taken * 2 > mask) grow();
    },
    values: () => values,
  };
}

function enlarged<A extends Uint8Array | Int32Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}

function hash(first: number, second: number, third: number, fourth: number): number {
  const mixed = Math.imul(Math.imul(Math.imul(first, 0x9e3779b1) ^ second, 0x85ebca6b) ^ third, 0xc2b2ae35) ^ fourth;
  const again = Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1);
  return again ^ (again >>> 16);
}
