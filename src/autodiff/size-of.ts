/** Sizes that a backward pass needs as numbers. */

import { WeftError } from '../core/index.ts';
import type { Axis } from '../graph/index.ts';

/** The size of an axis, where the backward pass needs a number. */
export function sizeOf(axis: Axis | undefined): number {
  if (typeof axis?.size === 'number') return axis.size;
  throw new WeftError({
    code: 'WEFT_GRADIENT_DYNAMIC',
    action: 'differentiate',
    rule: 'its axes must have known sizes',
    value: `${axis?.name} is ${axis?.size}`,
    remedy: 'Build the graph that trains for fixed sizes.',
  });
}
