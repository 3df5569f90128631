/**
 * The line on which a number parameter is searched: its logarithm where the scale says so, and for whole numbers the line widened by a
 * half at both ends, so that each of them owns a stretch of the same kind.
 */

import type { NumberParameter } from './parameters.ts';

/** A stretch of the line. */
export interface Stretch {
  readonly low: number;
  readonly high: number;
}

/** All of a parameter's line. */
export function lineOf({ low, high, scale, integer }: NumberParameter): Stretch {
  const [from, to] = integer ? [low - 0.5, high + 0.5] : [low, high];
  return scale === 'log' ? { low: Math.log(from), high: Math.log(to) } : { low: from, high: to };
}

/** Where a value lies on the line. */
export function toLine({ scale }: NumberParameter, value: number): number {
  return scale === 'log' ? Math.log(value) : value;
}

/** The value at a place of the line. */
export function fromLine({ low, high, scale, integer }: NumberParameter, place: number): number {
  const value = scale === 'log' ? Math.exp(place) : place;
  return Math.min(high, Math.max(low, integer ? Math.round(value) : value));
}

/** The stretch that a whole number owns. */
export function stretchOf({ scale }: NumberParameter, value: number): Stretch {
  const [low, high] = [value - 0.5, value + 0.5];
  return scale === 'log' ? { low: Math.log(low), high: Math.log(high) } : { low, high };
}
