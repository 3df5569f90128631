/**
 * The most probable segmentation under a unigram language model, found as Hugging Face's library does: in doubles, the first of equal
 * paths, unknown characters in a row as one token.
 *
 * Source: huggingface/tokenizers 0.23, `models/unigram/model.rs`, `encode_optimized`.
 */

import { codePointAt, unitsOf } from './code-points.ts';
import { type Model, type Token, byteLength, remembering, unknownPiece, withoutReserved } from './model.ts';

/** What an unknown character costs below the worst token. */
const UNKNOWN_PENALTY = 10;

/** All that the model is. */
export interface UnigramOptions {
  /** Tokens in the order of their ids. */
  readonly tokens: readonly string[];
  readonly scores: Float64Array;
  readonly unknownId: number | undefined;
  readonly byteFallback: boolean;
  /** Tokens that text never becomes. */
  readonly reserved: ReadonlySet<string>;
}

/** The model. */
export function createUnigramModel({ tokens, scores, unknownId, byteFallback, reserved }: UnigramOptions): Model {
  const vocabulary = new Map(tokens.map((token, id) => [token, id]));
  const pieces = withoutReserved(vocabulary, reserved);
  const trie = createTrie(pieces);
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;
  const byteIds = Array.from({ length: 256 }, (_, byte) => vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`));
  const utf8 = new TextEncoder();
  let best = new Float64Array(256);
  let begins = new Int32Array(256);
  let ids = new Int32Array(256);

  /**
   * Where the pieces of the best path begin, last first, each followed by its id; unknown characters in a row are one piece, whose id
   * is -1 as it may be a token after all.
   */
  const segment = (text: string): readonly number[] => {
    const { length } = text;
    if (length + 1 > best.length) {
      best = new Float64Array(length * 2);
      begins = new Int32Array(length * 2);
      ids = new Int32Array(length * 2);
    }
    begins.fill(-1, 0, length + 1);
    best[0] = 0;
    const offer = (end: number, start: number, score: number, id: number): void => {
      if (begins[end] !== -1 && score <= (best[end] as number)) return;
      best[end] = score;
      begins[end] = start;
      ids[end] = id;
    };
    for (let start = 0; start < length;) {
      const single = start + unitsOf(codePointAt(text, start));
      const here = best[start] as number;
      let hasSingle = false;
      let node = 0;
      for (let end = start; end < length;) {
        node = trie.step(node, text.charCodeAt(end++));
        if (node < 0) break;
        const id = trie.id(node);
        if (id < 0) continue;
        offer(end, start, (scores[id] as number) + here, id);
        if (end === single) hasSingle = true;
      }
      if (!hasSingle) {
        if (unknownId !== undefined) {
          offer(single, start, unknownScore + here, unknownId);
        } else if (begins[single] === -1 || unknownScore + here > (best[single] as number)) {
          throw unknownPiece(text.slice(start, single));
        }
      }
      start = single;
    }
    const found: number[] = [];
    let fuses = false;
    for (let end = length; end > 0;) {
      const start = begins[end] as number;
      const id = ids[end] as number;
      const isUnknown = id === unknownId;
      if (isUnknown && fuses) found[found.length - 2] = start;
      else found.push(start, isUnknown ? -1 : id);
      fuses = isUnknown;
      end = start;
    }
    if (best.length > 1 << 20) {
      best = new Float64Array(256);
      begins = new Int32Array(256);
      ids = new Int32Array(256);
    }
    return found;
  };

  const tokenize = (text: string, emit: (id: number, piece: string, isByte: boolean) => void): void => {
    const found = segment(text);
    for (let index = found.length - 2; index >= 0; index -= 2) {
      const piece = text.slice(found[index], index > 0 ? found[index - 2] : text.length);
      const known = found[index + 1] as number;
      const id = known < 0 ? pieces.get(piece) : known;
      if (id !== undefined) {
        emit(id, piece, false);
        continue;
      }
      const bytes = byteFallback ? utf8.encode(piece) : undefined;
      if (bytes !== undefined && bytes.every((byte) => byteIds[byte] !== undefined)) {
        bytes.forEach((byte, place) => emit(byteIds[byte] as number, piece, place < bytes.length - 1));
      } else if (unknownId === undefined) {
        throw unknownPiece(piece);
      } else {
        emit(unknownId, piece, false);
      }
    }
  };

  return {
    type: 'unigram',
    vocabulary,
    size: tokens.length,
    encode: remembering((text) => {
      const list: number[] = [];
      tokenize(text, (id) => list.push(id));
      return list;
    }),
    align: remembering((text) => {
      const list: Token[] = [];
      let start = 0;
      tokenize(text, (id, piece, more) => {
        const end = start + byteLength(piece);
        list.push({ id, start, end, text: piece });
        if (!more) start = end;
      });
      return list;
    }),
  };
}

/** A trie over UTF-16 units: children in one open-addressed table. */
interface Trie {
  /** The child of a node, or -1. */
  step(node: number, unit: number): number;
  /** Id of the token that ends at a node, or -1. */
  id(node: number): number;
}

function createTrie(vocabulary: ReadonlyMap<string, number>): Trie {
  let units = 0;
  for (const text of vocabulary.keys()) units += text.length;
  let capacity = 1 << 10;
  while (capacity < units * 2) capacity *= 2;
  const mask = capacity - 1;
  const parents = new Int32Array(capacity).fill(-1);
  const labels = new Uint16Array(capacity);
  const children = new Int32Array(capacity);
  const ids = new Int32Array(units + 1).fill(-1);
  let size = 1;
  const slotOf = (node: number, unit: number): number => {
    let slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (parents[slot] !== -1 && (parents[slot] !== node || labels[slot] !== unit)) slot = (slot + 1) & mask;
    return slot;
  };
  for (const [text, id] of vocabulary) {
    let node = 0;
    for (let at = 0; at < text.length; at++) {
      const slot = slotOf(node, text.charCodeAt(at));
      if (parents[slot] === -1) {
        parents[slot] = node;
        labels[slot] = text.charCodeAt(at);
        children[slot] = size++;
      }
      node = children[slot] as number;
    }
    if (node > 0) ids[node] = id;
  }
  return {
    step(node, unit) {
      const slot = slotOf(node, unit);
      return parents[slot] === -1 ? -1 : (children[slot] as number);
    },
    id: (node) => ids[node] as number,
  };
}
