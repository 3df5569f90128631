import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { labelledBatches, maskedBatches } from './encoder-batches.ts';

const [PAD, START, END, MASK] = [0, 1, 2, 3];
const special = { padToken: PAD, maskToken: MASK, vocabSize: 30, specialTokens: [PAD, START, END, MASK] };
const textOf = fc
  .array(fc.integer({ min: 4, max: 29 }), { minLength: 1, maxLength: 10 })
  .map((words) => ({ tokens: [START, ...words, END] }));

describe('masked texts', () => {
  test('what is to be found again is what stood there, once a text or more, never a special token, and the rest is as it was', () => {
    fc.assert(
      fc.property(fc.array(textOf, { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 4 }), (texts, batchSize) => {
        const batches = maskedBatches(texts, { batchSize, length: 12, order: 'sequential', ...special });
        const all = Array.from({ length: batches.batchesPerEpoch }, (_, index) => batches.batch(index));
        const rows = all.flatMap(({ ids, targets, seen }) =>
          Array.from({ length: batchSize }, (_, row) => {
            const part = (numbers: Int32Array): number[] => [...numbers.subarray(row * 12, (row + 1) * 12)];
            return { ids: part(ids), targets: part(targets), seen: part(seen) };
          }),
        );
        for (const [index, { tokens }] of texts.entries()) {
          const { ids, targets, seen } = rows[index]!;
          expect(seen.filter((each) => each === 1).length).toBe(tokens.length);
          expect(tokens.map((_, at) => (targets[at]! < 0 ? ids[at] : targets[at]))).toEqual(tokens);
          expect(targets.some((target) => target >= 0)).toBe(true);
          expect(targets.filter((target) => target >= 0 && target < 4)).toEqual([]);
          expect(ids.slice(tokens.length)).toEqual(Array.from({ length: 12 - tokens.length }, () => PAD));
        }
        for (const { targets, kept } of all) expect(targets.filter((target) => target >= 0).length).toBe(kept);
      }),
    );
  });

  test('15% of tokens, of which 80% are masked, 10% another and 10% the same; anew each epoch, the same each time', () => {
    const texts = Array.from({ length: 200 }, (_, row) => ({ tokens: Array.from({ length: 100 }, (__, at) => 4 + ((row + at) % 26)) }));
    const batches = maskedBatches(texts, { batchSize: 200, length: 100, ...special });
    const { ids, targets, kept } = batches.batch(0);
    const share = (is: (at: number) => boolean): number =>
      ids.reduce((sum, _, at) => sum + (targets[at]! >= 0 && is(at) ? 1 : 0), 0) / kept;
    expect(kept).toBe(3000);
    expect(share((at) => ids[at] === MASK)).toBeCloseTo(0.8, 1);
    expect(share((at) => ids[at] === targets[at])).toBeCloseTo(0.1 + 0.1 / 26, 1);
    expect(batches.batch(0)).toEqual(maskedBatches(texts, { batchSize: 200, length: 100, ...special }).batch(0));
    expect(batches.batch(1).targets).not.toEqual(targets);
    const evaluation = maskedBatches(texts, { batchSize: 200, length: 100, order: 'sequential', ...special });
    expect(evaluation.batch(1)).toEqual(evaluation.batch(0));
  });
});

test('labelled texts: pairs have two types, rows without a text count for nothing', () => {
  const texts = [
    { tokens: [START, 7, END], second: [8, END], label: 1 },
    { tokens: [START, 9, END], label: 0 },
    { tokens: [START, END], label: 2 },
  ];
  const batches = labelledBatches(texts, { batchSize: 2, length: 6, order: 'sequential' });
  expect(batches.batchesPerEpoch).toBe(2);
  expect(batches.batch(0)).toEqual({
    ids: Int32Array.of(1, 7, 2, 8, 2, 0, 1, 9, 2, 0, 0, 0),
    types: Int32Array.of(0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0),
    seen: Int32Array.of(1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0),
    labels: Int32Array.of(1, 0),
    kept: 2,
  });
  expect(batches.batch(1)).toMatchObject({ labels: Int32Array.of(2, -1), kept: 1 });
});

describe('misuse', () => {
  const text = { tokens: [START, 5, END], label: 0 };
  test.each([
    ['WEFT_DATA_LENGTH', () => labelledBatches([text], { batchSize: 1, length: 2 })],
    ['WEFT_DATA_LENGTH', () => labelledBatches([{ tokens: [], label: 0 }], { batchSize: 1, length: 2 })],
    ['WEFT_DATA_LENGTH', () => maskedBatches([{ tokens: [START, END] }], { batchSize: 1, length: 4, ...special })],
    ['WEFT_DATA_OPTION', () => labelledBatches([{ ...text, label: -1 }], { batchSize: 1, length: 4 })],
    ['WEFT_DATA_OPTION', () => labelledBatches([], { batchSize: 1, length: 4 })],
    ['WEFT_DATA_OPTION', () => labelledBatches([text], { batchSize: 0, length: 4 })],
    ['WEFT_DATA_OPTION', () => maskedBatches([text], { batchSize: 1, length: 4, ...special, share: 0 })],
    ['WEFT_DATA_OPTION', () => maskedBatches([text], { batchSize: 1, length: 4, ...special, maskToken: 30 })],
  ] as const)('%s', (code, make) => expect(make).toThrow(expect.objectContaining({ code })));
});
