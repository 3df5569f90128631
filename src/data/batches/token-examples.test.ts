/** Examples of short texts: what each target has before it, and that every example comes once an epoch. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { exampleBatches, rowExamples, windowExamples } from './token-examples.ts';

const texts = fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 20 });
const property = { numRuns: 100, seed: 1 };

test('a window holds what is before its target, padded in front', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 6 }), (given, contextLength) => {
      const { inputs, targets, examples } = windowExamples(given, { contextLength, padToken: 0 });
      expect([...targets]).toEqual(given.flat());
      expect(examples).toBe(targets.length);
      const windows = given.flatMap((text) =>
        text.map((_, place) => [...Array.from({ length: contextLength }, () => 0), ...text.slice(0, place)].slice(-contextLength)),
      );
      expect([...inputs]).toEqual(windows.flat());
    }),
    property,
  );
});

test('a row holds a text behind the start token; targets are a token ahead, and none behind the end', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 15 }), (given, contextLength) => {
      const { inputs, targets, examples } = rowExamples(given, { contextLength, startToken: 7 });
      expect(examples).toBe(given.length);
      for (const [row, text] of given.entries()) {
        const range = [row * contextLength, (row + 1) * contextLength] as const;
        const counted = Math.min(text.length, contextLength);
        expect([...inputs.subarray(...range)].slice(0, counted)).toEqual([7, ...text].slice(0, counted));
        expect([...targets.subarray(...range)]).toEqual(
          [...text, ...Array.from({ length: contextLength }, () => -1)].slice(0, contextLength),
        );
      }
    }),
    property,
  );
});

describe('batches', () => {
  const examples = windowExamples([Array.from({ length: 103 }, (_, index) => index)], { contextLength: 2, padToken: 0 });

  test('shuffled: each example at most once an epoch, in an order of its own, by number alone', () => {
    const batches = exampleBatches(examples, { batchSize: 10, seed: 3 });
    expect(batches.batchesPerEpoch).toBe(10);
    const epoch = (which: number): readonly number[] =>
      Array.from({ length: 10 }, (_, index) => [...batches.batch(which * 10 + index).targets]).flat();
    const [first, second] = [epoch(0), epoch(1)];
    expect(new Set(first).size).toBe(100);
    expect(first).not.toEqual(second);
    const { inputs, targets, kept } = batches.batch(4);
    expect(kept).toBe(10);
    for (const [row, target] of targets.entries()) expect(inputs[2 * row + 1]).toBe(Math.max(0, target - 1));
    expect(exampleBatches(examples, { batchSize: 10, seed: 3 }).batch(14)).toEqual(batches.batch(14));
    expect(exampleBatches(examples, { batchSize: 10, seed: 4 }).batch(0)).not.toEqual(batches.batch(0));
  });

  test('sequential: each example once, in order, the last batch filled up', () => {
    const batches = exampleBatches(examples, { batchSize: 10, order: 'sequential' });
    const all = Array.from({ length: batches.batchesPerEpoch }, (_, index) => batches.batch(index));
    expect(all.flatMap(({ targets }) => [...targets].filter((target) => target >= 0))).toEqual([...examples.targets]);
    expect(all.map(({ kept }) => kept)).toEqual([...Array.from({ length: 10 }, () => 10), 3]);
    expect(all.at(-1)?.targets).toHaveLength(10);
  });

  test.for([
    ['no examples', () => exampleBatches(windowExamples([], { contextLength: 2, padToken: 0 }), { batchSize: 1 })],
    ['an empty batch', () => exampleBatches(examples, { batchSize: 0 })],
    ['an unknown order', () => exampleBatches(examples, { batchSize: 1, order: 'random' as 'shuffled' })],
    ['a window of no length', () => windowExamples([], { contextLength: 0, padToken: 0 })],
    ['a start that is no token', () => rowExamples([], { contextLength: 1, startToken: -1 })],
    ['a number that is none', () => exampleBatches(examples, { batchSize: 1 }).batch(-1)],
  ] as const)('refuse %s', ([, make]) => {
    expect(make).toThrow(expect.objectContaining({ code: 'WEFT_DATA_OPTION' }));
  });
});
