/**
 * What SentencePiece's BPE knows: it has no list of merges, but joins two neighbours whenever their texts together are a piece. The
 * pairs that can be are found once: every way to divide a piece into two texts that merging can make.
 *
 * A symbol is a piece, or a character that only stands within pieces; these follow the pieces in number.
 */

import { BASE, PARENT, UNIT, VALUE, createPieceTrie } from '../unigram/piece-trie.ts';
import { widthOf } from './adjacent-characters.ts';

/** The symbols and pairs of a vocabulary. */
export interface MergeVocabulary {
  /** The symbol of a text; -1 for none. */
  symbolOf(bytes: Uint8Array, start: number, end: number): number;
  /** Bytes of each symbol. */
  readonly widths: Int32Array;
  /** The characters that are no pieces, from the symbol on that has the number of the pieces. */
  readonly characters: readonly Uint8Array[];
  /** The order in which pieces are merged: lowest first, and equal ones from the left. */
  readonly ranks: Int32Array;
  /** The symbol that two make; -1 for none. */
  merged(left: number, right: number): number;
}

/**
 * @param pieces - bytes of every piece that text can become; undefined for the others
 * @param scores - of each; higher is merged earlier
 */
export function createMergeVocabulary(pieces: readonly (Uint8Array | undefined)[], scores: ArrayLike<number>): MergeVocabulary {
  const characters = charactersWithin(pieces);
  const all = [...pieces, ...characters];
  const trie = createPieceTrie(all);
  const table = createPairTable();
  const symbolOf = (bytes: Uint8Array, start: number, end: number): number => {
    let node = 0;
    for (let at = start; at < end; at++) {
      const child = (trie[node + BASE] as number) + (bytes[at] as number) * UNIT;
      if (trie[child + PARENT] !== node) return -1;
      node = child;
    }
    return trie[node + VALUE] as number;
  };
  pieces.forEach((piece, id) => {
    if (piece === undefined || symbolOf(piece, 0, piece.length) !== id) return;
    let node = 0;
    let next = widthOf(piece[0] as number);
    for (let at = 0; at < piece.length; at++) {
      if (at === next) {
        const left = trie[node + VALUE] as number;
        const right = left < 0 ? -1 : symbolOf(piece, at, piece.length);
        if (right >= 0) table.add(left, right, id);
        next += widthOf(piece[at] as number);
      }
      node = (trie[node + BASE] as number) + (piece[at] as number) * UNIT;
    }
  });
  return {
    symbolOf,
    widths: Int32Array.from(all, (bytes) => bytes?.length ?? 0),
    characters,
    ranks: ranksOf(scores, pieces.length),
    merged: table.find,
  };
}

/** Characters that stand within pieces and are none. */
function charactersWithin(pieces: readonly (Uint8Array | undefined)[]): Uint8Array[] {
  const known = new Set<number>();
  const keyOf = (piece: Uint8Array, at: number, width: number): number => {
    let key = 0;
    for (let index = 0; index < width; index++) key = key * 256 + (piece[at + index] as number);
    return key;
  };
  for (const piece of pieces) if (piece !== undefined && piece.length <= 4) known.add(keyOf(piece, 0, piece.length));
  const characters: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece === undefined) continue;
    for (let at = 0, width: number; at < piece.length; at += width) {
      width = widthOf(piece[at] as number);
      const key = keyOf(piece, at, width);
      if (known.has(key)) continue;
      known.add(key);
      characters.push(piece.slice(at, at + width));
    }
  }
  return characters;
}

function ranksOf(scores: ArrayLike<number>, count: number): Int32Array {
  const order = Float64Array.from({ length: count }, (_, id) => -(scores[id] as number)).sort();
  const rankByScore = new Map<number, number>();
  for (const negated of order) if (!rankByScore.has(negated)) rankByScore.set(negated, rankByScore.size);
  return Int32Array.from({ length: count }, (_, id) => rankByScore.get(-(scores[id] as number)) as number);
}

interface PairTable {
  add(left: number, right: number, merged: number): void;
  find(this: void, left: number, right: number): number;
}

/** Pairs in an open-addressed table of slots of three integers. */
function createPairTable(): PairTable {
  let slots = new Int32Array((1 << 10) * 3);
  let mask = (1 << 10) - 1;
  let size = 0;
  const slotOf = (left: number, right: number): number => {
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    for (;;) {
      const at = slot * 3;
      if (slots[at + 2] === 0 || (slots[at] === left && slots[at + 1] === right)) return at;
      slot = (slot + 1) & mask;
    }
  };
  const add = (left: number, right: number, merged: number): void => {
    const at = slotOf(left, right);
    if (slots[at + 2] === 0) size++;
    slots[at] = left;
    slots[at + 1] = right;
    slots[at + 2] = merged + 1;
    if (size * 2 <= mask) return;
    const old = slots;
    slots = new Int32Array(old.length * 2);
    mask = mask * 2 + 1;
    size = 0;
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] !== 0) add(old[at] as number, old[at + 1] as number, (old[at + 2] as number) - 1);
    }
  };
  return { add, find: (left, right) => (slots[slotOf(left, right) + 2] as number) - 1 };
}
