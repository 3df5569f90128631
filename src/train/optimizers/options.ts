/** Checks that the optimizers share. */

import { UsageError } from '../../core/index.ts';
import { constantRate } from '../schedules.ts';
import type { Schedule } from '../schedules.ts';

/** Throws unless an option is a number in a range. */
export function demandNumber(
  action: string,
  [name, value]: readonly [string, unknown],
  { least, below = Infinity }: { readonly least: number; readonly below?: number },
): void {
  if (typeof value === 'number' && value >= least && value < below) return;
  throw new UsageError({
    code: 'WEFT_TRAIN_OPTION',
    action,
    rule: `${name} must be at least ${least}${below === Infinity ? '' : ` and below ${below}`}`,
    value: String(value),
    remedy: `Give another ${name}, or leave it out.`,
  });
}

/** A learning rate as a schedule. */
export function rateOf(action: string, learningRate: number | Schedule): Schedule {
  if (typeof learningRate === 'function') return learningRate;
  demandNumber(action, ['learningRate', learningRate], { least: 0 });
  return constantRate(learningRate);
}
