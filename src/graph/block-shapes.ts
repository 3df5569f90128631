/** The shape rule of matrices in blocks: what numbers, scales and zero points must have in common. */

import { formatShape } from './axis.ts';
import type { BlockAttributes } from './op-kinds.ts';
import { describe, shapeError } from './shape-error.ts';
import type { Tensor } from './tensor.ts';

/** Sizes of the arrays of a matrix in blocks: out × blocks × bytes, out × blocks, and zero points packed along the blocks. */
export function blockSizes({ bits, blockSize, in: width, out }: BlockAttributes): {
  readonly values: readonly [number, number, number];
  readonly scales: readonly [number, number];
  readonly zeroPoints: readonly [number, number];
} {
  const blocks = Math.ceil(width / blockSize);
  return { values: [out, blocks, (blockSize * bits) / 8], scales: [out, blocks], zeroPoints: [out, Math.ceil((blocks * bits) / 8)] };
}

/** Throws unless the arrays have the sizes that the attributes say, and `x`, where there is one, the width. */
export function requireBlocks(arrays: readonly Tensor[], attributes: BlockAttributes, x?: Tensor): void {
  const { bits, blockSize, in: width, out } = attributes;
  const wanted = blockSizes(attributes);
  const named = [
    ...(x === undefined ? [] : [[describe(x, 'x'), x] as const]),
    ...arrays.map((array, index) => [NAMES[index] ?? '', array] as const),
  ];
  const fail = (rule: string, value: string): never => {
    throw shapeError(
      'WEFT_SHAPE_BLOCKS',
      { action: 'multiply by a matrix in blocks', rule, value, remedy: 'Round the matrix anew for this layer.' },
      named,
    );
  };
  if (![4, 8].includes(bits)) fail('its numbers have 4 or 8 bits', String(bits));
  if (!(blockSize >= 16 && Number.isInteger(Math.log2(blockSize))))
    fail('a block is a power of 2 of at least 16 numbers', String(blockSize));
  if (x !== undefined && x.shape.at(-1)?.size !== width) fail(`x must be ${width} wide`, formatShape(x.shape));
  for (const [index, key] of (['values', 'scales', 'zeroPoints'] as const).entries()) {
    const array = arrays[index];
    if (array === undefined && index === 2) continue;
    const dtype = index === 1 ? 'float32' : 'uint8';
    const size = wanted[key];
    if (array?.dtype !== dtype || array.shape.map((axis) => axis.size).join() !== size.join())
      fail(
        `the ${NAMES[index] ?? ''} of ${out} × ${width} numbers must be ${dtype} ${size.join(' × ')}`,
        array === undefined ? 'none' : `${array.dtype} ${formatShape(array.shape)}`,
      );
  }
}

const NAMES = ['numbers', 'scales', 'zero points'] as const;
