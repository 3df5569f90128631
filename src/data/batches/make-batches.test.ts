import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { PackedTokens } from '../packing/packed-tokens.ts';
import { type BatchOptions, type Batches, makeBatches } from './make-batches.ts';

/** Tokens that tell their place: 1, 2, 3 … */
function countTo(tokens: number): PackedTokens {
  return {
    folder: '',
    tokens,
    bytes: tokens,
    documents: 1,
    vocabSize: tokens + 1,
    close: () => undefined,
    read(start, length) {
      if (start < 0 || start + length > tokens) throw new Error(`${length} from ${start} of ${tokens}`);
      return Uint32Array.from({ length }, (_, index) => start + index + 1);
    },
  };
}

const rowsOf = (batches: Batches, index: number): readonly (readonly number[])[] => {
  const { inputs } = batches.batch(index);
  return Array.from({ length: batches.batchSize }, (_, row) => [
    ...inputs.subarray(row * batches.contextLength, (row + 1) * batches.contextLength),
  ]);
};
const epochOf = (batches: Batches, epoch: number): readonly number[] =>
  Array.from({ length: batches.batchesPerEpoch }, (_, step) => rowsOf(batches, epoch * batches.batchesPerEpoch + step)).flatMap((rows) =>
    rows.map((row) => row[0] ?? 0),
  );

const shapes = fc.record({
  tokens: fc.integer({ min: 2, max: 2000 }),
  batchSize: fc.integer({ min: 1, max: 8 }),
  contextLength: fc.integer({ min: 1, max: 50 }),
});

