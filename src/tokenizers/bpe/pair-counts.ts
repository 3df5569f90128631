/** How often each pair of neighbours occurs: pair of ids -> place, in one open-addressed table that grows. */

/** Counts of pairs; a pair is known by its place, which never changes. */
export interface PairCounts {
  /** Place of the pair, which is made with count 0 when it is new. */
  place(left: number, right: number): number;
  readonly size: () => number;
  left(place: number): number;
  right(place: number): number;
  count(place: number): number;
  add(place: number, change: number): void;
}

/** An empty table. Counts are doubles, exact up to 2^53, where Hugging Face's trainer holds 32 bits. */
export function createPairCounts(): PairCounts {
  let slots = new Int32Array(1 << 16); // Place + 1; 0 is empty.
  let mask = slots.length - 1;
  let lefts = new Int32Array(1 << 14);
  let rights = new Int32Array(1 << 14);
  let counts = new Float64Array(1 << 14);
  let size = 0;

  const grow = (): void => {
    lefts = enlarged(lefts, new Int32Array(size * 2));
    rights = enlarged(rights, new Int32Array(size * 2));
    counts = enlarged(counts, new Float64Array(size * 2));
    slots = new Int32Array(slots.length * 2);
    mask = slots.length - 1;
    for (let place = 0; place < size; place++) {
      let slot = hash(lefts[place] as number, rights[place] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = place + 1;
    }
  };

  return {
    size: () => size,
    left: (place) => lefts[place] as number,
    right: (place) => rights[place] as number,
    count: (place) => counts[place] as number,
    add(place, change) {
      counts[place] = (counts[place] as number) + change;
    },
    place(left, right) {
      let slot = hash(left, right) & mask;
      for (;;) {
        const known = (slots[slot] as number) - 1;
        if (known < 0) break;
        if (lefts[known] === left && rights[known] === right) return known;
        slot = (slot + 1) & mask;
      }
      const place = size++;
      slots[slot] = place + 1;
      lefts[place] = left;
      rights[place] = right;
      if (size === lefts.length) grow();
      return place;
    },
  };
}

function enlarged<A extends Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}

function hash(left: number, right: number): number {
  const mixed = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
