/**
 * A trie over bytes in one flat array: finds every piece that begins at a place of a text.
 *
 * A double array (Aoe, "An efficient digital search algorithm by using a double-array structure", 1989) whose units are four
 * integers, so that a step touches one cache line. Nodes and bases are places in the array: the child of `node` by `byte` is
 * `units[node + BASE] + byte * UNIT`, and is one only if its `PARENT` is the node.
 */

/** Integers of a unit, and what each is. */
export const UNIT = 4;
export const PARENT = 0;
export const BASE = 1;
export const VALUE = 2;

/** Free places that are tried for several children before they are put behind all others. */
const TRIES = 64;

/** Every base plus every byte is a place: the first 256 units are no children, and the last 256 stay free. */
const BYTES = 256;

/** Bytes of all keys together at most. */
export const LARGEST_TRIE: number = 1 << 23;

/**
 * The trie of some keys, as an array whose root is at 0. The value of a node is the place of its key among the keys, or -1. Keys
 * that are undefined or empty are never found, and of equal ones the last is.
 */
export function createPieceTrie(keys: readonly (Uint8Array | undefined)[]): Int32Array {
  const { firstChild, sibling, label, value, size } = linkKeys(keys);
  const places = new Int32Array(size); // The unit of each node.
  const free = createFreeUnits(size);
  const labels = new Int32Array(BYTES);
  // Nodes have numbers in the order in which they were made, so parents come before their children.
  for (let node = 0; node < size; node++) {
    let count = 0;
    for (let child = firstChild[node] as number; child !== 0; child = sibling[child] as number) labels[count++] = label[child] as number;
    const parent = (places[node] as number) * UNIT;
    const base = count === 0 ? 0 : free.takeBase(labels, count);
    const { units } = free;
    units[parent + BASE] = base * UNIT;
    for (let child = firstChild[node] as number; child !== 0; child = sibling[child] as number) {
      const place = base + (label[child] as number);
      places[child] = place;
      units[place * UNIT + PARENT] = parent;
      units[place * UNIT + VALUE] = value[child] as number;
    }
  }
  return free.units;
}

interface LinkedTrie {
  readonly firstChild: Int32Array;
  readonly sibling: Int32Array;
  readonly label: Uint8Array;
  readonly value: Int32Array;
  readonly size: number;
}

/** The keys as a trie whose children are linked; 0 is the root, and no child. */
function linkKeys(keys: readonly (Uint8Array | undefined)[]): LinkedTrie {
  let room = 1;
  for (const key of keys) room += key?.length ?? 0;
  const firstChild = new Int32Array(room);
  const sibling = new Int32Array(room);
  const label = new Uint8Array(room);
  const value = new Int32Array(room).fill(-1);
  let slots = 16;
  while (slots < room * 2) slots *= 2;
  const edges = new Int32Array(slots); // The child's number; its parent and label tell whether it is the one.
  const parents = new Int32Array(room);
  let size = 1;
  keys.forEach((key, place) => {
    if (key === undefined || key.length === 0) return;
    let node = 0;
    for (const byte of key) {
      let slot = (Math.imul(node * 256 + byte, 0x9e3779b1) >>> 7) & (slots - 1);
      let child: number;
      while ((child = edges[slot] as number) !== 0 && (parents[child] !== node || label[child] !== byte)) slot = (slot + 1) & (slots - 1);
      if (child === 0) {
        child = edges[slot] = size++;
        parents[child] = node;
        label[child] = byte;
        sibling[child] = firstChild[node] as number;
        firstChild[node] = child;
      }
      node = child;
    }
    value[node] = place;
  });
  return { firstChild, sibling, label, value, size };
}

interface FreeUnits {
  readonly units: Int32Array;
  /** Takes the units of some labels, and returns their base. */
  takeBase(labels: Int32Array, count: number): number;
}

/** Units, with the free ones in a list. */
function createFreeUnits(nodes: number): FreeUnits {
  let capacity = 0;
  let units = new Int32Array(0);
  let next = new Int32Array(0);
  let previous = new Int32Array(0);
  let taken = new Uint8Array(0);
  let first = -1;
  let last = -1;
  let untouched = BYTES; // No unit from here on is taken.
  const grow = (least: number): void => {
    const old = capacity;
    capacity = Math.max(least, old + (old >> 1));
    const larger = new Int32Array(capacity * UNIT).fill(-1);
    larger.set(units);
    units = larger;
    next = enlarged(next, new Int32Array(capacity));
    previous = enlarged(previous, new Int32Array(capacity));
    taken = enlarged(taken, new Uint8Array(capacity));
    for (let unit = Math.max(BYTES, old - BYTES); unit < capacity - BYTES; unit++) {
      previous[unit] = last;
      next[unit] = -1;
      if (last < 0) first = unit;
      else next[last] = unit;
      last = unit;
    }
  };
  grow(nodes + (nodes >> 3) + 4 * BYTES);

  const fits = (base: number, labels: Int32Array, count: number): boolean => {
    for (let index = 0; index < count; index++) {
      const unit = base + (labels[index] as number);
      if (unit < BYTES || unit >= capacity - BYTES || taken[unit] === 1) return false;
    }
    return true;
  };
  const findBase = (labels: Int32Array, count: number): number => {
    const label = labels[0] as number;
    let tries = TRIES;
    for (let unit = first; unit >= 0 && tries > 0; unit = next[unit] as number, tries--) {
      if (unit >= label && fits(unit - label, labels, count)) return unit - label;
    }
    if (untouched + 2 * BYTES > capacity) grow(untouched + 4 * BYTES);
    return untouched;
  };
  const take = (unit: number): void => {
    const before = previous[unit] as number;
    const after = next[unit] as number;
    if (before < 0) first = after;
    else next[before] = after;
    if (after < 0) last = before;
    else previous[after] = before;
    taken[unit] = 1;
    if (unit >= untouched) untouched = unit + 1;
  };
  return {
    get units() {
      return units;
    },
    takeBase(labels, count) {
      const base = findBase(labels, count);
      for (let index = 0; index < count; index++) take(base + (labels[index] as number));
      return base;
    },
  };
}

function enlarged<A extends Int32Array | Uint8Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
