/**
 * Merges by finding the result instead of making it: tokens are matched from left to right, the longest first, and each must be
 * compatible with the one before it; where none is, the last is taken back. The time is linear in the piece, whatever it holds.
 *
 * Why this is the same: the encoding of a text by merges is the only one in which every two neighbours are compatible, that is,
 * encode to themselves when they stand alone. Whether two tokens are is seen by undoing their merges, latest first: at no time may
 * there have been a merge across the border that came earlier in the list.
 * Source: H. van Antwerpen and A. Neubeck, "So many tokens, so little time", github.blog, 2024, and their crate `bpe`.
 *
 * Differences: there is no automaton. The beginnings of the text are hashed as they grow; one bit tells whether any token begins
 * like that, another whether it is a token. A token may have several merges, of which only one can happen.
 */

import { type TokenArena, arenaSize } from '../token-arena.ts';
import type { MergeTable } from './merge-table.ts';

/** Encodes `bytes[start .. end)` to `ids`, which has room for one id a byte, and returns how many there are. */
export type PieceEncoder = (bytes: Uint8Array, start: number, end: number, ids: Int32Array) => number; // oxlint-disable-line max-params

/** What a {@link PieceEncoder} is made of. */
export interface BacktrackVocabulary {
  readonly tokens: TokenArena;
  readonly merges: MergeTable;
  /** Id of each single byte. */
  readonly byteIds: Int32Array;
  /** Whether a piece that is a token is taken whole, even where merges would not lead to it. */
  readonly ignoreMerges: boolean;
  /** Ids of tokens that text never becomes. */
  readonly reserved?: ReadonlySet<number> | undefined;
  /** See `BpeDefinition`. */
  readonly areMergesSound?: boolean | undefined;
}

const SEED = 0x811c9dc5 | 0;
const FACTOR = 0x9e3779b1;
const BYTES = 256;
const MOST = 0x7fffffff;
/** Bytes of all tokens at most: what a place in them, beside a byte, has room for. */
const MOST_BYTES = 1 << 24;

/** An encoder of pieces; undefined where a vocabulary lacks bytes, is huge, or its merges are not in the order in which they can happen. */
export function createBacktracker(vocabulary: BacktrackVocabulary): PieceEncoder | undefined {
  const history = findHistory(vocabulary);
  if (history === undefined) return undefined;
  const { ids: idOf, byteNodes, firstWhole, areCompatible } = history;
  const { pairs, filter, filterShift, find, longest } = createMatcher(vocabulary.tokens, history);
  const { starts } = vocabulary.tokens;
  const lengths = new Int32Array(longest);
  const hashes = new Int32Array(longest);
  let dead = new Uint8Array(256);

  return (bytes, start, end, ids) => {
    let count = 0;
    let at = start;
    let below = MOST; // matches are to be shorter than this
    let isClean = true;
    for (;;) {
      let matches = 0;
      const most = Math.min(end - at, below - 1);
      if (most > 1 && pairs[((bytes[at] as number) << 8) | (bytes[at + 1] as number)] === 1) {
        let hash = Math.imul(SEED ^ (bytes[at] as number), FACTOR);
        for (let length = 1; length < most;) {
          hash = Math.imul(hash ^ (bytes[at + length] as number), FACTOR);
          length++;
          const bit = hash >>> filterShift;
          const found = (filter[bit >>> 4] as number) >>> ((bit & 15) << 1);
          if ((found & 2) !== 0) {
            lengths[matches] = length;
            hashes[matches] = hash;
            matches++;
          }
          if ((found & 1) === 0) break;
        }
      }
      let node = -1;
      let length = 1;
      while (matches > 0) {
        matches--;
        length = lengths[matches] as number;
        if (!isClean && dead[at - start + length] === 1) continue;
        const candidate = find(bytes, at, length, hashes[matches] as number);
        if (candidate < 0) continue;
        if (candidate >= firstWhole) {
          // A token that merges don't make is only ever a whole piece.
          if (count > 0 || at + length !== end) continue;
        } else if (count > 0 && !areCompatible(ids[count - 1] as number, candidate)) continue;
        node = candidate;
        break;
      }
      if (node < 0 && most > 0 && (isClean || dead[at - start + 1] !== 1)) {
        const candidate = byteNodes[bytes[at] as number] as number;
        length = 1;
        if (count === 0 || areCompatible(ids[count - 1] as number, candidate)) node = candidate;
      }
      if (node >= 0) {
        ids[count++] = node;
        at += length;
        if (at === end) break;
        below = MOST;
      } else {
        if (isClean) {
          if (end - start >= dead.length) dead = new Uint8Array(end - start + 1);
          else dead.fill(0, 0, end - start + 1);
          isClean = false;
        }
        if (count === 0) throw new RangeError('No encoding: the merges contradict each other.');
        dead[at - start] = 1;
        const id = idOf[ids[--count] as number] as number;
        below = (starts[id + 1] as number) - (starts[id] as number);
        at -= below;
      }
    }
    for (let index = 0; index < count; index++) ids[index] = idOf[ids[index] as number] as number;
    return count;
  };
}

