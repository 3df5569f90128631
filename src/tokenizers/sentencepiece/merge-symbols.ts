/**
 * Merges neighbours, the best piece first and the leftmost of equals, until none make a piece.
 *
 * A few symbols by scanning; many by a queue of runs: the places of one rank come mostly from left to right, so that they are kept
 * as lists that grow at their end, and only the lists' first places are in a heap. A text of one repeated letter is one list, and no
 * text is worse than n log n.
 */

/** The pair that two neighbours are: the piece that they make, or -1. It is asked in the order in which pairs come to be. */
export type PairOf = (left: number, right: number) => number;

/** Merges `symbols[0 .. count)` in place and returns how many are left. Negative symbols never merge. */
export type SymbolMerger = (symbols: Int32Array, count: number) => number;

/** Up to this many symbols scanning is faster. */
const SCAN_LIMIT = 32;

const NONE = 0x7fffffff;

/** A merger; it keeps scratch memory between calls. */
export function createSymbolMerger(pairOf: PairOf, ranks: Int32Array): SymbolMerger {
  const scan = createScanner(pairOf, ranks);
  return (symbols, count) => (count <= SCAN_LIMIT ? scan(symbols, count) : mergeByRuns(symbols, count, { pairOf, ranks }));
}

function createScanner(pairOf: PairOf, ranks: Int32Array): SymbolMerger {
  const best = new Int32Array(SCAN_LIMIT); // The rank of each symbol with its right neighbour.
  const made = new Int32Array(SCAN_LIMIT); // The piece that they make.
  const pair = (symbols: Int32Array, at: number): void => {
    const left = symbols[at] as number;
    const right = symbols[at + 1] as number;
    const merged = left < 0 || right < 0 ? -1 : pairOf(left, right);
    made[at] = merged;
    best[at] = merged < 0 ? NONE : (ranks[merged] as number);
  };
  return (symbols, length) => {
    let count = length;
    for (let at = 0; at + 1 < count; at++) pair(symbols, at);
    while (count > 1) {
      let rank = NONE;
      let at = 0;
      for (let index = 0; index + 1 < count; index++) {
        if ((best[index] as number) < rank) {
          rank = best[index] as number;
          at = index;
        }
      }
      if (rank === NONE) break;
      symbols[at] = made[at] as number;
      count--;
      for (let index = at + 1; index < count; index++) {
        symbols[index] = symbols[index + 1] as number;
        best[index] = best[index + 1] as number;
        made[index] = made[index + 1] as number;
      }
      if (at > 0) pair(symbols, at - 1);
      if (at + 1 < count) pair(symbols, at);
    }
    return count;
  };
}

function mergeByRuns(
  symbols: Int32Array,
  count: number,
  { pairOf, ranks }: { readonly pairOf: PairOf; readonly ranks: Int32Array },
): number {
  const made = new Int32Array(count); // The piece that the symbol at a place makes with the next.
  const queue = createRunQueue();
  const pair = (left: number, right: number): void => {
    const a = symbols[left] as number;
    const b = symbols[right] as number;
    const merged = a < 0 || b < 0 ? -1 : pairOf(a, b);
    made[left] = merged;
    if (merged >= 0) queue.push(ranks[merged] as number, left);
  };
  made[count - 1] = -1;
  for (let at = 1; at < count; at++) pair(at - 1, at);
  if (queue.isEmpty()) return count;
  const next = new Int32Array(count);
  const previous = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    next[at] = at + 1;
    previous[at] = at - 1;
  }
  for (let left = queue.pop(); left >= 0; left = queue.pop()) {
    const merged = made[left] as number;
    // The pair that was queued may be gone, and another of the same place may have come, which has an entry of its own.
    if (merged < 0 || ranks[merged] !== queue.rank()) continue;
    const right = next[left] as number;
    const after = next[right] as number;
    symbols[left] = merged;
    made[left] = -1;
    made[right] = -1;
    next[left] = after;
    if (after < count) previous[after] = left;
    const before = previous[left] as number;
    if (before >= 0) pair(before, left);
    if (after < count) pair(left, after);
  }
  let left = 0;
  for (let at = 0; at < count; at = next[at] as number) symbols[left++] = symbols[at] as number;
  return left;
}

interface RunQueue {
  isEmpty(): boolean;
  push(rank: number, place: number): void;
  /** Takes the leftmost place of the lowest rank; -1 when there is none. */
  pop(): number;
  /** The rank of the place that was taken last. */
  rank(): number;
}

/** A heap of lists of places. */
function createRunQueue(): RunQueue {
  let entryPlace = new Int32Array(256);
  let entryNext = new Int32Array(256);
  let entries = 0;
  let runHead = new Int32Array(64);
  let runTail = new Int32Array(64);
  let runRank = new Int32Array(64);
  let runs = 0;
  const open = new Map<number, number>(); // The newest run of a rank.
  let heap = new Int32Array(64);
  let size = 0;
  let taken = 0;
  let lastRank = -1;
  let lastRun = -1;

  const before = (a: number, b: number): boolean => {
    const rank = (runRank[a] as number) - (runRank[b] as number);
    return rank < 0 || (rank === 0 && (entryPlace[runHead[a] as number] as number) < (entryPlace[runHead[b] as number] as number));
  };
  const down = (): void => {
    const run = heap[0] as number;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= size) break;
      if (child + 1 < size && before(heap[child + 1] as number, heap[child] as number)) child++;
      if (!before(heap[child] as number, run)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = run;
  };
  const add = (run: number): void => {
    if (size === heap.length) heap = enlarged(heap);
    let at = size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(run, heap[parent] as number)) break;
      heap[at] = heap[parent] as number;
      at = parent;
    }
    heap[at] = run;
  };

  return {
    isEmpty: () => size === 0,
    push(rank, place) {
      if (entries === entryPlace.length) {
        entryPlace = enlarged(entryPlace);
        entryNext = enlarged(entryNext);
      }
      const entry = entries++;
      entryPlace[entry] = place;
      entryNext[entry] = -1;
      let run = rank === lastRank ? lastRun : (open.get(rank) ?? -1);
      if (run >= 0 && (runHead[run] as number) < 0) {
        runHead[run] = entry;
        runTail[run] = entry;
        add(run);
        return;
      }
      if (run >= 0 && (entryPlace[runTail[run] as number] as number) < place) {
        entryNext[runTail[run] as number] = entry;
        runTail[run] = entry;
        return;
      }
      if (runs === runHead.length) {
        runHead = enlarged(runHead);
        runTail = enlarged(runTail);
        runRank = enlarged(runRank);
      }
      run = runs++;
      runHead[run] = entry;
      runTail[run] = entry;
      runRank[run] = rank;
      open.set(rank, run);
      lastRank = rank;
      lastRun = run;
      add(run);
    },
    pop() {
      if (size === 0) return -1;
      const run = heap[0] as number;
      const entry = runHead[run] as number;
      taken = runRank[run] as number;
      const rest = entryNext[entry] as number;
      runHead[run] = rest;
      if (rest < 0) heap[0] = heap[--size] as number;
      if (size > 0) down();
      return entryPlace[entry] as number;
    },
    rank: () => taken,
  };
}

function enlarged(old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(old.length * 2);
  larger.set(old);
  return larger;
}
