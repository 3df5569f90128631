/** A queue of pairs (a binary heap): highest count first, and of equal counts as `isFirst` says. */

/** Pairs, each with the count that it had when it was pushed and a list of places. */
export interface PairQueue {
  readonly size: () => number;
  push(pair: number, count: number, head: number): void;
  /** Removes the first entry; {@link top} tells it. */
  pop(): void;
  /** The entry that was popped last. */
  readonly top: { pair: number; count: number; head: number };
}

/** An empty queue. */
export function createPairQueue(isFirst: (pair: number, other: number) => boolean): PairQueue {
  let pairs = new Int32Array(1 << 14);
  let heads = new Int32Array(1 << 14);
  let counts = new Float64Array(1 << 14);
  let size = 0;
  const top = { pair: 0, count: 0, head: 0 };

  const isBefore = (pair: number, count: number, at: number): boolean => {
    const other = counts[at] as number;
    return count === other ? isFirst(pair, pairs[at] as number) : count > other;
  };
  const move = (from: number, to: number): void => {
    pairs[to] = pairs[from] as number;
    counts[to] = counts[from] as number;
    heads[to] = heads[from] as number;
  };

  return {
    top,
    size: () => size,
    push(pair, count, head) {
      if (size === pairs.length) {
        pairs = enlarged(pairs, new Int32Array(size * 2));
        heads = enlarged(heads, new Int32Array(size * 2));
        counts = enlarged(counts, new Float64Array(size * 2));
      }
      let at = size++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!isBefore(pair, count, parent)) break;
        move(parent, at);
        at = parent;
      }
      pairs[at] = pair;
      counts[at] = count;
      heads[at] = head;
    },
    pop() {
      top.pair = pairs[0] as number;
      top.count = counts[0] as number;
      top.head = heads[0] as number;
      size--;
      const pair = pairs[size] as number;
      const count = counts[size] as number;
      const head = heads[size] as number;
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= size) break;
        if (child + 1 < size && isBefore(pairs[child + 1] as number, counts[child + 1] as number, child)) child++;
        if (isBefore(pair, count, child)) break;
        move(child, at);
        at = child;
      }
      pairs[at] = pair;
      counts[at] = count;
      heads[at] = head;
    },
  };
}

function enlarged<A extends Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
