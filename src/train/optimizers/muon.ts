/**
 * Muon: momentum made orthogonal by Newton-Schulz iterations, for the matrices of hidden layers; other parameters have another optimizer.
 * Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks", kellerjordan.github.io/posts/muon.
 */

import { UsageError, checkOptions } from '../../core/index.ts';
import { add, divide, matmul, multiply, reshape, sqrt, subtract, sumOfSquares, transpose } from '../../graph/index.ts';
import type { Tensor } from '../../graph/index.ts';
import type { OptimizedParameter, Optimizer, UpdateRule } from '../optimizer.ts';
import type { Schedule } from '../schedules.ts';
import { demandNumber, rateOf } from './options.ts';

/** Options of {@link muon}. */
export interface MuonOptions {
  /** Of the matrices; a rate or a schedule, e.g. 0.02. */
  readonly learningRate: number | Schedule;
  /** Default 0.95. */
  readonly momentum?: number;
  /** Look ahead along the momentum; default true. */
  readonly nesterov?: boolean;
  /** Newton-Schulz iterations; default 5. */
  readonly iterations?: number;
  /** Decoupled, of the matrices; default 0. */
  readonly weightDecay?: number;
  /** Which parameters are matrices of hidden layers; default those of two axes or more that are no embedding, position table or head. */
  readonly match?: (parameter: OptimizedParameter) => boolean;
  /** The optimizer of all others, as a rule `adamw`. */
  readonly others: Optimizer;
}

/** Coefficients of the polynomial that is iterated: singular values from 0.01 to 1 end between 0.7 and 1.2 after five times. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const EPSILON = 1e-7;

/** Parameters that are looked up or give the output, by the names that the models here have for them. */
const OUTSIDE = /(^|\.)(tokens|positions|segments|head|embedding|output_projection)\./;

/**
 * Muon for the matrices of hidden layers, another optimizer for all other parameters. A parameter of more than two axes (a convolution) is a
 * matrix of its first axis and all others together.
 *
 * @throws UsageError `WEFT_TRAIN_OPTION` when an option is out of its range.
 *
 * @example
 * ```ts
 * import { adamw, muon } from 'weft/train';
 *
 * const optimizer = muon({ learningRate: 0.02, others: adamw({ learningRate: 1e-3 }) });
 * const [matrices] = optimizer.groups;
 * console.log(matrices?.has({ name: 'blocks.0.attention.query.weight', shape: [64, 64] })); // true
 * console.log(matrices?.has({ name: 'tokens.weight', shape: [1000, 64] })); // false
 * ```
 */
export function muon(options: MuonOptions): Optimizer {
  const action = 'make a Muon optimizer';
  checkOptions(action, options, ['learningRate', 'momentum', 'nesterov', 'iterations', 'weightDecay', 'match', 'others']);
  const { momentum = 0.95, nesterov = true, iterations = 5, weightDecay = 0, match = isHiddenMatrix, others } = options;
  demandNumber(action, ['momentum', momentum], { least: 0, below: 1 });
  demandNumber(action, ['weightDecay', weightDecay], { least: 0 });
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new UsageError({
      code: 'WEFT_TRAIN_OPTION',
      action,
      rule: 'iterations must be a whole number of at least 1',
      value: String(iterations),
      remedy: 'Leave it out for 5.',
    });
  }
  const learningRate = rateOf(action, options.learningRate);
  const rule: UpdateRule = {
    stateNames: ['momentum'],
    scalarNames: ['rate', 'keep'],
    elementwise: false,
    learningRate,
    scalars: (step) => ({ rate: learningRate(step), keep: 1 - learningRate(step) * weightDecay }),
    update({ parameter, gradient, gradientScale, states, scalars, decays }) {
      const [velocity] = states as readonly [Tensor];
      const { rate, keep } = scalars as Readonly<Record<'rate' | 'keep', Tensor>>;
      const clipped = multiply(gradient, gradientScale);
      const next = add(multiply(velocity, momentum), clipped);
      const direction = nesterov ? add(clipped, multiply(next, momentum)) : next;
      const change = reshape(orthogonal(asMatrix(direction), iterations), parameter.shape);
      return {
        parameter: subtract(decays && weightDecay > 0 ? multiply(parameter, keep) : parameter, multiply(change, rate)),
        states: [next],
      };
    },
  };
  return { groups: [{ rule, has: match }, ...others.groups], learningRate };
}

function isHiddenMatrix({ name, shape }: OptimizedParameter): boolean {
  return shape.length >= 2 && !OUTSIDE.test(name);
}

function asMatrix(x: Tensor): Tensor {
  const [rows, ...rest] = x.shape.map(({ size }) => Number(size));
  if (rest.length === 1) return x;
  return reshape(x, [
    { name: 'R', size: rows ?? 1 },
    { name: 'C', size: rest.reduce((product, size) => product * size, 1) },
  ]);
}

/** The orthogonal matrix that is nearest to x (R C), about, times √max(1, R/C). The iterations work on the shorter side. */
function orthogonal(x: Tensor, iterations: number): Tensor {
  const [rows = 1, columns = 1] = x.shape.map(({ size }) => Number(size));
  const isTall = rows > columns;
  let y = isTall ? transpose(x, [1, 0]) : x;
  y = divide(y, add(sqrt(sumOfSquares(y)), EPSILON));
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gram = matmul(y, y, { transposeB: true });
    const polynomial = add(multiply(gram, B), matmul(gram, gram, { alpha: C }));
    y = add(multiply(y, A), matmul(polynomial, y));
  }
  const scaled = rows > columns ? multiply(y, Math.sqrt(rows / columns)) : y;
  return isTall ? transpose(scaled, [1, 0]) : scaled;
}