/** Finds tokens by their bytes. */
interface Matcher {
  /** 1 where a token begins with these two bytes, the first one times 256. */
  readonly pairs: Uint8Array;
  /** Two bits for the hash of each beginning of a token: whether it is one of a longer token, and whether it is a token. */
  readonly filter: Int32Array;
  readonly filterShift: number;
  /** Bytes of the longest token. */
  readonly longest: number;
  /** Node of the token `bytes[start .. start + length)`, or -1. */
  // oxlint-disable-next-line max-params -- called for every match
  find(this: void, bytes: Uint8Array, start: number, length: number, hash: number): number;
}

/** A matcher of the tokens of all nodes. */
function createMatcher({ bytes: arena, starts }: TokenArena, { ids, firstWhole, lefts }: History): Matcher {
  const size = ids.length;
  let bits = 8;
  while (1 << bits < size * 1.25) bits++;
  const mask = (1 << bits) - 1;
  // The node + 1 in as many bits as it needs, and above it those of the hash: four bytes a token, as the processor's cache is small.
  const slots = new Int32Array(1 << bits);
  const nodeMask = (1 << (32 - Math.clz32(size))) - 1;
  const filterShift = 32 - Math.min(bits + 4, 22);
  const filter = new Int32Array(1 << (28 - filterShift));
  const pairs = new Uint8Array(1 << 16);
  let longest = 1;
  /** For each node the hash of its token, and where that begins, with its length, at most 255, in the lowest byte. */
  const nodes = new Int32Array(size * 2);
  const mark = (hash: number, bits: number): void => {
    const bit = hash >>> filterShift;
    filter[bit >>> 4] = (filter[bit >>> 4] as number) | (bits << ((bit & 15) << 1));
  };
  for (let node = 0; node < size; node++) {
    const id = ids[node] as number;
    if (id < 0) continue;
    const start = starts[id] as number;
    const end = starts[id + 1] as number;
    const length = end - start;
    let hash = SEED;
    let at = start;
    if (node >= BYTES && node < firstWhole) {
      // A token begins like the left one of the two that it is made of: only the right one's bytes are hashed.
      const left = lefts[node] as number;
      const leftLength = (nodes[left * 2 + 1] as number) & 255;
      if (leftLength < 255) {
        hash = nodes[left * 2] as number;
        at += leftLength;
        mark(hash, 1);
      }
    }
    while (at < end) {
      hash = Math.imul(hash ^ (arena[at] as number), FACTOR);
      mark(hash, ++at < end ? 1 : 2);
    }
    nodes[node * 2] = hash;
    nodes[node * 2 + 1] = (start << 8) | Math.min(length, 255);
    if (length < 2) continue;
    longest = Math.max(longest, length);
    pairs[((arena[start] as number) << 8) | (arena[start + 1] as number)] = 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = (hash & ~nodeMask) | (node + 1);
  }
  const isLong = (node: number, length: number): boolean => {
    const id = ids[node] as number;
    return (starts[id + 1] as number) - (starts[id] as number) === length;
  };
  return {
    pairs,
    filter,
    filterShift,
    longest,
    // oxlint-disable-next-line max-params
    find(bytes, start, length, hash) {
      for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
        const entry = slots[slot] as number;
        if (entry === 0) return -1;
        if (((entry ^ hash) & ~nodeMask) !== 0) continue;
        const node = (entry & nodeMask) - 1;
        if (nodes[node * 2] !== hash) continue;
        const span = nodes[node * 2 + 1] as number;
        if ((span & 255) !== (length < 255 ? length : 255)) continue;
        const from = span >>> 8;
        let index = 0;
        while (index < length && bytes[start + index] === arena[from + index]) index++;
        if (index === length && (length < 255 || isLong(node, length))) return node;
      }
    },
  };
}

