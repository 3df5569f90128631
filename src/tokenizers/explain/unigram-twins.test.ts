/** The fast unigram code against the readable twin: expected counts, likelihood and best segmentations of random models. */

import { expect, test } from 'vitest';

import { createRandom } from '../../core/index.ts';
import { LENGTH_BITS, expectPieces } from '../unigram/train-lattice.ts';
import { createUnigramEncoder, unknownScore } from '../unigram/unigram-encoder.ts';
import type { WordSymbols } from './explanation.ts';
import { type Model, bestPaths, iterate, latticeOf } from './unigram-twin.ts';

const random = createRandom(35);
const letters = (length: number): string => Array.from({ length }, () => 'abc'[random.integer(3)]).join('');

function randomModel(): Model {
  const pieces = Array.from({ length: 12 }, (): [string, number] => [letters(2 + random.integer(4)), -8 * random.uniform()]);
  return new Map([...['a', 'b', 'c'].map((letter): [string, number] => [letter, -3 - random.uniform()]), ...pieces]);
}

function randomWords(): WordSymbols[] {
  const words = new Set(Array.from({ length: 6 }, () => letters(1 + random.integer(12))));
  return [...words].map((word) => ({ word, count: 1 + random.integer(9), symbols: [...word] }));
}

/** The arcs of all words, as the fast code has them. */
function fastLattice(words: readonly WordSymbols[], model: Model): Parameters<typeof expectPieces>[0] {
  const ids = new Map([...model.keys()].map((piece, index) => [piece, index + 1]));
  const [starts, counts, arcs, arcStarts]: [number[], number[], number[], number[]] = [[0], [], [], [0]];
  for (const { symbols, count } of words) {
    const edges = latticeOf(symbols, model);
    for (let at = 0; at < symbols.length; at++) {
      for (const { start, end, token } of edges) if (start === at) arcs.push(((ids.get(token) ?? 0) << LENGTH_BITS) | (end - start));
      arcStarts.push(arcs.length);
    }
    arcStarts.push(arcs.length); // The symbol between words.
    counts.push(count);
    starts.push((starts.at(-1) ?? 0) + symbols.length + 1);
  }
  return {
    starts: Int32Array.from(starts),
    counts: Float64Array.from(counts),
    arcs: Int32Array.from(arcs),
    arcStarts: Int32Array.from(arcStarts),
  };
}

test('expected counts and likelihood are those of the fast trainer', () => {
  for (let run = 0; run < 500; run++) {
    const [model, words] = [randomModel(), randomWords()];
    const pieces = [...model.keys()];
    const scores = Float64Array.from([-100, ...model.values()]);
    const lengths = Int32Array.from([1, ...pieces.map((piece) => piece.length)]);
    const fast = expectPieces(fastLattice(words, model), { scores, lengths }, 0.3);
    const { iteration } = iterate(words, model);
    for (const { token, expected } of iteration.tokens) expect(fast.counts[pieces.indexOf(token) + 1]).toBeCloseTo(expected, 10);
    expect(fast.likelihood).toBeCloseTo(-iteration.loss * words.reduce((sum, { count }) => sum + count, 0), 8);
  }
});

test('best segmentations are those of the fast encoder', () => {
  const utf8 = new TextEncoder();
  for (let run = 0; run < 500; run++) {
    const [model, words] = [randomModel(), randomWords()];
    const pieces = [...model.keys()];
    const encoder = createUnigramEncoder({
      pieces: pieces.map((piece) => utf8.encode(piece)),
      scores: [...model.values()],
      unknownId: -1,
      unknownScore: unknownScore(model.values()),
    });
    for (const { word, symbols } of words) {
      const bytes = utf8.encode(word);
      const count = encoder.segment(bytes, 0, bytes.length);
      const found = Array.from(encoder.ids().subarray(0, count), (id) => pieces[id]);
      expect(found).toEqual(bestPaths(latticeOf(symbols, model), symbols.length)[0]?.edges.map(({ token }) => token));
    }
  }
});
