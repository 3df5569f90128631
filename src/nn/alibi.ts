/** Attention with linear biases instead of positions: Press et al. 2021, "Train Short, Test Long", section 3. */

import { hostTensor } from '../core/index.ts';
import { constant } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';

/**
 * How much the score of a key falls with each token of distance, by head: `2^(-8h/H)`. Where H is no power of two, the slopes of the
 * power of two below it and every second one of twice as many, as in the authors' code.
 *
 * @example
 * ```ts
 * import { alibiSlopes } from 'weft/nn';
 *
 * console.log([...alibiSlopes(4)]); // [ 0.25, 0.0625, 0.015625, 0.00390625 ]
 * ```
 */
export function alibiSlopes(heads: number): Float32Array {
  const power = 2 ** Math.floor(Math.log2(heads));
  const of = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => 2 ** ((-8 * (index + 1)) / count));
  return Float32Array.from([...of(power), ...of(2 * power).filter((_, index) => index % 2 === 0)].slice(0, heads));
}

/**
 * What is added to the scores of causal attention, 1 H 1 S. It counts from the last key instead of from the query, which moves a
 * whole row and changes no softmax.
 */
export function alibiBias(heads: number, length: number): Tensor {
  const slopes = alibiSlopes(heads);
  const values = Float32Array.from(
    { length: heads * length },
    (_, i) => (slopes[Math.floor(i / length)] ?? 0) * ((i % length) + 1 - length),
  );
  return constant(hostTensor('float32', [1, heads, 1, length], values), 'B H T S');
}
