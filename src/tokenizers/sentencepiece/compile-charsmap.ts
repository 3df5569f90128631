/**
 * Lays rules out as SentencePiece's builder does, to the byte: a graph of states becomes a double array.
 *
 * Source: `DoubleArrayBuilder` of darts-clone 0.32 (Susumu Yata, BSD 2-clause), third_party/darts_clone/darts.h of
 * google/sentencepiece 0.1.97, and `Builder::CompileCharsMap` there.
 */

/** Rules as a graph: the edges of a state are those from its place in `first` to the next state's, their bytes ascending. */
export interface RuleGraph {
  readonly first: Int32Array;
  /** The byte of each edge; 0 where a rule ends. */
  readonly labels: Uint8Array;
  /** The state that each edge leads to, or the text that the rule gives. */
  readonly targets: Int32Array;
  /** Texts in the order of their bytes. */
  readonly texts: readonly string[];
}

const BLOCK = 256;

/** Units whose neighbourhood is still known: the last sixteen blocks. */
const KNOWN = 16 * BLOCK;

/** The blob of the rules that begin at the state `root`: the trie's size, the trie, and the texts. */
export function compileCharsmap(graph: RuleGraph, root: number): Uint8Array {
  const used = new Set<number>();
  const parents = countParents(graph, root, used);
  const places = new Map<number, number>();
  const encoder = new TextEncoder();
  const texts: Uint8Array[] = [];
  let length = 0;
  for (const text of [...used].sort((a, b) => a - b)) {
    places.set(text, length);
    const bytes = encoder.encode(`${graph.texts[text]}\0`);
    texts.push(bytes);
    length += bytes.length;
  }
  const units = layOut(graph, root, { parents, places });
  const blob = new Uint8Array(4 + units.length * 4 + length);
  const view = new DataView(blob.buffer);
  view.setUint32(0, units.length * 4, true);
  units.forEach((unit, index) => view.setUint32(4 + index * 4, unit, true));
  let at = 4 + units.length * 4;
  for (const bytes of texts) {
    blob.set(bytes, at);
    at += bytes.length;
  }
  return blob;
}

/** How many edges lead to each state; the texts of the rules are put into `used`. */
function countParents({ first, labels, targets }: RuleGraph, root: number, used: Set<number>): Uint32Array {
  const parents = new Uint32Array(first.length);
  const waiting = [root];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    for (let edge = first[state] as number; edge < (first[state + 1] as number); edge++) {
      const target = targets[edge] as number;
      if (labels[edge] === 0) used.add(target);
      else {
        parents[target] = (parents[target] as number) + 1;
        if (parents[target] === 1) waiting.push(target);
      }
    }
  }
  return parents;
}

function layOut(
  { first, labels, targets }: RuleGraph,
  root: number,
  { parents, places }: { readonly parents: Uint32Array; readonly places: ReadonlyMap<number, number> },
): Uint32Array {
  const free = createFreeUnits();
  const offsets = new Uint32Array(first.length); // Where the edges of a state with several parents are.
  const place = (state: number, unit: number): void => {
    const [start, end] = [first[state] as number, first[state + 1] as number];
    const isShared = (parents[state] as number) > 1;
    const known = offsets[state] as number;
    if (isShared && known !== 0 && isOffset(known ^ unit)) {
      if (labels[start] === 0) free.units[unit] = (free.units[unit] as number) | 0x100;
      free.setOffset(unit, known ^ unit);
      return;
    }
    const offset = free.find(unit, labels.subarray(start, end));
    free.setOffset(unit, unit ^ offset);
    for (let edge = start; edge < end; edge++) {
      const child = (offset ^ (labels[edge] as number)) >>> 0;
      free.reserve(child);
      if (labels[edge] === 0) {
        free.units[unit] = (free.units[unit] as number) | 0x100;
        free.units[child] = ((places.get(targets[edge] as number) as number) | 0x8000_0000) >>> 0;
      } else free.units[child] = ((free.units[child] as number) & ~0xff) | (labels[edge] as number);
    }
    free.use(offset);
    if (isShared) offsets[state] = offset;
    for (let edge = start; edge < end; edge++) {
      if (labels[edge] !== 0) place(targets[edge] as number, (offset ^ (labels[edge] as number)) >>> 0);
    }
  };
  free.reserve(0);
  free.use(0);
  free.setOffset(0, 1);
  place(root, 0);
  return free.finish();
}

