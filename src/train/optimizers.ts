/** Optimizers as graph; see {@link UpdateRule}. */

import { checkOptions } from '../core/index.ts';
import { add, divide, multiply, sqrt, subtract } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { singleRule } from './optimizer.ts';
import type { Optimizer } from './optimizer.ts';
import { constantRate } from './schedules.ts';
import type { Schedule } from './schedules.ts';

/** Options of {@link adamw}. */
export interface AdamWOptions {
  /** A rate or a schedule. */
  readonly learningRate: number | Schedule;
  /** Decay of the two moments; default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled decay of tensors with two axes or more; default 0.01. */
  readonly weightDecay?: number;
}

/**
 * AdamW. Loshchilov and Hutter 2017, algorithm 2, with PyTorch's order: decay first, ε outside the corrected root.
 *
 * The bias corrections are folded into two scalars, so that an update is 13 passes over a parameter instead of 16:
 * `p' = p·(1 - lr·wd) - lr·√c₂/c₁ · m'/(√v' + ε·√c₂)`, `cᵢ = 1 - βᵢᵗ`.
 *
 * @example
 * ```ts
 * import { adamw, warmupCosine } from 'weft/train';
 *
 * const optimizer = adamw({ learningRate: warmupCosine({ peak: 1e-3, warmup: 10, total: 100 }), weightDecay: 0.1 });
 * console.log(optimizer.groups[0]?.rule.stateNames); // [ 'moment1', 'moment2' ]
 * ```
 */
export function adamw(options: AdamWOptions): Optimizer {
  checkOptions('make an AdamW optimizer', options, ['learningRate', 'betas', 'epsilon', 'weightDecay']);
  const { betas: [beta1, beta2] = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01 } = options;
  const learningRate = typeof options.learningRate === 'number' ? constantRate(options.learningRate) : options.learningRate;
  return singleRule({
    stateNames: ['moment1', 'moment2'],
    elementwise: true,
    scalarNames: ['keep', 'stepSize', 'epsilon'],
    learningRate,
    scalars(step) {
      const rate = learningRate(step);
      const root = Math.sqrt(1 - beta2 ** (step + 1));
      return { keep: 1 - rate * weightDecay, stepSize: (rate * root) / (1 - beta1 ** (step + 1)), epsilon: epsilon * root };
    },
    update({ parameter, gradient, gradientScale, states: [moment1, moment2], scalars, decays }) {
      if (moment1 === undefined || moment2 === undefined) throw new RangeError('AdamW has two states');
      const { keep, stepSize, epsilon: small } = scalars as Readonly<Record<'keep' | 'stepSize' | 'epsilon', Tensor>>;
      const weight1 = multiply(gradientScale, 1 - beta1);
      const weight2 = multiply(multiply(gradientScale, gradientScale), 1 - beta2);
      const next1 = add(multiply(moment1, beta1), multiply(gradient, weight1));
      const next2 = add(multiply(moment2, beta2), multiply(multiply(gradient, weight2), gradient));
      const change = multiply(divide(next1, add(sqrt(next2), small)), stepSize);
      return { parameter: subtract(decays ? multiply(parameter, keep) : parameter, change), states: [next1, next2] };
    },
  });
}
