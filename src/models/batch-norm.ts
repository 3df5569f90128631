/**
 * Batch normalisation of the columns of a matrix. Ioffe and Szegedy 2015, algorithms 1 and 2, in PyTorch's form: in training by the
 * statistics of the batch, of which the running ones keep 0.9 (with the unbiased variance), and else by the running ones.
 */

import { add, axes, multiply, parameter, mean, reciprocal, scope, sqrt, subtract, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { carried } from '../nn/index.ts';
import type { ForwardContext } from '../nn/index.ts';

const MOMENTUM = 0.1;
const EPSILON = 1e-5;

/** N C -> N C. */
export function batchNorm(x: Tensor, { name, width }: { readonly name: string; readonly width: number }, context: ForwardContext): Tensor {
  return scope(name, () => {
    const shape = axes('C', width);
    const weight = parameter('weight', shape, { kind: 'constant', value: 1 });
    const bias = parameter('bias', shape, { kind: 'constant', value: 0 });
    const runningMean = carried('mean', { shape, initializer: { kind: 'constant', value: 0 } }, context);
    const runningVariance = carried('variance', { shape, initializer: { kind: 'constant', value: 1 } }, context);
    const normal = (centred: Tensor, variance: Tensor): Tensor =>
      add(multiply(centred, multiply(weight, reciprocal(sqrt(add(variance, EPSILON))))), bias);
    if (context.training !== true) return normal(subtract(x, runningMean.value), runningVariance.value);
    const rows = Number(x.shape[0]?.size);
    const average = mean(x, { axes: [0] });
    const centred = subtract(x, average);
    const squares = sum(multiply(centred, centred), { axes: [0] });
    const follow = (old: Tensor, now: Tensor): Tensor => add(multiply(old, 1 - MOMENTUM), multiply(now, MOMENTUM));
    runningMean.set(follow(runningMean.value, average));
    runningVariance.set(follow(runningVariance.value, multiply(squares, 1 / Math.max(1, rows - 1))));
    return normal(centred, multiply(squares, 1 / rows));
  });
}
