/** Linear layers whose matrix is rounded to 4 or 8 bits in blocks: constants of the graph, with nothing to train in them. */

import type { HostTensor } from '../core/index.ts';
import { blockMatmul, constant } from '../graph/index.ts';
import type { BlockAttributes, Tensor } from '../graph/index.ts';

/** A matrix out × in in blocks. */
export interface BlockMatrix extends BlockAttributes {
  /** out × blocks × bytes. */
  readonly values: HostTensor<'uint8'>;
  /** out × blocks. */
  readonly scales: HostTensor<'float32'>;
  /** Packed along the blocks; without them half the range is zero. */
  readonly zeroPoints?: HostTensor<'uint8'>;
}

/** `x · Wᵀ` with a matrix in blocks. */
export function blockLinear(x: Tensor, { values, scales, zeroPoints, ...attributes }: BlockMatrix): Tensor {
  const tensors = {
    values: constant(values),
    scales: constant(scales),
    ...(zeroPoints === undefined ? {} : { zeroPoints: constant(zeroPoints) }),
  };
  return blockMatmul(x, tensors, attributes);
}
