/** Angles of rotary positions, computed in float64: Su et al. 2021; stretched for texts longer than a model was trained on. */

import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';

/** Cosines and sines of positions × half a head. */
export interface RotaryAngles {
  readonly cos: HostTensor<'float32'>;
  readonly sin: HostTensor<'float32'>;
}

/**
 * How angles are stretched for texts longer than a model was trained on. `linear`: all by one factor, Chen et al. 2023, "Extending
 * Context Window". `llama3`: the slow ones by the factor, the fast ones not, those between in part; Llama Team 2024, "The Llama 3
 * Herd of Models", with the numbers of meta-llama/llama-models, `model.py`.
 */
export type RopeScaling =
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      /** Wavelengths above `originalContext` by this are stretched by the whole factor. */
      readonly lowFrequency: number;
      /** Wavelengths below `originalContext` by this are left as they are. */
      readonly highFrequency: number;
      /** Tokens of context that the model was trained on first. */
      readonly originalContext: number;
    };

/**
 * Angles `position · theta^(-2i/D)`, computed in float64. Su et al. 2021, section 3.2.2.
 *
 * @param positions T
 * @param headWidth D
 * @param rope base of the angles, or that with a {@link RopeScaling}
 *
 * @example
 * ```ts
 * import { rotaryAngles } from 'weft/nn';
 *
 * const { cos } = rotaryAngles(256, 64, 10_000);
 * console.log(cos.shape); // [ 256, 32 ]
 * ```
 */
export function rotaryAngles(
  positions: number,
  headWidth: number,
  rope: number | { readonly theta: number; readonly scaling?: RopeScaling | undefined },
): RotaryAngles {
  const { theta, scaling }: Exclude<typeof rope, number> = typeof rope === 'number' ? { theta: rope } : rope;
  const half = headWidth / 2;
  const frequencies = Array.from({ length: half }, (_, pair) => stretched(theta ** ((-2 * pair) / headWidth), scaling));
  const [cos, sin] = [new Float32Array(positions * half), new Float32Array(positions * half)];
  for (let position = 0; position < positions; position++) {
    for (const [pair, frequency] of frequencies.entries()) {
      cos[position * half + pair] = Math.cos(position * frequency);
      sin[position * half + pair] = Math.sin(position * frequency);
    }
  }
  return { cos: hostTensor('float32', [positions, half], cos), sin: hostTensor('float32', [positions, half], sin) };
}

function stretched(frequency: number, scaling: RopeScaling | undefined): number {
  if (scaling === undefined) return frequency;
  if (scaling.type === 'linear') return frequency / scaling.factor;
  const { factor, lowFrequency, highFrequency, originalContext } = scaling;
  const turns = (originalContext * frequency) / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (turns - lowFrequency) / (highFrequency - lowFrequency)));
  return (1 - kept) * (frequency / factor) + kept * frequency;
}
