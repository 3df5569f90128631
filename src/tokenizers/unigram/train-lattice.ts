/**
 * All ways to put words together from pieces, kept from one iteration to the next.
 *
 * A lattice has an arc for each piece that begins at each place of the text. SentencePiece looks the pieces up in a trie whenever it
 * needs them. Here the sorted suffixes already tell which pieces begin where, so the arcs are written down once, and arcs of pieces
 * that were pruned are taken out: an iteration reads one array from end to end.
 *
 * Sums over paths are products of probabilities, scaled by the length of the text; words for which they leave the range of doubles
 * are computed with logarithms.
 */

import { FIRST_CHARACTER } from '../sentencepiece/train-words.ts';
import type { Seeds } from './train-seeds.ts';

/** The arc of a character that is no piece. Pieces have the ids from 1 on. */
export const UNKNOWN_PIECE = 0;
/** An arc is a piece and, in the lowest bits, its length. */
export const LENGTH_BITS = 10;
const LENGTH_MASK: number = (1 << LENGTH_BITS) - 1;

/** Words and the pieces in them. */
export interface Lattice {
  /** Where each word begins; one symbol behind every word belongs to none. */
  readonly starts: Int32Array;
  /** How often each word occurs. */
  readonly counts: Float64Array;
  /** Piece and length of every arc, by the place where it begins. The first arc of a place is of one character. */
  readonly arcs: Int32Array;
  /** Where the arcs of each place begin in `arcs`; one more entry for the end. */
  readonly arcStarts: Int32Array;
}

/** A model: what it costs to take each piece. */
export interface PieceScores {
  /** Log-probability by piece; that of {@link UNKNOWN_PIECE} is what an unknown character costs. */
  readonly scores: Float64Array;
  /** Symbols of each piece. */
  readonly lengths: Int32Array;
}

/** The lattice of all seeds. Pieces `1` to `characters` are the characters, the others the seeds in their order. */
export function createLattice(seeds: Seeds, counts: Float64Array, pieceOfSymbol: Int32Array): Lattice {
  const { text, starts, suffixes, lows, highs, lengths } = seeds;
  const firstSeed = pieceOfSymbol.length - FIRST_CHARACTER + 1;
  const arcStarts = new Int32Array(text.length + 1);
  // How many seeds cover each suffix: up where one begins, down where it ends.
  const changes = new Int32Array(suffixes.length + 1);
  for (let seed = 0; seed < lows.length; seed++) {
    changes[lows[seed] as number] = (changes[lows[seed] as number] as number) + 1;
    changes[highs[seed] as number] = (changes[highs[seed] as number] as number) - 1;
  }
  for (let word = 0; word < counts.length; word++) {
    for (let at = starts[word] as number; at < (starts[word + 1] as number) - 1; at++) arcStarts[at + 1] = 1;
  }
  let covering = 0;
  for (let index = 0; index < suffixes.length; index++) {
    covering += changes[index] as number;
    const at = suffixes[index] as number;
    if (at < text.length) arcStarts[at + 1] = (arcStarts[at + 1] as number) + covering;
  }
  for (let at = 0; at < text.length; at++) arcStarts[at + 1] = (arcStarts[at + 1] as number) + (arcStarts[at] as number);

  const arcs = new Int32Array(arcStarts[text.length] as number);
  for (let word = 0; word < counts.length; word++) {
    for (let at = starts[word] as number; at < (starts[word + 1] as number) - 1; at++) {
      arcs[arcStarts[at] as number] = ((pieceOfSymbol[text[at] as number] as number) << LENGTH_BITS) | 1;
    }
  }
  // From the last suffix to the first, and from the widest seed to the narrowest, which is the order of the seeds turned round.
  const open: number[] = [];
  let next = lows.length - 1;
  for (let index = suffixes.length - 1; index >= 0; index--) {
    while (open.length > 0 && (lows[open.at(-1) as number] as number) > index) open.pop();
    for (; next >= 0 && highs[next] === index + 1; next--) open.push(next);
    const at = suffixes[index] as number;
    if (at >= text.length) continue;
    const to = (arcStarts[at] as number) + 1;
    for (let depth = 0; depth < open.length; depth++) {
      const seed = open[depth] as number;
      arcs[to + depth] = ((firstSeed + seed) << LENGTH_BITS) | (lengths[seed] as number);
    }
  }
  return { starts, counts, arcs, arcStarts };
}

