/** Probabilities of the model's own distribution, before temperature, penalties and cuts. */

import { WeftError } from '../../core/index.ts';
import { likeliest } from './order.ts';

/** A token and the logarithm of its probability. */
export interface TokenLogProbability {
  readonly id: number;
  readonly logProbability: number;
}

/**
 * `log Σ exp(logits)`, computed from the largest so that nothing overflows.
 *
 * @throws WeftError `WEFT_GENERATE_NOT_FINITE` when the logits are not all numbers.
 */
export function logSumExp(logits: Float32Array): number {
  let max = -Infinity;
  for (let id = 0; id < logits.length; id++) if ((logits[id] as number) > max) max = logits[id] as number;
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp((logits[id] as number) - max);
  const total = max + Math.log(sum);
  requireFinite(total, logits);
  return total;
}

/** Throws `WEFT_GENERATE_NOT_FINITE` unless the `logSumExp` of these logits is a number, which it is when they are. */
export function requireFinite(total: number, logits: Float32Array): void {
  if (!Number.isFinite(total)) throw notFinite(logits);
}

/** The `count` likeliest tokens, likeliest first, with the logarithms of their probabilities. */
export function topAlternatives(logits: Float32Array, count: number, total: number = logSumExp(logits)): readonly TokenLogProbability[] {
  return Array.from(likeliest(logits, count), (id) => ({ id, logProbability: (logits[id] as number) - total }));
}

function notFinite(logits: Float32Array): WeftError {
  const place = logits.findIndex((value) => Number.isNaN(value) || value === Infinity);
  return new WeftError({
    code: 'WEFT_GENERATE_NOT_FINITE',
    action: 'choose a token',
    rule: "the model's scores must be numbers",
    value: place < 0 ? 'all are -Infinity' : `that of token ${place} is ${logits[place]}`,
    remedy: 'The weights are damaged or training diverged: use an earlier checkpoint or a lower learning rate.',
  });
}
