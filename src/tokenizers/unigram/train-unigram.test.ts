import fc from 'fast-check';
import { expect, test } from 'vitest';

import { createTrainingWords } from '../sentencepiece/train-words.ts';
import { createChunkCounter } from '../training/count-chunks.ts';
import { type SlowWord, learnSlowly } from './slow-unigram.fixture.ts';
import { createLattice, expectPieces } from './train-lattice.ts';
import { findSeeds } from './train-seeds.ts';
import { learnUnigram } from './train-unigram.ts';

const LIMITS = { maxPieceLength: 5, splitByScript: true, splitByNumber: true, splitDigits: false, seedSize: 1_000_000 };
const LEARNING = { pruneTo: 12, shrinkingFactor: 0.75, subIterations: 2, size: 11 };

function wordsOf(lines: readonly string[]): ReturnType<typeof createTrainingWords> {
  const counter = createChunkCounter({
    separator: 'space',
    lines: true,
    places: true,
    empty: false,
    limit: 1000,
    byteLimit: 100_000,
    seed: 0,
  });
  for (const line of lines) counter.add(line);
  return createTrainingWords(counter.result(), {
    normalize: (text) => text,
    dummyPrefix: true,
    removeExtraWhitespaces: true,
    symbols: [],
    characterCoverage: 1,
  });
}

function slowWordsOf(lines: readonly string[]): SlowWord[] {
  const words = new Map<string, { count: number; last: number }>();
  for (const line of lines) {
    const parts = line.split(' ').filter((part) => part !== '');
    parts.forEach((part, index) => {
      const word = words.get(`▁${part}`) ?? { count: 0, last: 0 };
      words.set(`▁${part}`, { count: word.count + 1, last: word.last + (index === parts.length - 1 ? 1 : 0) });
    });
  }
  return [...words].map(([text, counts]) => ({ text, ...counts }));
}

const line = fc.array(fc.stringMatching(/^[abcd]{1,7}$/), { minLength: 1, maxLength: 8 }).map((words) => words.join(' '));
/** Lines, each several times, so that few counts are equal. */
const corpus = fc
  .array(fc.tuple(line, fc.integer({ min: 1, max: 97 })), { minLength: 5, maxLength: 15 })
  .map((lines) => lines.flatMap(([text, times]) => Array.from({ length: times }, () => text)));

test('seeds are the substrings that different characters follow, with what they cover', () => {
  const lines = ['low lower lowest', 'low low', 'slow'];
  const words = wordsOf(lines);
  const { text, suffixes, lows, highs, lengths, scores } = findSeeds(words, LIMITS);
  const spell = (seed: number): string => {
    const start = [...suffixes.subarray(lows[seed], highs[seed])].find((place) => place < text.length) as number;
    const symbols = Array.from(text.subarray(start, start + (lengths[seed] as number)));
    return String.fromCodePoint(...symbols.map((symbol) => words.characters[symbol - 2] as number));
  };
  expect(new Map(Array.from(scores, (score, seed) => [spell(seed), score]))).toEqual(
    new Map([
      ['▁low', 20], // Five times: before the end of a word, the end of a line and before an e.
      ['low', 18],
      ['ow', 12],
      ['▁lowe', 10],
      ['lowe', 8],
      ['owe', 6],
      ['we', 4],
    ]),
  );
});

test('learns what the slow twin learns on random corpora', () => {
  let same = 0;
  const corpora = fc.sample(corpus, { numRuns: 100, seed: 7 });
  for (const lines of corpora) {
    const fast = learnUnigram(wordsOf(lines), { ...LIMITS, ...LEARNING });
    const slow = learnSlowly(slowWordsOf(lines), { ...LIMITS, ...LEARNING });
    const scores = new Map(slow.map(({ piece, score }) => [piece, score]));
    expect(fast.length).toBe(slow.length);
    if (fast.every(({ piece, score }) => Math.abs(score - (scores.get(piece) ?? Infinity)) < 1e-5)) same++;
  }
  // Segmentations and losses that are equal but for rounding lead to other models.
  expect(same).toBeGreaterThanOrEqual(95);
});

test('long words are computed with logarithms, and agree', () => {
  // 400 characters have probabilities far below the smallest double.
  const long = 'abcab'.repeat(80);
  const words = wordsOf([`${long} ab ca abc`, 'bca ab']);
  const seeds = findSeeds(words, LIMITS);
  const pieces = words.characters.length + seeds.scores.length + 1;
  const scores = new Float64Array(pieces).map((_, piece) => -2 - (piece % 7));
  const lengths = new Int32Array(pieces).fill(1);
  lengths.set(seeds.lengths, words.characters.length + 1);
  const pieceOfSymbol = Int32Array.from({ length: words.characters.length + 2 }, (_, symbol) => Math.max(0, symbol - 1));
  const lattice = createLattice(seeds, words.counts, pieceOfSymbol);
  const { counts, likelihood } = expectPieces(lattice, { scores, lengths }, 0);
  expect(Number.isFinite(likelihood)).toBe(true);
  // Every segmentation spells all the text.
  const spelled = counts.reduce((sum, count, piece) => sum + count * (lengths[piece] as number), 0);
  expect(spelled).toBeCloseTo(long.length + 1 + 3 + 3 + 4 + 4 + 3, 6);
  // A scale changes the sums, not what they say, so long as they are in range.
  const scaled = expectPieces(lattice, { scores, lengths }, 2.5);
  expect(scaled.likelihood).toBeCloseTo(likelihood, 6);
  for (let piece = 0; piece < pieces; piece++) expect(scaled.counts[piece]).toBeCloseTo(counts[piece] as number, 6);
});

test('the most covering seeds are kept, and text without seeds gives its characters', () => {
  const words = wordsOf(['low lower lowest', 'low low', 'slow']);
  const { scores } = findSeeds(words, { ...LIMITS, seedSize: 3 });
  expect([...scores].sort((a, b) => b - a)).toEqual([20, 18, 12]);
  const pieces = learnUnigram(wordsOf(['x']), { ...LIMITS, ...LEARNING });
  expect(pieces.map(({ piece }) => piece).sort()).toEqual(['x', '▁']);
});
