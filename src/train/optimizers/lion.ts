/** Lion: the sign of a momentum. Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2. */

import { checkOptions } from '../../core/index.ts';
import { add, less, multiply, scalar, subtract, where } from '../../graph/index.ts';
import type { Tensor } from '../../graph/index.ts';
import { singleRule } from '../optimizer.ts';
import type { Optimizer } from '../optimizer.ts';
import type { Schedule } from '../schedules.ts';
import { demandNumber, rateOf } from './options.ts';

/** Options of {@link lion}. */
export interface LionOptions {
  /** A rate or a schedule; a third to a tenth of what AdamW takes. */
  readonly learningRate: number | Schedule;
  /** Weights of the momentum in the update and in itself; default [0.9, 0.99]. */
  readonly betas?: readonly [number, number];
  /** Decoupled, of tensors with two axes or more, unless a group says otherwise; default 0. Three to ten times what AdamW takes. */
  readonly weightDecay?: number;
}

/**
 * Lion: `p' = p·(1 - lr·wd) - lr·sign(β₁·m + (1 - β₁)·g)`, `m' = β₂·m + (1 - β₂)·g`. Half of AdamW's state.
 *
 * @throws UsageError `WEFT_TRAIN_OPTION` when an option is out of its range.
 *
 * @example
 * ```ts
 * import { lion } from 'weft/train';
 *
 * console.log(lion({ learningRate: 1e-4 }).groups[0]?.rule.stateNames); // [ 'momentum' ]
 * ```
 */
export function lion(options: LionOptions): Optimizer {
  const action = 'make a Lion optimizer';
  checkOptions(action, options, ['learningRate', 'betas', 'weightDecay']);
  const { betas: [beta1, beta2] = [0.9, 0.99], weightDecay = 0 } = options;
  for (const beta of [beta1, beta2]) demandNumber(action, ['betas', beta], { least: 0, below: 1 });
  demandNumber(action, ['weightDecay', weightDecay], { least: 0 });
  const learningRate = rateOf(action, options.learningRate);
  return singleRule({
    stateNames: ['momentum'],
    scalarNames: ['rate', 'keep'],
    elementwise: true,
    learningRate,
    scalars: (step) => ({ rate: learningRate(step), keep: 1 - learningRate(step) * weightDecay }),
    update({ parameter, gradient, gradientScale, states, scalars, decays }) {
      const [momentum] = states as readonly [Tensor];
      const { rate, keep } = scalars as Readonly<Record<'rate' | 'keep', Tensor>>;
      const clipped = multiply(gradient, gradientScale);
      const direction = add(multiply(momentum, beta1), multiply(clipped, 1 - beta1));
      const sign = subtract(where(less(0, direction), scalar(1), scalar(0)), where(less(direction, 0), scalar(1), scalar(0)));
      return {
        parameter: subtract(decays && weightDecay > 0 ? multiply(parameter, keep) : parameter, multiply(sign, rate)),
        states: [add(multiply(momentum, beta2), multiply(clipped, 1 - beta2))],
      };
    },
  });
}
