/**
 * The most probable segmentation of a text under a unigram language model, by Viterbi over its bytes.
 *
 * It does what `EncodeOptimized` of SentencePiece's unigram_model.cc does (which Hugging Face's `unigram/model.rs` follows), down to
 * the rounding that decides between segmentations of the same probability: of equal ones the piece that begins first wins; sums
 * are kept in 32 bits by SentencePiece, in 64 by Hugging Face, while a sum that competes is compared before it is rounded, except
 * that of an unknown character. Source: google/sentencepiece 0.1.97; Kudo, "Subword Regularization", 2018.
 */

import { BASE, PARENT, UNIT, VALUE, createPieceTrie } from './piece-trie.ts';

/** A unigram language model. */
export interface UnigramVocabulary {
  /** The UTF-8 bytes of every piece; its place is its id. Undefined for what is never found in text. */
  readonly pieces: readonly (Uint8Array | undefined)[];
  /** Log-probability of every piece; finite. */
  readonly scores: ArrayLike<number>;
  /** The id that a character gets which is no piece; it may be -1, if there is none. */
  readonly unknownId: number;
  /** The log-probability of such a character; see {@link unknownScore}. */
  readonly unknownScore: number;
  /** Whether sums are rounded to 32 bits, as SentencePiece does. Default false. */
  readonly single?: boolean;
}

/** Segments texts; it keeps scratch memory between calls. */
export interface UnigramEncoder {
  /**
   * Segments the well-formed UTF-8 `bytes[start .. end)`; the tokens are then in {@link ids} and {@link ends}.
   *
   * @param base - sum of the scores of all that stands before
   * @returns how many tokens there are
   */
  segment(bytes: Uint8Array, start: number, end: number, base?: number): number;
  /** Ids of the tokens of the last call, an unknown character each on its own. */
  ids(): Int32Array;
  /** Where each ends, in bytes from `start`. */
  ends(): Int32Array;
  /** `base` plus the scores of the tokens. */
  score(): number;
  /** For every other base up to this, taken as positive, the tokens are the same: rounding cannot change a choice. */
  safeBase(): number;
}

/** How much less probable an unknown character is than the least probable piece. */
const UNKNOWN_PENALTY = 10;

/** The score of an unknown character, given the scores of the ordinary pieces. */
export function unknownScore(scores: Iterable<number>): number {
  let least = Infinity;
  for (const score of scores) least = Math.min(least, score);
  return least - UNKNOWN_PENALTY;
}

/** Bytes up to which scratch memory is kept for the next text. */
const KEPT_BYTES = 1 << 18;

/** An encoder of a vocabulary. */
export function createUnigramEncoder({ pieces, scores, unknownId, unknownScore, single = false }: UnigramVocabulary): UnigramEncoder {
  const units = createPieceTrie(pieces);
  const scoreOf = Float64Array.from(scores);
  // For each place of the text: the best sum of what ends there, the next best, where its last piece begins, and the id of that.
  let best = new Float64Array(256);
  let second = new Float64Array(256);
  let from = new Int32Array(256);
  let last = new Int32Array(256);
  let ids = new Int32Array(256);
  let ends = new Int32Array(256);
  let first = 0;
  let length = 0;
  let characters = 0;
  let furthest = 0; // The most that a sum is away from the base.
  let count = 0;

  const reserve = (room: number): void => {
    if (room <= best.length && best.length <= KEPT_BYTES) return;
    const size = Math.max(room, Math.min(2 * best.length, KEPT_BYTES));
    best = new Float64Array(size);
    second = new Float64Array(size);
    from = new Int32Array(size);
    last = new Int32Array(size);
    ids = new Int32Array(size);
    ends = new Int32Array(size);
  };

  return {
    segment(bytes, start, end, base = 0) {
      length = end - start;
      first = base;
      reserve(length + 1);
      best.fill(-Infinity, 0, length + 1);
      second.fill(-Infinity, 0, length + 1);
      best[0] = base;
      characters = 0;
      furthest = 0;
      for (let at = 0; at < length; characters++) {
        const lead = bytes[start + at] as number;
        const next = Math.min(at + (lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4), length);
        const sum = best[at] as number;
        const away = Math.abs(sum - base);
        if (away > furthest) furthest = away;
        let known = false;
        let node = 0;
        for (let key = at; key < length;) {
          const child = (units[node + BASE] as number) + (bytes[start + key] as number) * UNIT;
          if (units[child + PARENT] !== node) break;
          node = child;
          key++;
          const id = units[node + VALUE] as number;
          if (id < 0) continue;
          if (key === next) known = true;
          const candidate = (scoreOf[id] as number) + sum;
          if (candidate > (best[key] as number)) {
            second[key] = best[key] as number;
            best[key] = single ? Math.fround(candidate) : candidate;
            from[key] = at;
            last[key] = id;
          } else if (candidate > (second[key] as number)) second[key] = candidate;
        }
        if (!known) {
          const candidate = single ? Math.fround(unknownScore + sum) : unknownScore + sum;
          if (candidate > (best[next] as number)) {
            second[next] = best[next] as number;
            best[next] = candidate;
            from[next] = at;
            last[next] = unknownId;
          } else if (candidate > (second[next] as number)) second[next] = candidate;
        }
        at = next;
      }
      count = 0;
      for (let at = length; at > 0; at = from[at] as number) count++;
      for (let at = length, index = count - 1; at > 0; at = from[at] as number, index--) {
        ids[index] = last[at] as number;
        ends[index] = at;
      }
      return count;
    },
    ids: () => ids,
    ends: () => ends,
    score: () => best[length] as number,
    safeBase() {
      let gap = Infinity;
      for (let at = length; at > 0; at = from[at] as number) gap = Math.min(gap, (best[at] as number) - (second[at] as number));
      if (gap === Infinity) return Infinity;
      // A sum has at most one rounding a character, each of at most 2^-24 of its size (2^-53 of 64 bits); two sums are compared.
      // The gap itself was measured with that error. Half the bits that this leaves is what is taken.
      const error = characters * (single ? 2 ** -22 : 2 ** -51);
      return (gap - error * (Math.abs(first) + furthest)) / error - furthest;
    },
  };
}
