/** Adam and AdamW. Kingma and Ba 2014, algorithm 1; Loshchilov and Hutter 2017, algorithm 2. Both as PyTorch has them. */

import { checkOptions } from '../../core/index.ts';
import { add, divide, multiply, sqrt, subtract } from '../../graph/index.ts';
import type { Tensor } from '../../graph/index.ts';
import { singleRule } from '../optimizer.ts';
import type { Optimizer, UpdateContext, UpdateRule } from '../optimizer.ts';
import type { Schedule } from '../schedules.ts';
import { demandNumber, rateOf } from './options.ts';

/** Options of {@link adamw} and {@link adam}. */
export interface AdamWOptions {
  /** A rate or a schedule. */
  readonly learningRate: number | Schedule;
  /** Decay of the two moments; default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Of tensors with two axes or more, unless a group says otherwise; default 0.01 for `adamw`, 0 for `adam`. */
  readonly weightDecay?: number;
}

/**
 * AdamW. Loshchilov and Hutter 2017, algorithm 2, with PyTorch's order: decay first, ε outside the corrected root.
 *
 * The bias corrections are folded into two scalars, so that an update is 13 passes over a parameter instead of 16:
 * `p' = p·(1 - lr·wd) - lr·√c₂/c₁ · m'/(√v' + ε·√c₂)`, `cᵢ = 1 - βᵢᵗ`.
 *
 * @throws UsageError `WEFT_TRAIN_OPTION` when an option is out of its range.
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
  return singleRule(adamRule('make an AdamW optimizer', { weightDecay: 0.01, ...options }, true));
}

/**
 * Adam, whose weight decay is added to the gradient (L2) and so goes through the moments. Kingma and Ba 2014, algorithm 1.
 *
 * @throws UsageError `WEFT_TRAIN_OPTION` when an option is out of its range.
 *
 * @example
 * ```ts
 * import { adam } from 'weft/train';
 *
 * console.log(adam({ learningRate: 1e-3 }).learningRate(0)); // 0.001
 * ```
 */
export function adam(options: AdamWOptions): Optimizer {
  return singleRule(adamRule('make an Adam optimizer', { weightDecay: 0, ...options }, false));
}

function adamRule(action: string, options: AdamWOptions & { readonly weightDecay: number }, decoupled: boolean): UpdateRule {
  checkOptions(action, options, ['learningRate', 'betas', 'epsilon', 'weightDecay']);
  const { betas: [beta1, beta2] = [0.9, 0.999], epsilon = 1e-8, weightDecay } = options;
  for (const beta of [beta1, beta2]) demandNumber(action, ['betas', beta], { least: 0, below: 1 });
  demandNumber(action, ['epsilon', epsilon], { least: 0 });
  demandNumber(action, ['weightDecay', weightDecay], { least: 0 });
  const learningRate = rateOf(action, options.learningRate);
  const update = ({ parameter, gradient, gradientScale, states, scalars, decays }: UpdateContext): ReturnType<UpdateRule['update']> => {
    const [moment1, moment2] = states as readonly [Tensor, Tensor];
    const { keep, stepSize, epsilon: small } = scalars as Readonly<Record<'keep' | 'stepSize' | 'epsilon', Tensor>>;
    const weight1 = multiply(gradientScale, 1 - beta1);
    const weight2 = multiply(multiply(gradientScale, gradientScale), 1 - beta2);
    // The L2 term is not clipped: it is added to the gradient as it is clipped, and needs the scale as a pass of its own.
    const l2 = !decoupled && decays && weightDecay > 0;
    const whole = l2 ? add(multiply(gradient, gradientScale), multiply(parameter, weightDecay)) : gradient;
    const next1 = add(multiply(moment1, beta1), multiply(whole, l2 ? 1 - beta1 : weight1));
    const next2 = add(multiply(moment2, beta2), multiply(multiply(whole, l2 ? 1 - beta2 : weight2), whole));
    const change = multiply(divide(next1, add(sqrt(next2), small)), stepSize);
    return { parameter: subtract(decoupled && decays ? multiply(parameter, keep) : parameter, change), states: [next1, next2] };
  };
  return {
    stateNames: ['moment1', 'moment2'],
    scalarNames: ['keep', 'stepSize', 'epsilon'],
    elementwise: true,
    learningRate,
    scalars(step) {
      const rate = learningRate(step);
      const root = Math.sqrt(1 - beta2 ** (step + 1));
      return { keep: 1 - rate * weightDecay, stepSize: (rate * root) / (1 - beta1 ** (step + 1)), epsilon: epsilon * root };
    },
    update,
  };
}