describe('shuffled', () => {
  test('every window of an epoch comes once, whole, with the next tokens as targets', () => {
    fc.assert(
      fc.property(shapes, fc.integer(), ({ tokens, batchSize, contextLength }, seed) => {
        fc.pre(tokens > contextLength);
        const batches = makeBatches(countTo(tokens), { batchSize, contextLength, seed });
        const starts = [0, 1].map((epoch) => epochOf(batches, epoch));
        for (const epoch of starts) {
          expect(new Set(epoch.map((start) => start % contextLength)).size).toBe(1);
          const windows = Math.floor((tokens - 1) / contextLength);
          if (windows >= batchSize) expect(new Set(epoch).size).toBe(epoch.length);
          expect(epoch.length).toBeGreaterThan(Math.min(windows, epoch.length) - batchSize - 1);
        }
        const { inputs, targets, kept } = batches.batch(batches.batchesPerEpoch);
        expect(kept).toBe(batchSize * contextLength);
        expect([...targets]).toEqual([...inputs].map((token) => token + 1));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test('epochs differ in order and in where windows begin', () => {
    const batches = makeBatches(countTo(10_000), { batchSize: 4, contextLength: 32, seed: 1 });
    const [first, second] = [epochOf(batches, 0), epochOf(batches, 1)];
    const order = (starts: readonly number[]): string => starts.map((start) => Math.floor(start / 32)).join();
    expect(order(first)).not.toBe(order(second));
    const shifts = new Set(Array.from({ length: 40 }, (_, epoch) => (rowsOf(batches, epoch * batches.batchesPerEpoch)[0]?.[0] ?? 0) % 32));
    expect(shifts.size).toBeGreaterThan(15);
  });

  test('a batch depends on its number alone, so that a run resumes anywhere', () => {
    const options: BatchOptions = { batchSize: 3, contextLength: 16, seed: 5 };
    const straight = makeBatches(countTo(3000), options);
    const wanted = Array.from({ length: 200 }, (_, index) => straight.batch(index));
    const resumed = makeBatches(countTo(3000), options);
    for (const index of [150, 3, 199, 61, 62, 0]) expect(resumed.batch(index)).toEqual(wanted[index]);
    expect(makeBatches(countTo(3000), { ...options, seed: 6 }).batch(0)).not.toEqual(wanted[0]);
  });

  test('every token but the last is seen sooner or later, also at the edges', () => {
    const batches = makeBatches(countTo(501), { batchSize: 5, contextLength: 25, seed: 1 });
    const seen = new Set(Array.from({ length: 400 * batches.batchesPerEpoch }, (_, index) => [...batches.batch(index).inputs]).flat());
    expect(seen.size).toBe(500);
  });

  test('a text of one window fills a batch with it', () => {
    const { inputs } = makeBatches(countTo(5), { batchSize: 3, contextLength: 4, seed: 1 }).batch(7);
    expect([...inputs]).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
  });
});

describe('sequential', () => {
  test('every target comes once, in order', () => {
    fc.assert(
      fc.property(shapes, ({ tokens, batchSize, contextLength }) => {
        const batches = makeBatches(countTo(tokens), { batchSize, contextLength, seed: 0, order: 'sequential' });
        const all = Array.from({ length: batches.batchesPerEpoch }, (_, index) => batches.batch(index));
        const targets = all.flatMap((batch) => [...batch.targets]).filter((target) => target !== -1);
        expect(targets).toEqual(Array.from({ length: tokens - 1 }, (_, index) => index + 2));
        for (const batch of all) {
          expect(batch.kept).toBe(batch.targets.filter((target) => target !== -1).length);
          expect([...batch.inputs].every((token, at) => (batch.targets[at] === -1 ? token === 0 : token + 1 === batch.targets[at]))).toBe(
            true,
          );
        }
        expect(batches.batch(batches.batchesPerEpoch)).toEqual(all[0]);
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

describe('continued', () => {
  test('each row goes on where it ended in the batch before, and no token is in two rows', () => {
    fc.assert(
      fc.property(shapes, ({ tokens, batchSize, contextLength }) => {
        fc.pre(tokens > batchSize * contextLength);
        const batches = makeBatches(countTo(tokens), { batchSize, contextLength, seed: 0, order: 'continued' });
        const all = Array.from({ length: batches.batchesPerEpoch }, (_, index) => batches.batch(index));
        const texts = Array.from({ length: batchSize }, (_, row) =>
          all.flatMap(({ inputs }) => [...inputs.subarray(row * contextLength, (row + 1) * contextLength)]),
        );
        for (const text of texts) expect(text).toEqual(text.map((_, index) => (text[0] ?? 0) + index));
        expect(new Set(texts.flat()).size).toBe(all.length * batchSize * contextLength);
        expect(tokens - 1 - texts.flat().length).toBeLessThan(batchSize * contextLength);
        for (const { inputs, targets, kept } of all) {
          expect(kept).toBe(targets.length);
          expect([...targets]).toEqual([...inputs].map((token) => token + 1));
        }
        expect(batches.batch(batches.batchesPerEpoch)).toEqual(all[0]);
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

describe('misuse', () => {
  test.each<readonly [string, number, Partial<BatchOptions>]>([
    ['WEFT_DATA_TOO_SMALL', 8, {}],
    ['WEFT_DATA_TOO_SMALL', 0, {}],
    ['WEFT_DATA_TOO_SMALL', 1, { order: 'sequential' }],
    ['WEFT_DATA_TOO_SMALL', 16, { order: 'continued' }],
    ['WEFT_DATA_OPTION', 100, { batchSize: 0 }],
    ['WEFT_DATA_OPTION', 100, { contextLength: 2.5 }],
    ['WEFT_DATA_OPTION', 100, { seed: Number.NaN }],
    ['WEFT_DATA_OPTION', 100, { order: 'random' as 'shuffled' }],
    ['WEFT_OPTION_UNKNOWN', 100, { batchsize: 3 } as object],
  ])('%s: %i tokens, %j', (code, tokens, options) => {
    expect(() => makeBatches(countTo(tokens), { batchSize: 2, contextLength: 8, seed: 1, ...options })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test.each([-1, 0.5, Number.NaN])('batch %d', (index) => {
    const batches = makeBatches(countTo(100), { batchSize: 2, contextLength: 8, seed: 1 });
    expect(() => batches.batch(index)).toThrow(expect.objectContaining({ code: 'WEFT_DATA_OPTION' }));
  });
});
