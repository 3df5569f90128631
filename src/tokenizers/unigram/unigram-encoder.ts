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

/** Bytes after which the tokens that are certain by then are taken, so that memory stays small, and in the processor's cache. */
const WINDOW = 1 << 12;

/** Tokens up to which scratch memory is kept for the next text. */
const KEPT_TOKENS = 1 << 16;

/** An encoder of a vocabulary. */
export function createUnigramEncoder({ pieces, scores, unknownId, unknownScore, single = false }: UnigramVocabulary): UnigramEncoder {
  const units = createPieceTrie(pieces);
  const scoreOf = Float64Array.from(scores);
  let longest = 4;
  for (const piece of pieces) if (piece !== undefined && piece.length > longest) longest = piece.length;
  // For each place of the window: the best sum of what ends there, the next best, where its last piece begins, and the id of that.
  let size = 256;
  let best = new Float64Array(size);
  let second = new Float64Array(size);
  let from = new Int32Array(size);
  let last = new Int32Array(size);
  let ids = new Int32Array(256);
  let ends = new Int32Array(256);
  let count = 0;
  let first = 0;
  let score = 0;
  let characters = 0;
  let furthest = 0; // The most that a sum is away from the base.
  let gap = Infinity; // The least by which a sum on the best path was better than the next best.

  const resize = (room: number): void => {
    size = room;
    best = grown(best, new Float64Array(size));
    second = grown(second, new Float64Array(size));
    from = grown(from, new Int32Array(size));
    last = grown(last, new Int32Array(size));
  };
  /** Takes the tokens that lead to a place of the window, which begins at `origin`. */
  const take = (place: number, origin: number): void => {
    let more = 0;
    for (let at = place; at > 0; at = from[at] as number) more++;
    if (count + more > ids.length) {
      ids = grown(ids, new Int32Array(Math.max(ids.length * 2, count + more)));
      ends = grown(ends, new Int32Array(ids.length));
    }
    count += more;
    for (let at = place, index = count - 1; at > 0; at = from[at] as number, index--) {
      ids[index] = last[at] as number;
      ends[index] = origin + at;
      const ahead = (best[at] as number) - (second[at] as number);
      if (ahead < gap) gap = ahead;
    }
  };
  /** The place through which the best paths to all places from `at` to `reach` go. */
  const meeting = (at: number, reach: number): number => {
    const places: number[] = [];
    for (let place = at; place <= reach; place++) if (best[place] !== -Infinity) places.push(place);
    while (places.length > 1) {
      const before = from[places.pop() as number] as number;
      let index = places.length;
      while (index > 0 && (places[index - 1] as number) > before) index--;
      if (places[index - 1] !== before) places.splice(index, 0, before);
    }
    return places[0] as number;
  };

  return {
    segment(bytes, start, end, base = 0) {
      const length = end - start;
      if (ids.length > KEPT_TOKENS) {
        ids = new Int32Array(256);
        ends = new Int32Array(256);
      }
      const needed = Math.min(length, WINDOW + longest) + 1;
      if (size < needed || size > 4 * (WINDOW + longest)) resize(Math.max(needed, 256));
      count = 0;
      first = base;
      gap = Infinity;
      characters = 0;
      let origin = 0; // Where the window begins.
      let reach = 0; // The last place of the window that was reached; those behind it are not set.
      let away = 0;
      let full = WINDOW; // Where in the window tokens are to be taken.
      let sums = best;
      let nexts = second;
      let begins = from;
      let lasts = last;
      sums[0] = base;
      for (let at = 0, stop = length; at < stop; characters++) {
        if (at >= full) {
          const place = meeting(at, reach);
          if (place < at >> 1) {
            // Paths that stay apart, as of two that are one letter out of step: the window grows, so that time stays linear.
            full *= 2;
            if (size < full + longest + 1) resize(Math.min(full, stop) + longest + 1);
          } else {
            take(place, origin);
            sums.copyWithin(0, place, reach + 1);
            nexts.copyWithin(0, place, reach + 1);
            lasts.copyWithin(0, place, reach + 1);
            for (let index = place; index <= reach; index++) begins[index - place] = (begins[index] as number) - place;
            origin += place;
            reach -= place;
            at -= place;
            stop -= place;
            full = WINDOW;
          }
          sums = best;
          nexts = second;
          begins = from;
          lasts = last;
        }
        const offset = start + origin;
        const lead = bytes[offset + at] as number;
        const next = Math.min(at + (lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4), stop);
        const sum = sums[at] as number;
        const distance = Math.abs(sum - base);
        if (distance > away) away = distance;
        let known = false;
        let node = 0;
        while (reach < next) sums[++reach] = -Infinity;
        for (let key = at; key < stop;) {
          const child = (units[node + BASE] as number) + (bytes[offset + key] as number) * UNIT;
          if (units[child + PARENT] !== node) break;
          node = child;
          key++;
          const id = units[node + VALUE] as number;
          if (id < 0) continue;
          if (key === next) known = true;
          while (reach < key) sums[++reach] = -Infinity;
          const candidate = (scoreOf[id] as number) + sum;
          const old = sums[key] as number;
          if (candidate > old) {
            nexts[key] = old;
            sums[key] = single ? Math.fround(candidate) : candidate;
            begins[key] = at;
            lasts[key] = id;
          } else if (candidate > (nexts[key] as number)) nexts[key] = candidate;
        }
        if (!known) {
          const candidate = single ? Math.fround(unknownScore + sum) : unknownScore + sum;
          const old = sums[next] as number;
          if (candidate > old) {
            nexts[next] = old;
            sums[next] = candidate;
            begins[next] = at;
            lasts[next] = unknownId;
          } else if (candidate > (nexts[next] as number)) nexts[next] = candidate;
        }
        at = next;
      }
      furthest = away;
      score = sums[length - origin] as number;
      take(length - origin, origin);
      return count;
    },
    ids: () => ids,
    ends: () => ends,
    score: () => score,
    safeBase() {
      if (gap === Infinity) return Infinity;
      // A sum has at most one rounding a character, each of at most 2^-24 of its size (2^-53 of 64 bits); two sums are compared.
      // The gap itself was measured with that error. Half the bits that this leaves is what is taken.
      const error = characters * (single ? 2 ** -22 : 2 ** -51);
      return (gap - error * (Math.abs(first) + furthest)) / error - furthest;
    },
  };
}

function grown<A extends Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old.length > larger.length ? old.subarray(0, larger.length) : old);
  return larger;
}