/** Whether a unit has room for the distance: 21 bits, or 29 of which the lowest eight are 0. */
function isOffset(offset: number): boolean {
  return (offset & (0xff << 21)) === 0 || (offset & 0xff) === 0;
}

interface FreeUnits {
  readonly units: Uint32Array;
  /** The first offset at which all labels are free. */
  find(unit: number, labels: Uint8Array): number;
  reserve(unit: number): void;
  /** Says that an offset is some unit's. */
  use(offset: number): void;
  setOffset(unit: number, offset: number): void;
  finish(): Uint32Array;
}

/** The units, and which of the last blocks' are free, as a ring. */
function createFreeUnits(): FreeUnits {
  let units = new Uint32Array(1 << 16);
  let size = 0;
  const previous = new Uint32Array(KNOWN);
  const next = new Uint32Array(KNOWN);
  const isFixed = new Uint8Array(KNOWN);
  const isUsed = new Uint8Array(KNOWN);
  let head = 0;
  const at = (unit: number): number => unit % KNOWN;

  const fixBlock = (begin: number): void => {
    let unused = 0;
    for (let offset = begin; offset < begin + BLOCK; offset++) {
      if (isUsed[at(offset)] === 1) continue;
      unused = offset;
      break;
    }
    for (let unit = begin; unit < begin + BLOCK; unit++) {
      if (isFixed[at(unit)] === 1) continue;
      reserve(unit);
      units[unit] = ((units[unit] as number) & ~0xff) | ((unit ^ unused) & 0xff);
    }
  };
  const expand = (): void => {
    const old = size;
    if (old >= KNOWN) fixBlock(old - KNOWN);
    size += BLOCK;
    if (size > units.length) {
      const larger = new Uint32Array(units.length * 2);
      larger.set(units);
      units = larger;
    }
    for (let unit = old; unit < size; unit++) {
      isUsed[at(unit)] = isFixed[at(unit)] = 0;
      next[at(unit)] = unit + 1;
      previous[at(unit)] = unit - 1;
    }
    previous[at(old)] = size - 1;
    next[at(size - 1)] = old;
    // The new ring is put before the head of the old one.
    const last = previous[at(head)] as number;
    previous[at(old)] = last;
    next[at(size - 1)] = head;
    next[at(last)] = old;
    previous[at(head)] = size - 1;
  };
  const reserve = (unit: number): void => {
    if (unit >= size) expand();
    if (unit === head) {
      head = next[at(unit)] as number;
      if (head === unit) head = size;
    }
    next[at(previous[at(unit)] as number)] = next[at(unit)] as number;
    previous[at(next[at(unit)] as number)] = previous[at(unit)] as number;
    isFixed[at(unit)] = 1;
  };
  const isValid = (unit: number, offset: number, labels: Uint8Array): boolean => {
    if (isUsed[at(offset)] === 1 || !isOffset(unit ^ offset)) return false;
    for (let index = 1; index < labels.length; index++) if (isFixed[at(offset ^ (labels[index] as number))] === 1) return false;
    return true;
  };
  return {
    get units() {
      return units;
    },
    find(unit, labels) {
      if (head < size) {
        let candidate = head;
        do {
          const offset = candidate ^ (labels[0] as number);
          if (isValid(unit, offset, labels)) return offset;
          candidate = next[at(candidate)] as number;
        } while (candidate !== head);
      }
      return size | (unit & 0xff);
    },
    reserve,
    use: (offset) => {
      isUsed[at(offset)] = 1;
    },
    setOffset(unit, offset) {
      const rest = (units[unit] as number) & 0x8000_01ff;
      units[unit] = (rest | (offset < 1 << 21 ? offset << 10 : (offset << 2) | 0x200)) >>> 0;
    },
    finish() {
      for (let begin = Math.max(0, size - KNOWN); begin < size; begin += BLOCK) fixBlock(begin);
      return units.slice(0, size);
    },
  };
}
