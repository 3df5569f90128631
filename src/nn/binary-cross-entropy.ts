/** The loss of independent yes-or-no answers, such as pixels that are white or black. */

import { abs, add, exp, log, maximum, multiply, negate, subtract } from '../graph/index.ts';
import type { Operand, Tensor } from '../graph/index.ts';

/**
 * The cross-entropy of each element, nats: `-t·ln σ(x) - (1 - t)·ln(1 - σ(x))`, as `max(x, 0) - x·t + ln(1 + e^-|x|)`, which
 * neither overflows nor loses digits. https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
 *
 * @param logits Of any shape.
 * @param targets From 0 to 1, of the same shape, or one number for all.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { binaryCrossEntropy } from 'weft/nn';
 *
 * const pixels = axes('B C Y X', 8, 1, 28, 28);
 * console.log(formatShape(binaryCrossEntropy(input('x', 'float32', pixels), input('t', 'float32', pixels)).shape)); // B C Y X = 8 1 28 28
 * ```
 */
export function binaryCrossEntropy(logits: Tensor, targets: Operand): Tensor {
  // `maximum` gives a logit of 0 the slope 1, `abs` the slope 1/2 in its logarithm: together 1/2, as it must be.
  const softplus = add(maximum(logits, 0), log(add(1, exp(negate(abs(logits))))));
  return subtract(softplus, multiply(logits, targets));
}
