/** Words as linked lists of symbols, in which merging two neighbours takes one step; and lists of places, by pair. */

/** All words end to end. */
export interface SymbolLists {
  readonly ids: Int32Array;
  /** Place of the next symbol of the word, or -1. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** The word of each place. */
  readonly words: Int32Array;
}

/** The lists of words whose symbols stand end to end; word `i` is `symbols[starts[i] .. starts[i + 1])`. */
export function createSymbolLists(symbols: Int32Array, starts: Int32Array): SymbolLists {
  const next = new Int32Array(symbols.length);
  const previous = new Int32Array(symbols.length);
  const words = new Int32Array(symbols.length);
  for (let word = 0; word + 1 < starts.length; word++) {
    const start = starts[word] as number;
    const end = starts[word + 1] as number;
    for (let at = start; at < end; at++) {
      next[at] = at + 1 < end ? at + 1 : -1;
      previous[at] = at > start ? at - 1 : -1;
      words[at] = word;
    }
  }
  return { ids: Int32Array.from(symbols), next, previous, words };
}

/** Lists of places, by the number of a pair; a list is known by its first node. */
export interface PlaceLists {
  append(pair: number, place: number): void;
  /** Hands over every list that was begun since the last call, and forgets whose it is. */
  drain(take: (pair: number, head: number) => void): void;
  place(node: number): number;
  /** The next node of the list, or -1. */
  after(node: number): number;
  /** Makes `after` the node behind `node`. */
  link(node: number, after: number): void;
}

/** No lists yet. */
export function createPlaceLists(): PlaceLists {
  let places = new Int32Array(1 << 16);
  let following = new Int32Array(1 << 16);
  let nodes = 0;
  let heads = new Int32Array(1 << 14); // Head node + 1 of the list being gathered for a pair; 0 is none.
  let tails = new Int32Array(1 << 14);
  let gathered: number[] = [];
  return {
    append(pair, place) {
      if (nodes === places.length) {
        places = enlarged(places, nodes * 2);
        following = enlarged(following, nodes * 2);
      }
      if (pair >= heads.length) {
        const length = Math.max(pair + 1, heads.length * 2);
        heads = enlarged(heads, length);
        tails = enlarged(tails, length);
      }
      const node = nodes++;
      places[node] = place;
      following[node] = -1;
      if (heads[pair] === 0) {
        heads[pair] = node + 1;
        gathered.push(pair);
      } else following[tails[pair] as number] = node;
      tails[pair] = node;
    },
    drain(take) {
      for (const pair of gathered) {
        take(pair, (heads[pair] as number) - 1);
        heads[pair] = 0;
      }
      gathered = [];
    },
    place: (node) => places[node] as number,
    after: (node) => following[node] as number,
    link(node, after) {
      following[node] = after;
    },
  };
}

function enlarged(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(old);
  return larger;
}
