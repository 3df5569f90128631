/** Angles of rotary positions, computed in float64: Su et al. 2021; stretched for texts longer than a model was trained on. */

import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';

/** Cosines and sines of positions × half a head. */
export interface RotaryAngles {
  readonly cos: HostTensor<'float32'>;
  readonly sin: HostTensor<'float32'>;
}

/**
 * Angles `position · theta^(-2i/D)`, computed in float64. Su et al. 2021, section 3.2.2.
 *
 * @example
 * ```ts
 * import { rotaryAngles } from 'weft/nn';
 *
 * const { cos } = rotaryAngles(256, 64, 10_000);
 * console.log(cos.shape); // [ 256, 32 ]
 * ```
 */
export function rotaryAngles(positions: number, headWidth: number, theta: number): RotaryAngles {
  const half = headWidth / 2;
  const [cos, sin] = [new Float32Array(positions * half), new Float32Array(positions * half)];
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < half; pair++) {
      const angle = position * theta ** ((-2 * pair) / headWidth);
      cos[position * half + pair] = Math.cos(angle);
      sin[position * half + pair] = Math.sin(angle);
    }
  }
  return { cos: hostTensor('float32', [positions, half], cos), sin: hostTensor('float32', [positions, half], sin) };
}