/** The same lattice with pieces renamed; -1 takes a piece out, and leaves an unknown character where it was a character. */
export function renamePieces({ arcs, arcStarts, ...rest }: Lattice, names: Int32Array): Lattice {
  let to = 0;
  let from = 0;
  for (let at = 0; at + 1 < arcStarts.length; at++) {
    const end = arcStarts[at + 1] as number;
    for (; from < end; from++) {
      const arc = arcs[from] as number;
      const name = names[arc >>> LENGTH_BITS] as number;
      if (name >= 0) arcs[to++] = (name << LENGTH_BITS) | (arc & LENGTH_MASK);
      else if ((arc & LENGTH_MASK) === 1) arcs[to++] = (UNKNOWN_PIECE << LENGTH_BITS) | 1;
    }
    arcStarts[at + 1] = to;
  }
  return { ...rest, arcs: arcs.subarray(0, to), arcStarts };
}

/** What the words say about a model. */
export interface Expectation {
  /** How often each piece is expected to occur, by piece. */
  readonly counts: Float64Array;
  /** Log-probability of all words. */
  readonly likelihood: number;
}

/** Sums outside of this are not trusted. */
const LARGEST = 1e250;
/** Words of more symbols are computed with logarithms. */
const LONG = 256;

/** Expected counts of the pieces over all segmentations of all words (the E step), by the forward-backward algorithm. */
export function expectPieces({ starts, counts, arcs, arcStarts }: Lattice, { scores, lengths }: PieceScores, scale: number): Expectation {
  const probabilities = new Float64Array(scores.length);
  const expected = new Float64Array(scores.length);
  for (let piece = 0; piece < scores.length; piece++) {
    probabilities[piece] = Math.exp((scores[piece] as number) + scale * (lengths[piece] as number));
  }
  const backward = new Float64Array(LONG + LENGTH_MASK + 1);
  const forward = new Float64Array(LONG + LENGTH_MASK + 1);
  let likelihood = 0;
  for (let word = 0; word < counts.length; word++) {
    const start = starts[word] as number;
    const length = (starts[word + 1] as number) - 1 - start;
    const count = counts[word] as number;
    let total = 0;
    if (length <= LONG) {
      backward[length] = 1;
      for (let at = length - 1; at >= 0; at--) {
        let sum = 0;
        const end = arcStarts[start + at + 1] as number;
        for (let index = arcStarts[start + at] as number; index < end; index++) {
          const arc = arcs[index] as number;
          sum += (probabilities[arc >>> LENGTH_BITS] as number) * (backward[at + (arc & LENGTH_MASK)] as number);
        }
        backward[at] = sum;
      }
      total = backward[0] as number;
    }
    if (!(total > 1 / LARGEST && total < LARGEST)) {
      likelihood += count * expectByLogarithms({ arcs, arcStarts, start, length, scores, count, expected });
      continue;
    }
    likelihood += count * (Math.log(total) - scale * length);
    forward.fill(0, 0, length + 1);
    forward[0] = count / total;
    for (let at = 0; at < length; at++) {
      const before = forward[at] as number;
      if (before === 0) continue;
      const end = arcStarts[start + at + 1] as number;
      for (let index = arcStarts[start + at] as number; index < end; index++) {
        const arc = arcs[index] as number;
        const piece = arc >>> LENGTH_BITS;
        const to = at + (arc & LENGTH_MASK);
        const through = before * (probabilities[piece] as number);
        forward[to] = (forward[to] as number) + through;
        expected[piece] = (expected[piece] as number) + through * (backward[to] as number);
      }
    }
  }
  return { counts: expected, likelihood };
}

interface LongWord {
  readonly arcs: Int32Array;
  readonly arcStarts: Int32Array;
  readonly start: number;
  readonly length: number;
  readonly scores: Float64Array;
  readonly count: number;
  readonly expected: Float64Array;
}

