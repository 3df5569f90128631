import { expect, it } from 'vitest';

import { FIRST_GUESSING, guessingAfter } from './guessing.ts';

it('more is guessed while guesses are right, less when they are not, and for a while nothing at all', () => {
  const counts = (rights: readonly ((asked: number) => number)[]): readonly number[] => {
    let guessing = FIRST_GUESSING;
    return rights.map((right) => {
      guessing = guessingAfter(guessing, guessing.count, right(guessing.count));
      return guessing.count;
    });
  };
  const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);
  expect(counts(times(4, (asked: number) => asked))).toEqual([6, 8, 8, 8]);
  expect(counts([() => 2, () => 1])).toEqual([3, 2]);
  // Three misses, then eight tokens of rest, one guess, sixteen of rest.
  const wrong = counts(times(40, () => 0));
  expect(wrong.slice(0, 12)).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  expect(wrong.slice(12, 28)).toEqual([...times(15, 0), 1]);
});
