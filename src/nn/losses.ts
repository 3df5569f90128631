/** Losses over tokens. */

import { add, crossEntropy, less, logSoftmax, mean, multiply, negate, reshape, scalar, slice, subtract, where } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';

/** Options of {@link tokenLosses}. */
export interface TokenLossOptions {
  /** Share of a target that is spread over all tokens; default 0. Szegedy et al. 2015, section 7; as PyTorch's `label_smoothing`. */
  readonly labelSmoothing?: number;
  /** Weight of the squared logarithm of the softmax's denominator, which keeps logits from drifting; default 0. Chowdhery et al. 2022, section 5. */
  readonly zLoss?: number;
}

/**
 * The cross-entropy of each row of logits (N V) with its target (int32, N), in nats: N. 0 where the target is negative.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { tokenLosses } from 'weft/nn';
 *
 * const [logits, targets] = [input('logits', 'float32', axes('N V', 8, 50)), input('targets', 'int32', axes('N', 8))];
 * console.log(formatShape(tokenLosses(logits, targets, { labelSmoothing: 0.1 }).shape)); // N = 8
 * ```
 */
export function tokenLosses(logits: Tensor, targets: Tensor, { labelSmoothing = 0, zLoss = 0 }: TokenLossOptions = {}): Tensor {
  const losses = crossEntropy(logits, targets)[0] as Tensor; // N
  if (labelSmoothing === 0 && zLoss === 0) return losses;
  const logProbabilities = logSoftmax(logits); // N V
  const kept = where(less(targets, 0), scalar(0), scalar(1)); // N
  let total = losses;
  if (labelSmoothing > 0) {
    const spread = multiply(negate(mean(logProbabilities, { axes: [-1] })), kept);
    total = add(multiply(losses, 1 - labelSmoothing), multiply(spread, labelSmoothing));
  }
  if (zLoss > 0) {
    const first = (x: Tensor): Tensor => reshape(slice(x, 1, { start: 0, end: 1 }), targets.shape);
    const denominator = subtract(first(logits), first(logProbabilities)); // log Σ exp
    total = add(total, multiply(multiply(multiply(denominator, denominator), zLoss), kept));
  }
  return total;
}
