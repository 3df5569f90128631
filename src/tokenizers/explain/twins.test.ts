/** The readable twins: against the textbook, against everything that can be enumerated, and as oracles of the fast code. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ALPHABET, bytesToText } from '../byte-alphabet.ts';
import { SPLITTINGS } from '../splitting/splittings.ts';
import { trainTokenizer } from '../train-tokenizer.ts';
import { learnMergesSlowly } from './bpe-twin.ts';
import type { WordSymbols } from './explanation.ts';
import {
  type Model,
  bestPaths,
  digamma,
  edgeProbabilities,
  iterate,
  latticeOf,
  learnUnigramSlowly,
  pruningLosses,
  seedTokens,
} from './unigram-twin.ts';
import { countWords, symbolsOf } from './words.ts';
import { matchLongest } from './wordpiece-twin.ts';

/** The pieces of a text as the byte-level trainer sees them: cut as GPT-2 does, bytes in GPT-2's alphabet. */
function bytePieces(text: string): WordSymbols[] {
  const bytes = new TextEncoder().encode(text);
  const counts = new Map<string, number>();
  for (let at = 0; at < bytes.length;) {
    const end = SPLITTINGS.gpt2.splitOne(bytes, at, bytes.length);
    const piece = bytesToText(bytes.subarray(at, end));
    counts.set(piece, (counts.get(piece) ?? 0) + 1);
    at = end;
  }
  return [...counts].map(([word, count]) => ({ word, count, symbols: [...word] }));
}

/** Merges of the twin, up to where a token comes about a second time: there Hugging Face's trainer has rules that no textbook has. */
function twinMerges(text: string): { readonly merges: readonly (readonly [string, string])[]; readonly whole: boolean } {
  const tokens = new Set(ALPHABET.map((byte) => bytesToText(Uint8Array.of(byte))));
  const merges: [string, string][] = [];
  for (const { pairs, merged } of learnMergesSlowly(bytePieces(text), { merges: 60, minFrequency: 2 })) {
    if (tokens.has(merged)) return { merges, whole: false };
    tokens.add(merged);
    merges.push([pairs[0]?.left ?? '', pairs[0]?.right ?? '']);
  }
  return { merges, whole: true };
}

async function fastMerges(text: string): Promise<readonly (readonly [string, string])[]> {
  const { model } = (await trainTokenizer([text], { splitting: 'gpt2', vocabSize: 316, specialTokens: [] })).toJSON();
  return model.type === 'BPE' ? model.merges : [];
}

describe('byte pair encoding', () => {
  test.each([
    [
      'words of a small alphabet',
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 7 }), { minLength: 1, maxLength: 40 }),
    ],
    ['any text', fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 20 })],
    [
      'words of a larger alphabet',
      fc.array(fc.string({ unit: fc.constantFrom(...'étnsaioé'), minLength: 2, maxLength: 9 }), { minLength: 5, maxLength: 60 }),
    ],
  ])('learns the merges of the fast trainer: %s', async (_, words) => {
    let whole = 0;
    await fc.assert(
      fc.asyncProperty(words, async (list) => {
        const text = list.join(' ');
        const twin = twinMerges(text);
        const fast = await fastMerges(text);
        expect(fast.slice(0, twin.merges.length)).toEqual(twin.merges);
        if (!twin.whole) return;
        whole++;
        expect(fast.length).toBe(twin.merges.length);
      }),
      { numRuns: 150, seed: 35 },
    );
    expect(whole).toBeGreaterThan(40);
  });

  test('prefix of a continuing symbol falls away when it is joined', () => {
    const words = countWords(['hug hug hugs'], (word) => symbolsOf(word, 'continuing'));
    const steps = [...learnMergesSlowly(words, { merges: 3, prefix: '##' })];
    expect(steps.map(({ merged }) => merged)).toEqual(['##ug', 'hug', 'hugs']);
    expect(steps.at(-1)?.words.map(({ symbols }) => symbols)).toEqual([['hug'], ['hugs']]);
  });
});

/** Every segmentation of a text into tokens of the model. */
function* segmentations(text: string, model: Model): Generator<readonly string[]> {
  if (text === '') yield [];
  for (let end = 1; end <= text.length; end++) {
    if (!model.has(text.slice(0, end))) continue;
    for (const rest of segmentations(text.slice(end), model)) yield [text.slice(0, end), ...rest];
  }
}

const models = fc
  .array(
    fc.tuple(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }),
      fc.double({ min: -9, max: -0.1, noNaN: true }),
    ),
    {
      minLength: 1,
      maxLength: 25,
    },
  )
  .map((tokens): Model => new Map([...tokens, ['a', -4], ['b', -5]]));
const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 9 });
const scoreOf = (path: readonly string[], model: Model): number => path.reduce((sum, token) => sum + (model.get(token) ?? 0), 0);

