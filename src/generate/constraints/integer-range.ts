/**
 * Whole numbers between two bounds, multiples of a number if need be, as automata over their digits.
 *
 * Decided: a state knows how many digits are left, whether those so far are still those of a bound, and what they leave when they
 * are divided; so the numbers are exactly those between the bounds, however many digits these have.
 */

import { codePoints } from './code-point-ranges.ts';
import { EMPTY, type Expression, NEVER, characters, choice, literal, sequence } from './expression.ts';
import { INTEGER_DIGITS } from './json-values.ts';

/** States of the automaton of one range, at most. */
const MOST_STATES = 20_000;

/** What whole numbers must be; a bound that is left out is that of the digits. */
export interface IntegerBounds {
  readonly min?: bigint | undefined;
  readonly max?: bigint | undefined;
  readonly multipleOf?: bigint;
}

/** The whole numbers within bounds; undefined where there would be too many states. */
export function integerRange({ min, max, multipleOf = 1n }: IntegerBounds): Expression | undefined {
  const largest = 10n ** BigInt(INTEGER_DIGITS) - 1n;
  const low = min === undefined || min < -largest ? -largest : min;
  const high = max === undefined || max > largest ? largest : max;
  if (low > high) return NEVER;
  const positive = high < 0n ? NEVER : magnitudeRange(low < 0n ? 0n : low, high, multipleOf);
  const negative = low >= 0n ? NEVER : magnitudeRange(high < 0n ? -high : 1n, -low, multipleOf);
  return positive && negative && choice(positive, sequence(literal('-'), negative));
}

/** A state of the automaton: what is left of the digits of a bound that all digits so far are those of, else nothing. */
interface Place {
  readonly id: number;
  readonly left: number;
  readonly above: string;
  readonly below: string;
  /** What the digits so far leave when they are divided. */
  readonly rest: number;
}

/** The numbers without sign from `low` to `high`, neither negative, that `factor` divides; undefined where there would be too many states. */
export function magnitudeRange(low: bigint, high: bigint, factor: bigint = 1n): Expression | undefined {
  if (low > high) return NEVER;
  if (factor > BigInt(MOST_STATES)) return undefined;
  const divisor = Number(factor);
  const [first, last] = [low.toString(), high.toString()];
  const states: { readonly accepts: boolean; readonly edges: { readonly on: Expression; readonly to: number }[] }[] = [];
  const known = new Map<string, number>();
  const waiting: Place[] = [];
  const stateOf = (place: Omit<Place, 'id'>): number => {
    const { left, above, below, rest } = place;
    const key = `${left} ${above} ${below} ${rest}`;
    let id = known.get(key);
    if (id === undefined) {
      id = states.push({ accepts: left === 0 && rest === 0, edges: [] }) - 1;
      known.set(key, id);
      if (left > 0) waiting.push({ ...place, id });
    }
    return id;
  };
  const follow = ({ id, left, above, below, rest }: Place, least: number): void => {
    const from = Math.max(least, above === '' ? 0 : Number(above[0]));
    const to = below === '' ? 9 : Number(below[0]);
    const taken = new Map<number, number[]>();
    for (let digit = from; digit <= to; digit++) {
      const next = stateOf({
        left: left - 1,
        above: Number(above[0]) === digit ? above.slice(1) : '',
        below: Number(below[0]) === digit ? below.slice(1) : '',
        rest: (rest * 10 + digit) % divisor,
      });
      taken.set(next, [...(taken.get(next) ?? []), digit]);
    }
    for (const [next, digits] of taken) states[id]?.edges.push({ on: anyDigit(digits), to: next });
  };

  states.push({ accepts: false, edges: [] });
  for (let length = first.length; length <= last.length; length++) {
    // The first digit is none but in the number 0; states that are reached later may begin with it, so this one is apart.
    const id = states.push({ accepts: false, edges: [] }) - 1;
    states[0]?.edges.push({ on: EMPTY, to: id });
    const above = length === first.length ? first : '';
    const below = length === last.length ? last : '';
    follow({ id, left: length, above, below, rest: 0 }, length === 1 ? 0 : 1);
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      if (states.length > MOST_STATES) return undefined;
      follow(place, 0);
    }
  }
  return { kind: 'automaton', states };
}

/** Every set of digits that was asked for, as there are no more than 1023. */
const digitSets = new Map<string, Expression>();

/** One of the digits. */
export function anyDigit(digits: readonly number[]): Expression {
  const key = digits.join('');
  let set = digitSets.get(key);
  if (set === undefined) {
    const zero = 0x30;
    set = characters(codePoints(digits.map((digit) => [zero + digit, zero + digit])));
    digitSets.set(key, set);
  }
  return set;
}
