/** Stochastic gradient descent, with momentum and Nesterov's, as PyTorch has it. Sutskever et al. 2013, section 2. */

import { UsageError, checkOptions } from '../../core/index.ts';
import { add, multiply, subtract } from '../../graph/index.ts';
import type { Tensor } from '../../graph/index.ts';
import { singleRule } from '../optimizer.ts';
import type { Optimizer } from '../optimizer.ts';
import type { Schedule } from '../schedules.ts';
import { demandNumber, rateOf } from './options.ts';

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** A rate or a schedule. */
  readonly learningRate: number | Schedule;
  /** Share of the velocity that stays; default 0: no velocity is kept. */
  readonly momentum?: number;
  /** Look ahead along the velocity; default false. */
  readonly nesterov?: boolean;
  /** Added to the gradient (L2) of tensors with two axes or more, unless a group says otherwise; default 0. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent: `v' = μ·v + g`, `p' = p - lr·v'`, or with Nesterov's momentum `p' = p - lr·(g + μ·v')`.
 *
 * @throws UsageError `WEFT_TRAIN_OPTION` when an option is out of its range, or Nesterov's momentum is asked for without momentum.
 *
 * @example
 * ```ts
 * import { sgd } from 'weft/train';
 *
 * console.log(sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }).groups[0]?.rule.stateNames); // [ 'velocity' ]
 * ```
 */
export function sgd(options: SgdOptions): Optimizer {
  const action = 'make an SGD optimizer';
  checkOptions(action, options, ['learningRate', 'momentum', 'nesterov', 'weightDecay']);
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  demandNumber(action, ['momentum', momentum], { least: 0, below: 1 });
  demandNumber(action, ['weightDecay', weightDecay], { least: 0 });
  if (nesterov && momentum === 0) {
    throw new UsageError({
      code: 'WEFT_TRAIN_OPTION',
      action,
      rule: "Nesterov's momentum needs momentum",
      value: 'momentum 0',
      remedy: 'Give a momentum such as 0.9.',
    });
  }
  const learningRate = rateOf(action, options.learningRate);
  return singleRule({
    stateNames: momentum > 0 ? ['velocity'] : [],
    scalarNames: ['rate'],
    elementwise: true,
    learningRate,
    scalars: (step) => ({ rate: learningRate(step) }),
    update({ parameter, gradient, gradientScale, states: [velocity], scalars, decays }) {
      const rate = scalars['rate'] as Tensor;
      const clipped = multiply(gradient, gradientScale);
      const whole = decays && weightDecay > 0 ? add(clipped, multiply(parameter, weightDecay)) : clipped;
      if (velocity === undefined) return { parameter: subtract(parameter, multiply(whole, rate)), states: [] };
      const next = add(multiply(velocity, momentum), whole);
      const direction = nesterov ? add(whole, multiply(next, momentum)) : next;
      return { parameter: subtract(parameter, multiply(direction, rate)), states: [next] };
    },
  });
}
