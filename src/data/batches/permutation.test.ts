import fc from 'fast-check';
import { expect, test } from 'vitest';

import { createPermutation } from './permutation.ts';

const list = (size: number, seed: number, number: number): readonly number[] =>
  Array.from({ length: size }, (_, index) => createPermutation(size, seed, number)(index));

test('gives every place once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer(), fc.nat(), (size, seed, number) => {
      const place = createPermutation(size, seed, number);
      const seen = new Set(Array.from({ length: size }, (_, index) => place(index)));
      expect(seen.size).toBe(size);
      expect(Math.max(...seen)).toBe(size - 1);
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('differs between seeds and between numbers, and is the same for the same', () => {
  expect(list(1000, 1, 0)).toEqual(list(1000, 1, 0));
  expect(list(1000, 1, 0)).not.toEqual(list(1000, 2, 0));
  expect(list(1000, 1, 0)).not.toEqual(list(1000, 1, 1));
});

test('scatters: first places, and distances of neighbours, are spread evenly', () => {
  // Chi-squared over 16 cells; 60 is far beyond the 0.9999 quantile (44).
  const chiSquared = (values: readonly number[]): number => {
    const cells = Array.from({ length: 16 }, () => 0);
    for (const value of values) cells[Math.floor(value * 16)]! += 1;
    return cells.reduce((sum, count) => sum + (count - values.length / 16) ** 2 / (values.length / 16), 0);
  };
  const size = 1000;
  const firsts = Array.from({ length: 4000 }, (_, seed) => createPermutation(size, seed, 0)(0) / size);
  expect(chiSquared(firsts)).toBeLessThan(60);
  const place = createPermutation(size * 100, 5, 0);
  const gaps = Array.from(
    { length: 20_000 },
    (_, index) => ((((place(index + 1) - place(index)) % (size * 100)) + size * 100) % (size * 100)) / (size * 100),
  );
  expect(chiSquared(gaps)).toBeLessThan(60);
});

test('holds for sizes beyond 32 bits', () => {
  const size = 2 ** 40 + 3;
  const place = createPermutation(size, 1, 0);
  const seen = Array.from({ length: 1000 }, (_, index) => place(index));
  expect(new Set(seen).size).toBe(1000);
  expect(seen.every((value) => Number.isSafeInteger(value) && value >= 0 && value < size)).toBe(true);
});
