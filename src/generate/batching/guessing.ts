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

/** What guesses cost: each of a model's takes a run of it, while a table's are there at once, and then to check many costs little more than few. */
export interface GuessingCost {
  /** Fewest that are asked for. */
  readonly least: number;
  /** Misses in a row after which it rests. */
  readonly patience: number;
}
export const FREE_GUESSES: GuessingCost = { least: 4, patience: 8 };
export const COSTLY_GUESSES: GuessingCost = { least: 1, patience: 3 };

const SHORTEST_REST = 8;
const LONGEST_REST = 64;

/** How it guesses after `given` guesses, of which the first `right` were. */
export function guessingAfter(
  { count, misses, rest }: Guessing,
  { given, right }: { readonly given: number; readonly right: number },
  { least, patience }: GuessingCost,
): Guessing {
  if (rest > 0) return { count: rest === 1 ? least : 0, misses, rest: rest - 1 };
  if (given === 0) return { count, misses, rest };
  if (right === given) return { count: Math.min(MOST_GUESSES, Math.max(count + 2, 2 * least)), misses: 0, rest: 0 };
  if (right > 0) return { count: Math.max(least, right + 1), misses: 0, rest: 0 };
  const missed = misses + 1;
  if (missed < patience) return { count: Math.max(least, count >> 1), misses: missed, rest: 0 };
  return { count: 0, misses: missed, rest: Math.min(LONGEST_REST, SHORTEST_REST * 2 ** (missed - patience)) };
}
