/**
 * Decimal numbers between two bounds, as automata over their digits.
 *
 * Decided: bounds are compared as the decimals that they are written as, digit by digit. Numbers with a bound are written without
 * an exponent and with at most 15 digits in all, as so many a double tells apart: what is greater on paper is greater when read.
 */

import { type AutomatonState, EMPTY, type Expression, NEVER, choice, literal, optional, repeat, sequence } from './expression.ts';
import { anyDigit, magnitudeRange } from './integer-range.ts';
import { DIGIT } from './json-values.ts';

/** Digits of a number that has bounds and need not be whole. */
const DIGITS = 15;

/** One end of a range of decimals. */
export interface Bound {
  readonly value: number;
  readonly exclusive: boolean;
}

/** Decimals from `min` to `max`; undefined when a bound has too many digits to be told from its neighbours. */
export function decimalRange(min: Bound | undefined, max: Bound | undefined): Expression | undefined {
  const [low, high] = [decimalOf(min), decimalOf(max)];
  if (low === undefined || high === undefined) return undefined;
  if (min !== undefined && max !== undefined && min.value > max.value) return NEVER;
  const options: Expression[] = [];
  // 0 belongs to the numbers without a sign.
  const isNegative = (bound: Decimal): boolean => bound.sign < 0 && (bound.whole !== 0n || bound.fraction !== '');
  if (high === 'none' || !isNegative(high)) {
    options.push(decimals(low === 'none' || isNegative(low) ? ZERO : low, high));
  }
  if (low === 'none' || isNegative(low)) {
    const nearest = high !== 'none' && isNegative(high) ? high : { ...ZERO, exclusive: true };
    options.push(sequence(literal('-'), decimals(nearest, low)));
  }
  return choice(...options);
}

/** A bound without its sign, as it is written. */
interface Decimal {
  readonly sign: 1 | -1;
  readonly whole: bigint;
  /** Digits behind the point, the last of them not 0. */
  readonly fraction: string;
  readonly exclusive: boolean;
}

const ZERO: Decimal = { sign: 1, whole: 0n, fraction: '', exclusive: false };

function decimalOf(bound: Bound | undefined): Decimal | 'none' | undefined {
  if (bound === undefined) return 'none';
  const text = String(Math.abs(bound.value));
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  const [, whole = '', fraction = ''] = match ?? [];
  if (match === null || whole.length + fraction.length > DIGITS) return undefined;
  return { sign: bound.value < 0 ? -1 : 1, whole: BigInt(whole), fraction, exclusive: bound.exclusive };
}

/** Decimals from one that is not negative to one above. */
function decimals(low: Decimal, high: Decimal | 'none'): Expression {
  const largest = 10n ** BigInt(DIGITS) - 1n;
  const top = high === 'none' ? largest : high.whole;
  if (low.whole > top) return NEVER;
  const whole = (value: bigint): Expression => literal(value.toString());
  const room = (value: bigint): number => DIGITS - value.toString().length;
  if (high !== 'none' && low.whole === high.whole) {
    return sequence(whole(top), fractions(room(top), low, high));
  }
  const options = [sequence(whole(low.whole), fractions(room(low.whole), low, undefined))];
  // Between the bounds any fraction will do; the longer the whole part, the fewer digits it has.
  const last = high === 'none' ? largest : top - 1n;
  for (let length = (low.whole + 1n).toString().length; length <= last.toString().length; length++) {
    const from = maxOf(low.whole + 1n, length === 1 ? 0n : 10n ** BigInt(length - 1));
    const to = minOf(last, 10n ** BigInt(length) - 1n);
    if (from > to) continue;
    const digitsBehind = DIGITS - length;
    const part = magnitudeRange(from, to) as Expression;
    options.push(digitsBehind === 0 ? part : sequence(part, optional(sequence(literal('.'), repeat(DIGIT, 1, digitsBehind)))));
  }
  if (high !== 'none') options.push(sequence(whole(top), fractions(room(top), undefined, high)));
  return choice(...options);
}

/** A point and up to `room` digits behind it, or neither, where they are within bounds that have the same whole part. */
function fractions(room: number, low: Decimal | undefined, high: Decimal | undefined): Expression {
  /** Whether the digits so far are those of the bound, and how many they are. */
  interface Place {
    readonly at: number;
    readonly onLow: boolean;
    readonly onHigh: boolean;
  }
  const places: Place[] = [];
  const stateOf = (place: Place): number => {
    const known = places.findIndex(({ at, onLow, onHigh }) => at === place.at && onLow === place.onLow && onHigh === place.onHigh);
    return known >= 0 ? known : places.push(place) - 1;
  };
  /** Whether the digits so far, with zeros behind them, are within a bound that they have been equal to. */
  const accepts = ({ at, onLow, onHigh }: Place): boolean => {
    const equalsLow = low !== undefined && onLow && at >= low.fraction.length;
    const equalsHigh = high !== undefined && onHigh && at >= high.fraction.length;
    if (low !== undefined && onLow && (!equalsLow || low.exclusive)) return false;
    return !(equalsHigh && high.exclusive);
  };
  const states: AutomatonState[] = [];
  stateOf({ at: 0, onLow: low !== undefined, onHigh: high !== undefined });
  for (let id = 0; id < places.length; id++) {
    const place = places[id] as Place;
    const { at, onLow, onHigh } = place;
    const lowest = onLow ? Number(low?.fraction[at] ?? 0) : 0;
    const highest = onHigh ? Number(high?.fraction[at] ?? 0) : 9;
    const edges = [];
    for (let digit = lowest; digit <= (at < room ? highest : -1); digit++) {
      const to = stateOf({ at: at + 1, onLow: onLow && digit === lowest, onHigh: onHigh && digit === highest });
      edges.push({ on: anyDigit([digit]), to });
    }
    states.push({ accepts: at > 0 && accepts(place), edges });
  }
  const behindPoint = sequence(literal('.'), { kind: 'automaton', states });
  const first = places[0] as Place;
  const options = room === 0 ? [] : [behindPoint];
  return choice(...options, ...(accepts(first) ? [EMPTY] : []));
}

function minOf(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
