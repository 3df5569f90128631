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
  readonly table: MergeTable;
  /** Id of each single byte. */
  readonly byteIds: Int32Array;
  /** Whether a piece that is a token is taken whole, even where merges would not lead to it. */
  readonly ignoreMerges: boolean;
  /** See `BpeDefinition`. */
  readonly areMergesSound?: boolean | undefined;
}

const SEED = 0x811c9dc5 | 0;
const FACTOR = 0x9e3779b1;
/** The token is not the result of any merge that can happen. */
const NEVER = 0x7fffffff;

/** An encoder of pieces; undefined where a vocabulary lacks bytes or its merges are not in the order in which they can happen. */
export function createBacktracker(vocabulary: BacktrackVocabulary): PieceEncoder | undefined {
  const { byteIds, ignoreMerges } = vocabulary;
  const history = findHistory(vocabulary);
  if (history === undefined) return undefined;
  const { records, areCompatible } = history;
  const matcher = createMatcher(vocabulary.tokens, (id) => ignoreMerges || records[id * 4] !== NEVER);
  const { pairs, filter, filterShift, find } = matcher;
  const lengths = new Int32Array(matcher.longest);
  const hashes = new Int32Array(matcher.longest);
  let dead = new Uint8Array(256);

  return (bytes, start, end, ids) => {
    let count = 0;
    let at = start;
    let below = NEVER; // matches are to be shorter than this
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
      let id = -1;
      let length = 1;
      while (matches > 0) {
        matches--;
        length = lengths[matches] as number;
        if (!isClean && dead[at - start + length] === 1) continue;
        const candidate = find(bytes, at, length, hashes[matches] as number);
        if (candidate < 0) continue;
        if (records[candidate * 4] === NEVER) {
          // A token that merges don't make is only ever a whole piece.
          if (count > 0 || at + length !== end) continue;
        } else if (count > 0 && !areCompatible(ids[count - 1] as number, candidate, NEVER)) continue;
        id = candidate;
        break;
      }
      if (id < 0 && most > 0 && (isClean || dead[at - start + 1] !== 1)) {
        const candidate = byteIds[bytes[at] as number] as number;
        length = 1;
        if (count === 0 || areCompatible(ids[count - 1] as number, candidate, NEVER)) id = candidate;
      }
      if (id >= 0) {
        ids[count++] = id;
        at += length;
        if (at === end) return count;
        below = NEVER;
      } else {
        if (isClean) {
          if (end - start >= dead.length) dead = new Uint8Array(end - start + 1);
          else dead.fill(0, 0, end - start + 1);
          isClean = false;
        }
        if (count === 0) throw new RangeError('No encoding: the merges contradict each other.');
        dead[at - start] = 1;
        below = records[(ids[--count] as number) * 4 + 3] as number;
        at -= below;
      }
    }
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
  /** Id of the token `bytes[start .. start + length)`, or -1. */
  // oxlint-disable-next-line max-params -- called for every match
  find(this: void, bytes: Uint8Array, start: number, length: number, hash: number): number;
}

/** Bytes that a slot has room for. */
const SLOT_BYTES = 11;

function createMatcher({ bytes: arena, starts }: TokenArena, includes: (id: number) => boolean): Matcher {
  const size = starts.length - 1;
  let bits = 8;
  while (1 << bits < size * 1.5) bits++;
  const mask = (1 << bits) - 1;
  // The first eight bytes, three more with the length above them, and the id + 1: one line of the processor's cache a token.
  const slots = new Int32Array(4 << bits);
  const filterShift = 32 - Math.min(bits + 4, 22);
  const filter = new Int32Array(1 << (28 - filterShift));
  const pairs = new Uint8Array(1 << 16);
  let longest = 1;
  for (let id = 0; id < size; id++) {
    const start = starts[id] as number;
    const end = starts[id + 1] as number;
    const length = end - start;
    if (length < 2 || !includes(id)) continue;
    longest = Math.max(longest, length);
    pairs[((arena[start] as number) << 8) | (arena[start + 1] as number)] = 1;
    let hash = Math.imul(SEED ^ (arena[start] as number), FACTOR);
    for (let at = start + 1; at < end; at++) {
      hash = Math.imul(hash ^ (arena[at] as number), FACTOR);
      const bit = hash >>> filterShift;
      filter[bit >>> 4] = (filter[bit >>> 4] as number) | ((at + 1 < end ? 1 : 2) << ((bit & 15) << 1));
    }
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (slots[slot * 4 + 3] !== 0) slot = (slot + 1) & mask;
    slots[slot * 4] = packed(arena, start, length);
    slots[slot * 4 + 1] = length > SLOT_BYTES ? start : packed(arena, start + 4, length - 4);
    slots[slot * 4 + 2] = length > SLOT_BYTES ? -length : packed(arena, start + 8, length - 8) | (length << 24);
    slots[slot * 4 + 3] = id + 1;
  }
  return {
    pairs,
    filter,
    filterShift,
    longest,
    // oxlint-disable-next-line max-params
    find(bytes, start, length, hash) {
      const first = packed(bytes, start, length);
      const isLong = length > SLOT_BYTES;
      const second = packed(bytes, start + 4, length - 4);
      const third = isLong ? -length : packed(bytes, start + 8, length - 8) | (length << 24);
      for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
        const at = slot * 4;
        const id = (slots[at + 3] as number) - 1;
        if (id < 0) return -1;
        if (slots[at] !== first || slots[at + 2] !== third) continue;
        if (!isLong) {
          if (slots[at + 1] === second) return id;
          continue;
        }
        const from = slots[at + 1] as number;
        let index = 4;
        while (index < length && bytes[start + index] === arena[from + index]) index++;
        if (index === length) return id;
      }
    },
  };
}