describe('unigram', () => {
  test('the best paths are the best of all segmentations', () => {
    fc.assert(
      fc.property(models, texts, (model, text) => {
        const all = [...segmentations(text, model)].map((path) => scoreOf(path, model)).sort((a, b) => b - a);
        const found = bestPaths(latticeOf([...text], model), text.length, 3);
        expect(found.length).toBe(Math.min(3, all.length));
        found.forEach(({ logProbability, edges }, index) => {
          expect(logProbability).toBeCloseTo(all[index] ?? Number.NaN, 9);
          expect(edges.map(({ token }) => token).join('')).toBe(text);
          expect(
            scoreOf(
              edges.map(({ token }) => token),
              model,
            ),
          ).toBeCloseTo(logProbability, 9);
        });
        expect(new Set(found.map(({ edges }) => edges.map(({ token }) => token).join('|'))).size).toBe(found.length);
      }),
      { numRuns: 300, seed: 35 },
    );
  });

  test('forward and backward sums are the sums over all segmentations', () => {
    fc.assert(
      fc.property(models, texts, (model, text) => {
        const all = [...segmentations(text, model)];
        const edges = latticeOf([...text], model);
        const { probabilities, total } = edgeProbabilities(edges, text.length);
        const sum = all.reduce((mass, path) => mass + Math.exp(scoreOf(path, model)), 0);
        expect(Math.exp(total)).toBeCloseTo(sum, 12);
        if (all.length === 0) return;
        edges.forEach(({ start, token }, index) => {
          const having = all.filter((path) => {
            let at = 0;
            return path.some((part) => {
              const here = at === start && part === token;
              at += part.length;
              return here;
            });
          });
          expect(probabilities[index]).toBeCloseTo(having.reduce((mass, path) => mass + Math.exp(scoreOf(path, model)), 0) / sum, 9);
        });
      }),
      { numRuns: 200, seed: 35 },
    );
  });

  test('an iteration never makes the text less likely, and its probabilities sum to one', () => {
    const words = countWords(['the cat sat on the mat and the rat sat on the cat'], (word) => symbolsOf(word, 'space'));
    let model: Model = new Map(seedTokens(words, 1000).map(({ token, logProbability }) => [token, logProbability]));
    let before = Infinity;
    for (let index = 0; index < 6; index++) {
      const next = iterate(words, model);
      expect(next.iteration.loss).toBeLessThanOrEqual(before + 1e-12);
      before = next.iteration.loss;
      model = next.model;
      expect([...model.values()].reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 9);
    }
    expect(before).toBeLessThan(
      iterate(words, new Map(seedTokens(words, 1000).map(({ token, logProbability }) => [token, logProbability]))).iteration.loss,
    );
  });

  test('the loss of a token is what the best segmentations lose when it is taken away', () => {
    // One word, cut as a whole; without it, as its halves: probabilities by counting before and after, as the paper has it.
    const words: WordSymbols[] = [
      { word: 'ab', count: 3, symbols: ['a', 'b'] },
      { word: 'a', count: 1, symbols: ['a'] },
      { word: 'b', count: 2, symbols: ['b'] },
    ];
    const model: Model = new Map([
      ['ab', Math.log(3 / 6)],
      ['a', Math.log(1 / 6)],
      ['b', Math.log(2 / 6)],
    ]);
    const found = pruningLosses(words, model).find(({ token }) => token === 'ab');
    const withIt = Math.log(3 / 6);
    const without = Math.log(4 / 9) + Math.log(5 / 9);
    expect(found).toMatchObject({ frequency: 3, alternative: ['a', 'b'] });
    expect(found?.loss).toBeCloseTo((3 / 6) * (withIt - without), 12);
  });

  test.each(['plain', 'smoothed', 'sentencepiece'] as const)(
    'learns a vocabulary that writes every word, as small as asked for: %s',
    (estimate) => {
      const words = countWords(['low lower lowest new newer newest wide wider widest low low'], (word) => symbolsOf(word, 'space'));
      const seeds = seedTokens(words, 1000);
      const { model, rounds } = learnUnigramSlowly(words, { vocabSize: 16, seeds, iterations: 2, shrinkingFactor: 0.75, estimate });
      expect(model.size).toBeLessThanOrEqual(16);
      for (const { symbols } of words) expect(bestPaths(latticeOf(symbols, model), symbols.length)).toHaveLength(1);
      for (const { symbols } of words) for (const symbol of symbols) expect(model.has(symbol)).toBe(true);
      if (estimate !== 'sentencepiece') {
        const gone = rounds.map(({ removed, iterations }) => removed + iterations.reduce((sum, { dropped }) => sum + dropped.length, 0));
        expect(gone.reduce((sum, count) => sum + count, 0)).toBe(seeds.length - 16);
      }
      for (const { pruned } of rounds) {
        const losses = pruned.map(({ loss }) => loss);
        expect(losses).toEqual(losses.toSorted((a, b) => a - b));
      }
    },
  );

  test('digamma, by its values in Abramowitz and Stegun, table 6.1 and 6.3.2', () => {
    expect(digamma(1)).toBeCloseTo(-0.577_215_664_901_5, 10);
    expect(digamma(1.5)).toBeCloseTo(0.036_489_973_978_6, 10);
    expect(digamma(2)).toBeCloseTo(0.422_784_335_098_5, 10);
    expect(digamma(100)).toBeCloseTo(4.600_161_852_738_1, 10);
  });
});

test('WordPiece takes the longest match, and tells what it tried', () => {
  const vocabulary = new Set(['un', '##aff', '##able', '##a']);
  expect(matchLongest('unaffable', (token) => vocabulary.has(token), '##').map(({ found }) => found)).toEqual(['un', '##aff', '##able']);
  expect(matchLongest('unb', (token) => vocabulary.has(token), '##')).toEqual([
    { rest: 'unb', tried: ['unb', 'un'], attempts: 2, found: 'un' },
    { rest: 'b', tried: ['##b'], attempts: 1, found: null },
  ]);
});
