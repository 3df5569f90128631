/** How many tokens are guessed at once: a guess that is wrong costs a little, and a text is easy to guess in one place and hard in another. */

/** Most guesses that are checked at once. */
export const MOST_GUESSES = 8;

/** How a sequence guesses: as far as it was right of late, and for a while not at all when it was not. */
export interface Guessing {
  /** Guesses that are asked for next; 0 while it rests. */
  readonly count: number;
  /** How often in a row not even the first guess was right. */
  readonly misses: number;
  /** Tokens that are written without guesses, before it tries again. */
  readonly rest: number;
}

/** At the beginning of a text. */
export const FIRST_GUESSING: Guessing = { count: 4, misses: 0, rest: 0 };

/** Misses in a row after which it rests, and the longest rest, in tokens. */
const PATIENCE = 3;
const LONGEST_REST = 64;

/** How it guesses after `given` guesses, of which the first `right` were. */
export function guessingAfter({ count, misses, rest }: Guessing, given: number, right: number): Guessing {
  if (rest > 0) return { count: rest === 1 ? 1 : 0, misses, rest: rest - 1 };
  if (given === 0) return { count, misses, rest };
  if (right > 0) return { count: right === given ? Math.min(MOST_GUESSES, count + 2) : right + 1, misses: 0, rest: 0 };
  if (misses + 1 < PATIENCE) return { count: Math.max(1, count >> 1), misses: misses + 1, rest: 0 };
  return { count: 0, misses: misses + 1, rest: Math.min(LONGEST_REST, 2 ** (misses + 1)) };
}
