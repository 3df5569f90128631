/** Normalisation of channels: over the batch, or over groups of channels of each example. */

import { add, axes, batchNorm, constant, divide, layerNorm, multiply, parameter, reshape, scope, sqrt, subtract } from '../graph/index.ts';
import type { Initializer, Tensor } from '../graph/index.ts';
import { UsageError, hostTensor } from '../core/index.ts';
import { carried } from './context.ts';
import type { ForwardContext } from './context.ts';

const ZERO: Initializer = { kind: 'constant', value: 0 };
const ONE: Initializer = { kind: 'constant', value: 1 };

/** Options of {@link batchNormalization}. */
export interface BatchNormalizationOptions {
  /** Scope of `weight`, `bias`, `runningMean` and `runningVariance`. */
  readonly name: string;
  /** Channels. */
  readonly width: number;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
  /** Share of a batch in the running statistics; default 0.1. */
  readonly momentum?: number;
}

/** A vector over channels as it is stretched over an image's rows and columns. */
function onChannels(vector: Tensor, x: Tensor): Tensor {
  return reshape(
    vector,
    x.shape.slice(1).map((axis, at) => (at === 0 ? axis : { name: axis.name, size: 1 })),
  );
}

/**
 * Batch normalisation of B C or B C Y X: by the batch's statistics in a context of training, which running ones follow, else by
 * those. As in PyTorch the batch is normalised by its mean squared deviation, and the running variance follows the unbiased
 * one. Ioffe and Szegedy 2015.
 *
 * @throws UsageError `WEFT_NN_BATCH` when a batch in training has one element a channel.
 *
 * @example
 * ```ts
 * import { axes, buildGraph, input } from 'weft/graph';
 * import { batchNormalization } from 'weft/nn';
 *
 * const y = batchNormalization(input('x', 'float32', axes('B C', 8, 4)), { name: 'norm', width: 4 }, {});
 * console.log(buildGraph({ y }).inputs.map((node) => node.attributes.name).sort()); // [ 'norm.bias', 'norm.runningMean', 'norm.runningVariance', 'norm.weight', 'x' ]
 * ```
 */
export function batchNormalization(x: Tensor, options: BatchNormalizationOptions, context: ForwardContext): Tensor {
  const { name, width, epsilon = 1e-5, momentum = 0.1 } = options;
  return scope(name, () => {
    const shape = axes('C', width);
    const [weight, bias] = [parameter('weight', shape, ONE), parameter('bias', shape, ZERO)];
    const mean = carried('runningMean', { shape, initializer: ZERO }, context);
    const variance = carried('runningVariance', { shape, initializer: ONE }, context);
    if (context.training !== true) {
      // One product and one sum an element: the rest is computed once a channel.
      const scale = divide(weight, sqrt(add(variance.value, epsilon)));
      return add(multiply(x, onChannels(scale, x)), onChannels(subtract(bias, multiply(mean.value, scale)), x));
    }
    const [y, batchMean, batchVariance] = batchNorm(x, [weight, bias], epsilon) as readonly [Tensor, Tensor, Tensor];
    const count = x.shape.reduce((product, { size }, axis) => (axis === 1 ? product : product * Number(size)), 1);
    if (count === 1) {
      throw new UsageError({
        code: 'WEFT_NN_BATCH',
        action: 'normalise a batch',
        rule: 'statistics need two elements a channel or more',
        value: '1',
        remedy: 'Train with larger batches.',
      });
    }
    const towards = (from: Tensor, to: Tensor): Tensor => add(multiply(from, 1 - momentum), multiply(to, momentum));
    mean.set(towards(mean.value, batchMean));
    variance.set(towards(variance.value, multiply(batchVariance, count / (count - 1))));
    return y;
  });
}

/** Options of {@link groupNormalization}. */
export interface GroupNormalizationOptions {
  readonly name: string;
  /** Channels. */
  readonly width: number;
  /** A divisor of the channels. */
  readonly groups: number;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
}

/**
 * Normalisation of each example over groups of its channels, with a weight and a bias a channel. Wu and He 2018.
 *
 * @throws ShapeError `WEFT_SHAPE_RESHAPE` when groups do not divide the channels.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { groupNormalization } from 'weft/nn';
 *
 * const y = groupNormalization(input('x', 'float32', axes('B C Y X', 8, 6, 4, 4)), { name: 'norm', width: 6, groups: 3 });
 * console.log(formatShape(y.shape)); // B C Y X = 8 6 4 4
 * ```
 */
export function groupNormalization(x: Tensor, { name, width, groups, epsilon = 1e-5 }: GroupNormalizationOptions): Tensor {
  return scope(name, () => {
    const [batch, ...others] = x.shape;
    const count = others.reduce((product, { size }) => product * Number(size), 1);
    const inGroup = Math.floor(count / groups);
    const rows = reshape(x, [batch ?? { name: 'B', size: 1 }, { name: 'G', size: groups }, { name: 'C', size: inGroup }]); // B G (C/G·Y·X)
    const ones = constant(hostTensor('float32', [inGroup], new Float32Array(inGroup).fill(1)));
    const normal = reshape(layerNorm(rows, [ones], epsilon)[0] as Tensor, x.shape);
    const [weight, bias] = [parameter('weight', axes('C', width), ONE), parameter('bias', axes('C', width), ZERO)];
    return add(multiply(normal, onChannels(weight, x)), onChannels(bias, x));
  });
}
