/** The queue of pairs to merge: highest count first, then lowest left id, then lowest right id, as Hugging Face's trainer orders them. */

import type { PairCounts } from './pair-counts.ts';

/** Pairs of the table, each with the count it had when it was pushed and the head of its list of occurrences. */
export interface MergeQueue {
  readonly size: () => number;
  push(place: number, count: number, head: number): void;
  /** Removes the first entry; {@link top} tells it. */
  pop(): void;
  /** The entry that was popped last. */
  readonly top: { place: number; count: number; head: number };
}

/** An empty queue (a binary heap) over a table of pairs. */
export function createMergeQueue(pairs: PairCounts): MergeQueue {
  let places = new Int32Array(1 << 14);
  let heads = new Int32Array(1 << 14);
  let counts = new Float64Array(1 << 14);
  let size = 0;
  const top = { place: 0, count: 0, head: 0 };

  const isBefore = (placeA: number, countA: number, b: number): boolean => {
    const countB = counts[b] as number;
    if (countA !== countB) return countA > countB;
    const placeB = places[b] as number;
    const left = pairs.left(placeA) - pairs.left(placeB);
    return left === 0 ? pairs.right(placeA) < pairs.right(placeB) : left < 0;
  };
  const move = (from: number, to: number): void => {
    places[to] = places[from] as number;
    counts[to] = counts[from] as number;
    heads[to] = heads[from] as number;
  };
  const put = (at: number, place: number, count: number, head: number): void => {
    places[at] = place;
    counts[at] = count;
    heads[at] = head;
  };

  return {
    top,
    size: () => size,
    push(place, count, head) {
      if (size === places.length) {
        places = enlarged(places, new Int32Array(size * 2));
        heads = enlarged(heads, new Int32Array(size * 2));
        counts = enlarged(counts, new Float64Array(size * 2));
      }
      let at = size++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!isBefore(place, count, parent)) break;
        move(parent, at);
        at = parent;
      }
      put(at, place, count, head);
    },
    pop() {
      top.place = places[0] as number;
      top.count = counts[0] as number;
      top.head = heads[0] as number;
      size--;
      const place = places[size] as number;
      const count = counts[size] as number;
      const head = heads[size] as number;
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= size) break;
        if (child + 1 < size && isBefore(places[child + 1] as number, counts[child + 1] as number, child)) child++;
        if (isBefore(place, count, child)) break;
        move(child, at);
        at = child;
      }
      put(at, place, count, head);
    },
  };
}

function enlarged<A extends Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
