import { expect, it } from 'vitest';

import { COSTLY_GUESSES, FIRST_GUESSING, FREE_GUESSES, guessingAfter } from './guessing.ts';
import type { GuessingCost } from './guessing.ts';

const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);

/** Guesses that are asked for, one round after another. */
function counts(cost: GuessingCost, rights: readonly ((asked: number) => number)[]): readonly number[] {
  let guessing = FIRST_GUESSING;
  return rights.map((right) => {
    guessing = guessingAfter(guessing, { given: guessing.count, right: right(guessing.count) }, cost);
    return guessing.count;
  });
}

it('more is guessed while guesses are right, less when they are not, and for a while nothing at all', () => {
  expect(
    counts(
      COSTLY_GUESSES,
      times(4, (asked: number) => asked),
    ),
  ).toEqual([6, 8, 8, 8]);
  expect(counts(COSTLY_GUESSES, [() => 2, () => 1])).toEqual([3, 2]);
  // Three misses, then eight tokens of rest, one guess, sixteen of rest.
  const wrong = counts(
    COSTLY_GUESSES,
    times(40, () => 0),
  );
  expect(wrong.slice(0, 12)).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  expect(wrong.slice(12, 28)).toEqual([...times(15, 0), 1]);
});

it('guesses that cost nothing are many, and given up later', () => {
  expect(
    counts(
      FREE_GUESSES,
      times(3, (asked: number) => asked),
    ),
  ).toEqual([8, 8, 8]);
  expect(counts(FREE_GUESSES, [() => 4, () => 3, () => 0, () => 4])).toEqual([8, 4, 4, 8]);
  expect(
    counts(
      FREE_GUESSES,
      times(17, () => 0),
    ),
  ).toEqual([...times(7, 4), ...times(8, 0), 4, 0]);
});