/**
 * How tokens come about when merges are done on their bytes alone. Each is a node: 0 to 255 are the bytes, then comes one node a merge
 * in the order of their ranks, then the tokens that no merge makes, which are only ever whole pieces. Of two nodes the later one
 * comes about later.
 */
interface History {
  /** Id of the token of each node; -1 for a merge that never happens. */
  readonly ids: Int32Array;
  /** Node of each byte. */
  readonly byteNodes: Int32Array;
  /** The first node that is only ever a whole piece. */
  readonly firstWhole: number;
  /** The two nodes that each is made of, up to there. */
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
  /** Whether two neighbours stay as they are. */
  areCompatible(this: void, left: number, right: number): boolean;
}

/** Finds the merge that makes each token; undefined where the method does not apply. */
function findHistory(vocabulary: BacktrackVocabulary): History | undefined {
  const { byteIds, areMergesSound = false, ignoreMerges, merges } = vocabulary;
  if (byteIds.includes(-1) || vocabulary.tokens.bytes.length > MOST_BYTES) return undefined;
  const isInOrder = byteIds.every((id) => id < BYTES) && merges.results.every((id, rank) => id === BYTES + rank);
  return areMergesSound && isInOrder && !ignoreMerges ? historyInOrder(vocabulary) : findMakers(vocabulary);
}

/** The tokens are the bytes, and then one a merge: the nodes are their ids, and the table of merges is that of what two nodes make. */
function historyInOrder({ byteIds, merges }: BacktrackVocabulary): History {
  const firstWhole = BYTES + merges.results.length;
  const lefts = new Int32Array(firstWhole);
  const rights = new Int32Array(firstWhole);
  lefts.set(merges.lefts, BYTES);
  rights.set(merges.rights, BYTES);
  const find = (left: number, right: number): number => {
    const rank = merges.rank(left, right);
    return rank < 0 ? MOST : BYTES + rank;
  };
  const ids = new Int32Array(firstWhole);
  for (let node = 0; node < firstWhole; node++) ids[node] = node;
  return { ids, byteNodes: byteIds, firstWhole, lefts, rights, areCompatible: compatibility({ lefts, rights, find }) };
}

