/** Losses over tokens. */

import { crossEntropy, divide, input, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';

/**
 * The cross-entropy of rows of logits (N V) and targets (N), summed over the targets that are not negative, divided by
 * a denominator fed at run time: the number of targets kept in the whole step, so that accumulated small batches equal
 * one large batch.
 *
 * @example
 * ```ts
 * import { axes, buildGraph, input } from 'weft/graph';
 * import { meanCrossEntropy } from 'weft/nn';
 *
 * const { loss } = meanCrossEntropy(input('logits', 'float32', axes('N V', 8, 50)), input('targets', 'int32', axes('N', 8)));
 * console.log(buildGraph({ loss }).inputs.map((node) => node.attributes.name).sort()); // [ 'denominator', 'logits', 'targets' ]
 * ```
 */
export function meanCrossEntropy(logits: Tensor, targets: Tensor): { readonly loss: Tensor; readonly denominator: Tensor } {
  const denominator = input('denominator', 'float32', []);
  const losses = crossEntropy(logits, targets)[0] as Tensor;
  return { loss: divide(sum(losses), denominator), denominator };
}
