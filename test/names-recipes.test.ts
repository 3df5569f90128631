/** The split that the recipes on names train and measure on is the one that the published losses belong to. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { END, readNames } from '../recipes/names/names.ts';
import { pythonShuffle, torchPermutation } from '../recipes/names/shuffles.ts';

test("the shuffle is Python's", () => {
  // CPython 3.11: random.seed(42); random.shuffle(x); and with seed 7, of more numbers than one turn of the generator gives.
  const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
  expect(pythonShuffle(range(10), 42)).toEqual([7, 3, 2, 8, 5, 6, 9, 4, 0, 1]);
  expect(pythonShuffle(range(2000), 7).slice(0, 8)).toEqual([161, 562, 1877, 1034, 1575, 48, 655, 1873]);
});

test("the permutation is PyTorch's", () => {
  // PyTorch 2.13: torch.manual_seed(3407); torch.randperm(10), and the last of torch.randperm(32033).
  const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
  expect(torchPermutation(range(10), 3407)).toEqual([9, 1, 5, 7, 3, 2, 8, 6, 4, 0]);
  expect(torchPermutation(range(32_033), 3407).slice(-5)).toEqual([2957, 9964, 30_618, 16_636, 29_400]);
});

const path = fileURLToPath(new URL('../../shared/data/text/names.txt', import.meta.url));
test.skipIf(!existsSync(path))('the split has the characters that the reference counts', () => {
  const { train, dev = [], test: held } = readNames('notebooks', path);
  const characters = (texts: readonly (readonly number[])[]): number => texts.reduce((sum, { length }) => sum + length, 0);
  expect([train, dev, held].map(characters)).toEqual([182_625, 22_655, 22_866]);
  expect(train[0]?.map((id) => (id === END ? '.' : String.fromCharCode(97 + id))).join('')).toBe('yuheng.');
});