/** Whatever the ids are. */
function findMakers({ tokens, merges, byteIds, ignoreMerges, reserved, areMergesSound = false }: BacktrackVocabulary): History | undefined {
  const size = arenaSize(tokens);
  const { results } = merges;
  const firstWhole = BYTES + results.length;
  const ids = new Int32Array(firstWhole + (ignoreMerges ? size : 0)).fill(-1);
  const nodeOf = new Int32Array(size).fill(-1);
  for (let byte = 0; byte < BYTES; byte++) {
    const id = byteIds[byte] as number;
    ids[byte] = id;
    nodeOf[id] = byte;
  }
  const joins = createJoins(results.length);
  const { lefts, rights } = joins;
  const areCompatible = compatibility(joins);
  const lastMade = new Int32Array(areMergesSound ? 0 : size);
  if (!areMergesSound) for (let rank = 0; rank < results.length; rank++) lastMade[results[rank] as number] = rank;
  for (let rank = 0; rank < results.length; rank++) {
    const [leftId, rightId, result] = [merges.lefts[rank] as number, merges.rights[rank] as number, results[rank] as number];
    const left = nodeOf[leftId] as number;
    const right = nodeOf[rightId] as number;
    const made = nodeOf[result] as number;
    if (!areMergesSound) {
      // A part that comes about later, or a byte that is made of others: merges are not done in the order of their ranks.
      if ((left < 0 && (lastMade[leftId] as number) > rank) || (right < 0 && (lastMade[rightId] as number) > rank)) return undefined;
      if (made >= 0 && made < BYTES) return undefined;
      if (merges.rank(leftId, rightId) !== rank) continue; // The pair has a later rank too.
      // Only merges that come earlier have been added so far.
      if (left < 0 || right < 0 || made >= 0 || !areCompatible(left, right)) continue;
    }
    const node = BYTES + rank;
    ids[node] = result;
    nodeOf[result] = node;
    joins.add(node, left, right);
  }
  if (ignoreMerges)
    for (let id = 0; id < size; id++) if ((nodeOf[id] as number) < 0 && reserved?.has(id) !== true) ids[firstWhole + id] = id;
  return { ids, byteNodes: Int32Array.from({ length: BYTES }, (_, byte) => byte), firstWhole, lefts, rights, areCompatible };
}

/** Which two nodes each node is made of, and the node that two make. */
interface Joins {
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
  add(node: number, left: number, right: number): void;
  /** {@link MOST} where there is none. */
  find(this: void, left: number, right: number): number;
}

/** An empty table with room for `size` merges. Before it is a filter of some bits a merge: most pairs that are asked for make nothing. */
function createJoins(size: number): Joins {
  let bits = 6;
  while (1 << bits < size * 1.25) bits++;
  const mask = (1 << bits) - 1;
  const shift = 32 - bits;
  const slots = new Int32Array(1 << bits); // node; 0 is empty, as it is a byte
  const filterShift = 33 - bits;
  const filter = new Int32Array(1 << (bits - 1));
  const lefts = new Int32Array(BYTES + size);
  const rights = new Int32Array(BYTES + size);
  return {
    lefts,
    rights,
    add(node, left, right) {
      lefts[node] = left;
      rights[node] = right;
      const hash = Math.imul(left, 0x9e3779b1) + Math.imul(right, 0x85ebca6b);
      filter[hash >>> filterShift] = (filter[hash >>> filterShift] as number) | (1 << ((hash >>> 8) & 31));
      let slot = hash >>> shift;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = node;
    },
    find(left, right) {
      const hash = Math.imul(left, 0x9e3779b1) + Math.imul(right, 0x85ebca6b);
      if ((((filter[hash >>> filterShift] as number) >>> ((hash >>> 8) & 31)) & 1) === 0) return MOST;
      for (let slot = hash >>> shift; ; slot = (slot + 1) & mask) {
        const node = slots[slot] as number;
        if (node === 0) return MOST;
        if (lefts[node] === left && rights[node] === right) return node;
      }
    },
  };
}

/** Whether two neighbours stay as they are. */
function compatibility({ lefts, rights, find }: Omit<Joins, 'add'>): History['areCompatible'] {
  return (before, after) => {
    let left = before;
    let right = after;
    let limit = MOST;
    for (;;) {
      if (find(left, right) < limit) return false;
      // The later one comes apart first.
      if (left > right) {
        if (left < BYTES) return true;
        limit = left;
        left = rights[left] as number;
      } else {
        if (right < BYTES) return true;
        // Of two merges of one rank the left one comes first.
        limit = right + 1;
        right = lefts[right] as number;
      }
    }
  };
}