/** The same for one word, with logarithms; returns its log-probability. */
function expectByLogarithms({ arcs, arcStarts, start, length, scores, count, expected }: LongWord): number {
  const backward = new Float64Array(length + 1).fill(-Infinity);
  backward[length] = 0;
  for (let at = length - 1; at >= 0; at--) {
    for (let index = arcStarts[start + at] as number; index < (arcStarts[start + at + 1] as number); index++) {
      const arc = arcs[index] as number;
      const way = (scores[arc >>> LENGTH_BITS] as number) + (backward[at + (arc & LENGTH_MASK)] as number);
      backward[at] = logSum(backward[at] as number, way);
    }
  }
  const total = backward[0] as number;
  const forward = new Float64Array(length + 1).fill(-Infinity);
  forward[0] = 0;
  for (let at = 0; at < length; at++) {
    for (let index = arcStarts[start + at] as number; index < (arcStarts[start + at + 1] as number); index++) {
      const arc = arcs[index] as number;
      const piece = arc >>> LENGTH_BITS;
      const to = at + (arc & LENGTH_MASK);
      const through = (forward[at] as number) + (scores[piece] as number);
      forward[to] = logSum(forward[to] as number, through);
      expected[piece] = (expected[piece] as number) + count * Math.exp(through + (backward[to] as number) - total);
    }
  }
  return total;
}

function logSum(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === -Infinity ? most : most + Math.log1p(Math.exp(Math.min(a, b) - most));
}

/** How often each piece occurs in the most probable segmentations of the words; of equal ones that whose last piece is longest. */
export function countBest({ starts, counts, arcs, arcStarts }: Lattice, { scores }: PieceScores): Float64Array {
  const found = new Float64Array(scores.length);
  let best = new Float64Array(LONG + 1);
  let last = new Int32Array(LONG + 1);
  for (let word = 0; word < counts.length; word++) {
    const start = starts[word] as number;
    const length = (starts[word + 1] as number) - 1 - start;
    if (length >= best.length) {
      best = new Float64Array(length * 2);
      last = new Int32Array(length * 2);
    }
    best.fill(-Infinity, 0, length + 1);
    best[0] = 0;
    for (let at = 0; at < length; at++) {
      const before = best[at] as number;
      const end = arcStarts[start + at + 1] as number;
      for (let index = arcStarts[start + at] as number; index < end; index++) {
        const arc = arcs[index] as number;
        const to = at + (arc & LENGTH_MASK);
        const score = before + (scores[arc >>> LENGTH_BITS] as number);
        if (score > (best[to] as number)) {
          best[to] = score;
          last[to] = arc;
        }
      }
    }
    const count = counts[word] as number;
    for (let at = length; at > 0;) {
      const arc = last[at] as number;
      found[arc >>> LENGTH_BITS] = (found[arc >>> LENGTH_BITS] as number) + count;
      at -= arc & LENGTH_MASK;
    }
  }
  return found;
}

/**
 * The most probable pieces that together spell the piece of `length` symbols at `start`, without itself, and their score.
 * `pieces` takes them, last first.
 */
export function splitPiece(
  { arcs, arcStarts }: Lattice,
  { scores }: PieceScores,
  { start, length, pieces }: { readonly start: number; readonly length: number; readonly pieces: number[] },
): number {
  const best = new Float64Array(length + 1).fill(-Infinity);
  const last = new Int32Array(length + 1);
  best[0] = 0;
  for (let at = 0; at < length; at++) {
    for (let index = arcStarts[start + at] as number; index < (arcStarts[start + at + 1] as number); index++) {
      const arc = arcs[index] as number;
      const size = arc & LENGTH_MASK;
      if (size === length || at + size > length) continue;
      const score = (best[at] as number) + (scores[arc >>> LENGTH_BITS] as number);
      if (score > (best[at + size] as number)) {
        best[at + size] = score;
        last[at + size] = arc;
      }
    }
  }
  pieces.length = 0;
  for (let at = length; at > 0; at -= (last[at] as number) & LENGTH_MASK) pieces.push((last[at] as number) >>> LENGTH_BITS);
  return best[length] as number;
}