/** Up to four bytes as an integer. */
function packed(bytes: Uint8Array, start: number, length: number): number {
  if (length >= 4) {
    return (
      (bytes[start] as number) |
      ((bytes[start + 1] as number) << 8) |
      ((bytes[start + 2] as number) << 16) |
      ((bytes[start + 3] as number) << 24)
    );
  }
  if (length === 3) return (bytes[start] as number) | ((bytes[start + 1] as number) << 8) | ((bytes[start + 2] as number) << 16);
  if (length === 2) return (bytes[start] as number) | ((bytes[start + 1] as number) << 8);
  return length === 1 ? (bytes[start] as number) : 0;
}

/** How tokens come about when merges are done on their bytes alone. */
interface History {
  /**
   * Four integers a token: the rank of the merge that makes it, -1 for a byte and {@link NEVER} where none does; the two tokens that
   * it is made of; its length in bytes.
   */
  readonly records: Int32Array;
  /** Whether no merge of a rank below `limit` comes between two neighbours. */
  areCompatible(this: void, left: number, right: number, limit: number): boolean;
}

/** Finds the merge that makes each token; undefined where the method does not apply. */
function findHistory({ tokens, table, byteIds, areMergesSound }: BacktrackVocabulary): History | undefined {
  const size = arenaSize(tokens);
  const records = new Int32Array(size * 4);
  for (let id = 0; id < size; id++) {
    records[id * 4] = NEVER;
    records[id * 4 + 3] = (tokens.starts[id + 1] as number) - (tokens.starts[id] as number);
  }
  const areCompatible = (before: number, after: number, from: number): boolean => {
    let left = before;
    let right = after;
    let limit = from;
    for (;;) {
      const rank = table.rank(left, right);
      if (rank >= 0 && rank < limit) return false;
      const leftRank = records[left * 4] as number;
      const rightRank = records[right * 4] as number;
      if (leftRank > rightRank) {
        limit = leftRank;
        left = records[left * 4 + 2] as number;
      } else {
        // Of two merges of one rank the left one comes first.
        if (rightRank < 0) return true;
        limit = rightRank + 1;
        right = records[right * 4 + 1] as number;
      }
    }
  };

  for (const id of byteIds) {
    if (id < 0) return undefined;
    records[id * 4] = -1;
  }
  if (areMergesSound === true) {
    for (let rank = 0; rank < table.results.length; rank++) {
      const at = (table.results[rank] as number) * 4;
      records[at] = rank;
      records[at + 1] = table.lefts[rank] as number;
      records[at + 2] = table.rights[rank] as number;
    }
    return { records, areCompatible };
  }
  const lastMade = new Int32Array(size).fill(-1);
  for (let rank = 0; rank < table.results.length; rank++) lastMade[table.results[rank] as number] = rank;
  for (let rank = 0; rank < table.results.length; rank++) {
    const left = table.lefts[rank] as number;
    const right = table.rights[rank] as number;
    const result = table.results[rank] as number;
    if (table.rank(left, right) !== rank) continue; // The pair has a later rank too.
    const made = records[result * 4];
    if (made === -1) return undefined;
    const isLeftNever = records[left * 4] === NEVER;
    const isRightNever = records[right * 4] === NEVER;
    // A part that comes about later: merges are not done in the order of their ranks.
    if ((isLeftNever && (lastMade[left] as number) > rank) || (isRightNever && (lastMade[right] as number) > rank)) return undefined;
    if (isLeftNever || isRightNever || made !== NEVER || !areCompatible(left, right, rank)) continue;
    records[result * 4] = rank;
    records[result * 4 + 1] = left;
    records[result * 4 + 2] = right;
  }
  return { records, areCompatible };
}
