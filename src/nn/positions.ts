/** Positions that are not learned. */

import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';

/**
 * Sinusoidal positions, T C: `sin(t / 10000^(2i/C))` and, beside each, its cosine. Vaswani et al. 2017, section 3.5.
 *
 * @param positions T
 * @param width C
 *
 * @example
 * ```ts
 * import { sinusoidalPositions } from 'weft/nn';
 *
 * console.log([...sinusoidalPositions(2, 4).data.subarray(0, 4)]); // [ 0, 1, 0, 1 ]
 * ```
 */
export function sinusoidalPositions(positions: number, width: number): HostTensor<'float32'> {
  const data = Float32Array.from({ length: positions * width }, (_, index) => {
    const [position, column] = [Math.floor(index / width), index % width];
    const angle = position / 10_000 ** ((column - (column % 2)) / width);
    return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  return hostTensor('float32', [positions, width], data);
}
