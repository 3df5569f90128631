/** Probabilities of the model's own distribution, before temperature, penalties and cuts. */

import { WeftError } from '../../core/index.ts';
import { likeliest } from './order.ts';

/** A token and the natural logarithm of its probability. */
export interface TokenLogProbability {
  readonly id: number;
  readonly logProbability: number;
}

/** The `count` likeliest tokens, likeliest first. */
export function topAlternatives(logProbabilities: Float32Array, count: number): readonly TokenLogProbability[] {
  return Array.from(likeliest(logProbabilities, count), (id) => ({ id, logProbability: logProbabilities[id] as number }));
}

/**
 * Throws unless a row of log-probabilities consists of numbers. One logit that is none, or is infinite, leaves none in the
 * whole row, so it is enough to look at one.
 *
 * @throws WeftError `WEFT_GENERATE_NOT_FINITE`
 */
export function requireNumbers(logProbabilities: Float32Array): void {
  if (!Number.isNaN(logProbabilities[0])) return;
  throw new WeftError({
    code: 'WEFT_GENERATE_NOT_FINITE',
    action: 'choose a token',
    rule: "the model's scores must be numbers",
    value: 'they are NaN',
    remedy: 'The weights are damaged or training diverged: use an earlier checkpoint or a lower learning rate.',
  });
}
