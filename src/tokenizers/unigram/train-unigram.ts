/**
 * Learns a unigram language model: the pieces, and how probable each is (Kudo, "Subword Regularization", 2018, section 3.2).
 *
 * It is `Trainer::Train` of SentencePiece's unigram_model_trainer.cc (0.1.97): seeds; then, until they are few enough, some
 * iterations of expectation maximisation, in which Dirichlet's prior makes rare pieces rarer (digamma) and pieces that are expected
 * less than half a time go, and a pruning of those pieces whose loss costs the likelihood least; at last the most probable, and
 * every character. Sums are 64 bits wide, where SentencePiece's are 32.
 *
 * Two of its habits decide what is learnt, and are kept: an unknown character counts as the most frequent character, and the
 * pieces that would replace a piece are taken to be as many as the vocabulary when the sum of all counts is corrected for them
 * (0.1.99 changed the latter).
 */

import { type TrainingWords, FIRST_CHARACTER } from '../sentencepiece/train-words.ts';
import { compareCodePoints } from '../training/compare-code-points.ts';
import {
  type Lattice,
  type PieceScores,
  UNKNOWN_PIECE,
  countBest,
  createLattice,
  expectPieces,
  renamePieces,
  splitPiece,
} from './train-lattice.ts';
import { type SeedOptions, findSeeds } from './train-seeds.ts';

/** What to learn, and whom to tell. */
export interface UnigramLearning extends SeedOptions {
  /** Pieces at most. */
  readonly size: number;
  /** Pieces at which pruning stops: some more than `size`. */
  readonly pruneTo: number;
  /** Share of the pieces that a pruning leaves. */
  readonly shrinkingFactor: number;
  /** Iterations between prunings. */
  readonly subIterations: number;
  readonly onRound?: ((pieces: number) => void) | undefined;
}

/** A piece and its log-probability. */
export interface ScoredPiece {
  readonly piece: string;
  readonly score: number;
}

/** Pieces expected less often are dropped. */
const LEAST_EXPECTED = 0.5;
/** How much less probable an unknown character is than the least probable piece. */
const UNKNOWN_PENALTY = 10;
/** Characters that have no probability get that of the least probable piece, each this much more than the one before. */
const NEXT_CHARACTER = 0.0001;

/** The pieces that are still there. Piece `i` is the one of id `i + 1` in the lattice. */
interface Model {
  readonly scores: Float64Array;
  /** Where each piece occurs in the text, and how long it is. */
  readonly places: Int32Array;
  readonly lengths: Int32Array;
}

/** Learns the pieces of `words`, in the order of their probability, equal ones in the order of their code points. */
export function learnUnigram(words: TrainingWords, learning: UnigramLearning): readonly ScoredPiece[] {
  const { pruneTo, shrinkingFactor, subIterations, onRound } = learning;
  const seeds = findSeeds(words, learning);
  const { text } = seeds;
  const started = firstModel(words, seeds);
  let { model } = started;
  let lattice = createLattice(seeds, words.counts, started.pieceOfSymbol);
  let scale = 0;
  const weight = words.counts.reduce(
    (sum, count, word) => sum + count * ((words.starts[word + 1] as number) - (words.starts[word] as number)),
    0,
  );

  const keep = (kept: readonly number[], scores: Float64Array): void => {
    if (kept.length === model.scores.length && kept.every((piece, index) => piece === index)) {
      model = { ...model, scores };
      return;
    }
    const names = new Int32Array(model.scores.length + 1).fill(-1);
    names[UNKNOWN_PIECE] = UNKNOWN_PIECE;
    kept.forEach((piece, index) => (names[piece + 1] = index + 1));
    lattice = renamePieces(lattice, names);
    model = {
      scores,
      places: Int32Array.from(kept, (piece) => model.places[piece] as number),
      lengths: Int32Array.from(kept, (piece) => model.lengths[piece] as number),
    };
  };

  for (;;) {
    for (let iteration = 0; iteration < subIterations; iteration++) {
      const { counts, likelihood } = expectPieces(lattice, withUnknown(model), scale);
      scale = -likelihood / weight;
      const { kept, scores } = maximise(counts);
      if (kept.length > 0) keep(kept, scores);
    }
    onRound?.(model.scores.length);
    if (model.scores.length <= pruneTo) break;
    const most = Math.max(pruneTo, Math.trunc(shrinkingFactor * model.scores.length));
    const kept = prune(lattice, model, most);
    keep(
      kept,
      Float64Array.from(kept, (piece) => model.scores[piece] as number),
    );
  }
  return finish(words, learning.size, { model, text });
}

function firstModel(
  { characterCounts }: TrainingWords,
  { suffixes, lows, highs, lengths, scores, text }: ReturnType<typeof findSeeds>,
): { readonly model: Model; readonly pieceOfSymbol: Int32Array } {
  const byCount = Array.from(characterCounts, (_, index) => index).sort(
    (a, b) => (characterCounts[b] as number) - (characterCounts[a] as number) || a - b,
  );
  const pieceOfSymbol = new Int32Array(characterCounts.length + FIRST_CHARACTER).fill(UNKNOWN_PIECE);
  byCount.forEach((index, piece) => (pieceOfSymbol[index + FIRST_CHARACTER] = piece + 1));
  const places = new Int32Array(byCount.length + scores.length);
  const sizes = new Int32Array(places.length).fill(1);
  for (let at = text.length - 1; at >= 0; at--) {
    const piece = pieceOfSymbol[text[at] as number] as number;
    if (piece !== UNKNOWN_PIECE) places[piece - 1] = at;
  }
  for (let seed = 0; seed < scores.length; seed++) {
    let index = lows[seed] as number;
    while ((suffixes[index] as number) >= text.length && index + 1 < (highs[seed] as number)) index++;
    places[byCount.length + seed] = suffixes[index] as number;
    sizes[byCount.length + seed] = lengths[seed] as number;
  }
  const sum = characterCounts.reduce((a, b) => a + b, 0) + scores.reduce((a, b) => a + b, 0);
  const all = new Float64Array(places.length);
  byCount.forEach((index, piece) => (all[piece] = Math.log(characterCounts[index] as number) - Math.log(sum)));
  scores.forEach((score, seed) => (all[byCount.length + seed] = Math.log(score) - Math.log(sum)));
  return { model: { scores: all, places, lengths: sizes }, pieceOfSymbol };
}

