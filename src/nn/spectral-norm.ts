/** Weights divided by their spectral norm. Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks". */

import { add, axes, divide, matmul, reshape, sqrt, sumOfSquares } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { carried } from './context.ts';
import type { ForwardContext } from './context.ts';

/** A vector of length 1; a small number keeps one of zeros from dividing by 0. */
const unit = (x: Tensor): Tensor => divide(x, add(sqrt(sumOfSquares(x)), 1e-12));

/**
 * A weight over its largest singular value, which one step of the power iteration follows at each call (algorithm 1).
 *
 * The paper takes the singular vectors as constants; here the gradient goes through the step as well, which is the exact gradient
 * of what is computed and the same where the iteration has converged.
 *
 * @param weight Its first axis counts the outputs, as in linear layers and convolutions.
 *
 * @example
 * ```ts
 * import { axes, formatShape, parameter } from 'weft/graph';
 * import { spectralNormalized } from 'weft/nn';
 *
 * const weight = parameter('weight', axes('O I Y X', 8, 4, 3, 3), { kind: 'normal', standardDeviation: 1 });
 * console.log(formatShape(spectralNormalized(weight, {}).shape)); // O I Y X = 8 4 3 3
 * ```
 */
export function spectralNormalized(weight: Tensor, context: ForwardContext): Tensor {
  const sizes = weight.shape.map(({ size }) => Number(size));
  const [outputs = 1] = sizes;
  const matrix = reshape(
    weight,
    axes(
      'O I',
      outputs,
      sizes.slice(1).reduce((product, size) => product * size, 1),
    ),
  );
  const left = carried('singular', { shape: axes('B O', 1, outputs), initializer: { kind: 'normal', standardDeviation: 1 } }, context);
  const right = unit(matmul(left.value, matrix)); // 1 O · O I -> 1 I
  const image = matmul(right, matrix, { transposeB: true }); // 1 I · I O -> 1 O
  if (context.training === true) left.set(unit(image));
  return divide(weight, sqrt(sumOfSquares(image)));
}
