/**
 * Products with matrices in blocks: MatMulNBits of com.microsoft, whose packing the graph's is.
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
 */

import { hostTensor } from '../core/index.ts';
import type { Node } from '../graph/index.ts';
import { ONNX_DTYPE, int64Vector, number, reshapeTo } from './emitter.ts';
import type { LoweringContext, LoweringRule } from './emitter.ts';

/** float32 throughout, or what is multiplied rounded to 8 bits, too: MatMulNBits' accuracy levels. */
const ACCURACY = { float32: 1, int8: 4 } as const;

/** One operator. */
export const lowerBlockMatmul: LoweringRule<Node<'blockMatmul'>> = (
  c,
  { attributes: { bits, blockSize, in: width, out, roundedInputs } },
) => {
  c.emit(
    'MatMulNBits',
    Array.from({ length: c.arity }, (_, index) => c.in(index)),
    {
      outputs: [c.out(0)],
      attributes: {
        K: width,
        N: out,
        bits,
        block_size: blockSize,
        accuracy_level: roundedInputs === true ? ACCURACY.int8 : ACCURACY.float32,
      },
      domain: 'com.microsoft',
    },
  );
};

/** Numbers are spread to one a byte, then scaled. */
export const lowerDequantizeBlocks: LoweringRule<Node<'dequantizeBlocks'>> = (c, { attributes: { bits, blockSize, in: width, out } }) => {
  const blocks = Math.ceil(width / blockSize);
  const zeros = c.arity === 3 ? spread(c, c.in(2), { bits, rows: out, count: blocks }) : undefined; // out × blocks
  const zero = zeros === undefined ? number(c, 2 ** (bits - 1)) : c.emit('Unsqueeze', [zeros, c.constant(int64Vector([2]))]);
  const values = reshapeTo(c, spread(c, c.in(0), { bits, rows: out, count: blocks * blockSize }), [out, blocks, blockSize]);
  const scales = c.emit('Unsqueeze', [c.in(1), c.constant(int64Vector([2]))]); // out × blocks × 1
  const scaled = c.emit('Mul', [c.emit('Sub', [values, zero]), scales]);
  const padded = blocks * blockSize !== width;
  const matrix = c.emit('Reshape', [scaled, c.constant(int64Vector([out, blocks * blockSize]))], padded ? {} : { outputs: [c.out(0)] });
  if (padded) c.emit('Slice', [matrix, ...[0, width, 1].map((place) => c.constant(int64Vector([place])))], { outputs: [c.out(0)] });
};

/** Packed numbers as float32, rows × count. */
function spread(
  c: LoweringContext,
  packed: string,
  { bits, rows, count }: { readonly bits: number; readonly rows: number; readonly count: number },
): string {
  const toFloat = (value: string): string => c.emit('Cast', [value], { attributes: { to: ONNX_DTYPE.float32 } });
  if (bits === 8) return reshapeTo(c, toFloat(packed), [rows, count]);
  const byte = (value: number): string => c.constant(hostTensor('uint8', [1], Uint8Array.of(value)));
  const last = c.constant(int64Vector([-1]));
  const halves = [c.emit('BitwiseAnd', [packed, byte(15)]), c.emit('BitShift', [packed, byte(4)], { attributes: { direction: 'RIGHT' } })];
  const pairs = c.emit(
    'Concat',
    halves.map((half) => c.emit('Unsqueeze', [half, last])),
    { attributes: { axis: -1 } },
  );
  const even = reshapeTo(c, toFloat(pairs), [rows, -1]);
  // A row of an odd count has a half byte to spare.
  return count % 2 === 0 ? even : c.emit('Slice', [even, ...[0, count, 1].map((place) => c.constant(int64Vector([place])))]);
}
