import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { pairBatches } from './pair-batches.ts';
import type { PairBatch, TokenPair } from './pair-batches.ts';

const TOKENS = { padToken: 0, startToken: 1, endToken: 2 };
const pairOf = fc.record({
  source: fc.array(fc.integer({ min: 3, max: 50 }), { maxLength: 11 }),
  target: fc.array(fc.integer({ min: 3, max: 50 }), { maxLength: 11 }),
});

/** The pairs of a batch, read back by the numbers of their texts. */
function pairsIn({ source, sourceTexts, target, targetTexts, labels }: PairBatch, length: number): TokenPair[] {
  const pairs: TokenPair[] = [];
  for (let row = 0; row < source.length; row += length) {
    for (let text = 1; ; text++) {
      const places = (texts: Int32Array): number[] => Array.from({ length }, (_, at) => row + at).filter((place) => texts[place] === text);
      const [read, written] = [places(sourceTexts), places(targetTexts)];
      if (read.length === 0) break;
      const [tokens, inputs, outputs] = [
        read.map((place) => source[place]!),
        written.map((place) => target[place]!),
        written.map((place) => labels[place]!),
      ];
      expect([tokens.at(-1), inputs[0], outputs.at(-1)]).toEqual([TOKENS.endToken, TOKENS.startToken, TOKENS.endToken]);
      expect(inputs.slice(1)).toEqual(outputs.slice(0, -1));
      pairs.push({ source: tokens.slice(0, -1), target: outputs.slice(0, -1) });
    }
  }
  return pairs;
}

const sorted = (pairs: readonly TokenPair[]): readonly string[] => pairs.map((pair) => JSON.stringify(pair)).sort();

describe('an epoch', () => {
  test('has every pair once, whole, in every order', () => {
    fc.assert(
      fc.property(
        fc.array(pairOf, { minLength: 1, maxLength: 60 }),
        fc.option(fc.nat(9)),
        fc.integer({ min: 1, max: 5 }),
        (pairs, seed, batchSize) => {
          const length = 12;
          const batches = pairBatches(pairs, { batchSize, length, ...TOKENS, ...(seed === null ? {} : { seed }) });
          const made = Array.from({ length: batches.batchesPerEpoch }, (_, index) => batches.batch(index));
          expect(sorted(made.flatMap((batch) => pairsIn(batch, length)))).toEqual(sorted(pairs));
          for (const { labels, kept, targetTexts, sourcePositions, sourceTexts } of made) {
            expect(labels.filter((label) => label >= 0)).toHaveLength(kept);
            expect(labels.every((label, place) => label >= 0 === targetTexts[place]! > 0)).toBe(true);
            expect(sourcePositions.every((position, place) => sourceTexts[place]! > 0 || position === 0)).toBe(true);
          }
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });

  test('leaves little empty', () => {
    const pairs = Array.from({ length: 2000 }, (_, index) => ({
      source: new Array<number>(6 + ((index * 7) % 20)).fill(3),
      target: new Array<number>(5 + ((index * 7) % 22)).fill(4),
    }));
    const { batchesPerEpoch, batch } = pairBatches(pairs, { batchSize: 16, length: 64, ...TOKENS, seed: 1 });
    const kept = Array.from({ length: batchesPerEpoch }, (_, index) => batch(index).kept).reduce((sum, each) => sum + each, 0);
    expect(kept / (batchesPerEpoch * 16 * 64)).toBeGreaterThan(0.88);
  });
});

test('a batch is the same whenever it is asked for; epochs differ', () => {
  const pairs = Array.from({ length: 50 }, (_, index) => ({ source: [3 + index], target: [4 + index, 5] }));
  const make = (): ReturnType<typeof pairBatches> => pairBatches(pairs, { batchSize: 4, length: 12, ...TOKENS, seed: 7 });
  const [one, other] = [make(), make()];
  const forward = Array.from({ length: 12 }, (_, index) => one.batch(index));
  for (const index of [11, 0, 7, 3]) expect(other.batch(index)).toEqual(forward[index]);
  expect(forward[0]).not.toEqual(one.batch(one.batchesPerEpoch));
});

test('is refused: no pair, and a pair that no row holds', () => {
  expect(() => pairBatches([], { batchSize: 1, length: 4, ...TOKENS })).toThrow(expect.objectContaining({ code: 'WEFT_DATA_PAIR' }));
  const long = [{ source: [3, 3, 3, 3], target: [3] }];
  expect(() => pairBatches(long, { batchSize: 1, length: 4, ...TOKENS })).toThrow(expect.objectContaining({ code: 'WEFT_DATA_PAIR' }));
});