function withUnknown({ scores, lengths }: Model): PieceScores {
  const all = new Float64Array(scores.length + 1);
  all.set(scores, 1);
  all[UNKNOWN_PIECE] = leastOf(scores) - UNKNOWN_PENALTY;
  const sizes = new Int32Array(all.length).fill(1);
  sizes.set(lengths, 1);
  return { scores: all, lengths: sizes };
}

function leastOf(scores: Float64Array): number {
  return scores.reduce((least, score) => Math.min(least, score), Infinity);
}

/** The M step: which pieces are left, and their scores. `counts` are by id. */
function maximise(counts: Float64Array): { readonly kept: readonly number[]; readonly scores: Float64Array } {
  counts[1] = (counts[1] as number) + (counts[UNKNOWN_PIECE] as number);
  const kept: number[] = [];
  let sum = 0;
  for (let id = 1; id < counts.length; id++) {
    if ((counts[id] as number) < LEAST_EXPECTED) continue;
    kept.push(id - 1);
    sum += counts[id] as number;
  }
  const ofSum = digamma(sum);
  return { kept, scores: Float64Array.from(kept, (piece) => digamma(counts[piece + 1] as number) - ofSum) };
}

/** The logarithmic derivative of the gamma function, by its asymptotic series. */
function digamma(value: number): number {
  let result = 0;
  let x = value;
  for (; x < 7; x++) result -= 1 / x;
  x -= 1 / 2;
  const xx = 1 / x;
  const xx2 = xx * xx;
  const xx4 = xx2 * xx2;
  return result + Math.log(x) + (1 / 24) * xx2 - (7 / 960) * xx4 + (31 / 8064) * xx4 * xx2 - (127 / 30720) * xx4 * xx4;
}

/** The `most` pieces whose loss would cost most, and all that nothing can replace. */
function prune(lattice: Lattice, model: Model, most: number): readonly number[] {
  const scores = withUnknown(model);
  const found = countBest(lattice, scores);
  const words = lattice.counts.reduce((sum, count) => sum + count, 0);
  found[1] = (found[1] as number) + (found[UNKNOWN_PIECE] as number);
  found[UNKNOWN_PIECE] = 0;
  const sum = found.reduce((a, b) => a + b, 0);
  const pieces = model.scores.length;
  const kept: number[] = [];
  const candidates: number[] = [];
  const losses = new Float64Array(pieces);
  const others: number[] = [];
  for (let piece = 0; piece < pieces; piece++) {
    const count = found[piece + 1] as number;
    const length = model.lengths[piece] as number;
    if (length === 1) {
      if (count > 0) kept.push(piece);
      continue;
    }
    if (count === 0) continue;
    const split = splitPiece(lattice, scores, { start: model.places[piece] as number, length, pieces: others });
    if (split > (model.scores[piece] as number)) continue;
    const before = Math.log(count) - Math.log(sum);
    const newSum = Math.log(sum + count * (pieces - 1));
    let after = 0;
    for (const other of others) after += Math.log((found[other === UNKNOWN_PIECE ? 1 : other] as number) + count) - newSum;
    losses[piece] = (count / words) * (before - after);
    candidates.push(piece);
  }
  candidates.sort((a, b) => (losses[b] as number) - (losses[a] as number) || a - b);
  for (const piece of candidates) {
    if (kept.length >= most) break;
    kept.push(piece);
  }
  return kept;
}

/** Every character and the most probable of the other pieces. */
function finish(
  { characters, characterCounts }: TrainingWords,
  size: number,
  { model, text }: { readonly model: Model; readonly text: Int32Array },
): readonly ScoredPiece[] {
  const spell = (piece: number): string => {
    const start = model.places[piece] as number;
    const symbols = text.subarray(start, start + (model.lengths[piece] as number));
    return String.fromCodePoint(...Array.from(symbols, (symbol) => characters[symbol - FIRST_CHARACTER] as number));
  };
  const all = Array.from(model.scores, (score, piece) => ({ piece: spell(piece), score: Math.fround(score) }));
  const scored = new Map(all.map(({ piece, score }) => [piece, score]));
  const least = Math.fround(leastOf(model.scores));
  let penalty = 0;
  const result: ScoredPiece[] = [];
  const byCount = Array.from(characters, (character, index) => ({ character, count: characterCounts[index] as number }));
  for (const { character } of byCount.sort((a, b) => b.count - a.count || a.character - b.character)) {
    const piece = String.fromCodePoint(character);
    let score = scored.get(piece);
    if (score === undefined) {
      score = Math.fround((Number.isFinite(least) ? least : 0) + penalty);
      penalty = Math.fround(penalty + NEXT_CHARACTER);
    }
    result.push({ piece, score });
  }
  const single = new Set(result.map(({ piece }) => piece));
  for (const scoredPiece of all.sort(byScore)) {
    if (result.length >= size) break;
    if (!single.has(scoredPiece.piece)) result.push(scoredPiece);
  }
  return result.sort(byScore);
}

function byScore(a: ScoredPiece, b: ScoredPiece): number {
  return b.score - a.score || compareCodePoints(a.piece, b.piece);
}
