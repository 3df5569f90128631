/**
 * Rounding of matrices to 4 or 8 bits in blocks, by simple rounding: each block of a row has a scale of its own, and a zero point where
 * asked for. The packing is that of ONNX Runtime's MatMulNBits.
 *
 * Without zero points the number of the largest magnitude becomes the lowest of the range (-8 or -128), which uses all of it; so do
 * llama.cpp's Q4_0 (`quantize_row_q4_0_ref` of ggml-quants.c) and ONNX Runtime (`BlockedQuantizeLinear`).
 */

import { UsageError, checkOptions, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { blockSizes } from '../graph/index.ts';
import { linearLayers } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import type { BlockMatrix } from '../nn/index.ts';
import type { Weights } from './hugging-face/weight-rules.ts';

/** Options of rounding. */
export interface BlockOptions {
  /** Bits of a number. */
  readonly bits: 4 | 8;
  /** Numbers that share a scale: a power of 2, at least 16; default 32. */
  readonly blockSize?: number;
  /** Blocks have a zero point, for numbers that lie to one side of zero; default false. */
  readonly zeroPoints?: boolean;
}

/**
 * Rounds a matrix.
 *
 * @param matrix out × in
 * @returns the matrix in blocks: `bits/8 + 4/blockSize` bytes a number
 * @throws UsageError `WEFT_FORMAT_BLOCKS` when an option is out of its range, it is no matrix or a number in it is not finite.
 *
 * @example
 * ```ts
 * import { hostTensor } from 'weft';
 * import { roundBlocks, unroundBlocks } from 'weft/formats';
 *
 * const rounded = roundBlocks(hostTensor('float32', [1, 4], Float32Array.of(-8, 4, 0.4, 7)), { bits: 4 });
 * console.log([...unroundBlocks(rounded).data]); // [ -8, 4, 0, 7 ]
 * ```
 */
export function roundBlocks({ shape, data }: HostTensor<'float32'>, options: BlockOptions): BlockMatrix {
  checkOptions('round a matrix', options, ['bits', 'blockSize', 'zeroPoints']);
  const { bits, blockSize = 32, zeroPoints = false } = options;
  const [out = 0, width = 0] = shape;
  const fail = (rule: string, value: string): never => {
    throw new UsageError({
      code: 'WEFT_FORMAT_BLOCKS',
      action: 'round a matrix',
      rule,
      value,
      remedy: 'Give a matrix of finite numbers, and 4 or 8 bits.',
    });
  };
  if (bits !== 4 && bits !== 8) fail('bits must be 4 or 8', String(bits));
  if (!(blockSize >= 16 && Number.isInteger(Math.log2(blockSize)))) fail('blockSize must be a power of 2, at least 16', String(blockSize));
  if (shape.length !== 2) fail('it must have two axes', String(shape.length));
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) fail('its numbers must be finite', `${data[wrong]} at ${Math.floor(wrong / width)}, ${wrong % width}`);
  const sizes = blockSizes({ bits, blockSize, in: width, out });
  const values = hostTensor('uint8', sizes.values);
  const scales = hostTensor('float32', sizes.scales);
  const zeros = hostTensor('uint8', sizes.zeroPoints);
  const blocks = sizes.scales[1];
  const zerosPerRow = (sizes.zeroPoints[1] * 8) / bits;
  for (let row = 0; row < out; row++) {
    for (let block = 0; block < blocks; block++) {
      const start = row * width + block * blockSize;
      const part = data.subarray(start, Math.min(start + blockSize, (row + 1) * width));
      const { scale, zero } = zeroPoints ? rangeWithZero(part, bits) : symmetricRange(part, bits);
      scales.data[row * blocks + block] = scale;
      pack(zeros.data, row * zerosPerRow + block, { value: zero, bits });
      // What fills the last block up is zero, too.
      for (let index = 0; index < blockSize; index++) {
        const steps = scale === 0 ? 0 : Math.round((part[index] ?? 0) / scale);
        const value = Math.min(2 ** bits - 1, Math.max(0, steps + zero));
        pack(values.data, (row * blocks + block) * blockSize + index, { value, bits });
      }
    }
  }
  return { bits, blockSize, in: width, out, values, scales, ...(zeroPoints ? { zeroPoints: zeros } : {}) };
}

/** The matrix that {@link roundBlocks} stands for, out × in. */
export function unroundBlocks({ bits, blockSize, in: width, out, values, scales, zeroPoints }: BlockMatrix): HostTensor<'float32'> {
  const blocks = scales.shape[1] ?? 0;
  const data = new Float32Array(out * width);
  const zerosPerRow = ((zeroPoints?.shape[1] ?? 0) * 8) / bits;
  for (let row = 0; row < out; row++) {
    for (let column = 0; column < width; column++) {
      const block = Math.floor(column / blockSize);
      const zero = zeroPoints === undefined ? 2 ** (bits - 1) : unpack(zeroPoints.data, row * zerosPerRow + block, bits);
      const number = unpack(values.data, (row * blocks + block) * blockSize + (column % blockSize), bits);
      data[row * width + column] = (number - zero) * (scales.data[row * blocks + block] as number);
    }
  }
  return hostTensor('float32', [out, width], data);
}

/** A model's weights, those of its linear layers rounded. */
export interface RoundedWeights {
  /** By the name of the layer, for `withBlockWeights`. */
  readonly blocks: ReadonlyMap<string, BlockMatrix>;
  /** What stays as it is: embeddings, norms, biases. */
  readonly weights: Map<string, HostTensor<'float32'>>;
}

/**
 * Rounds the linear layers of a model.
 *
 * @param model whose layers they are
 * @param weights by the model's own parameter names
 * @param options see {@link BlockOptions}
 * @throws UsageError `WEFT_FORMAT_BLOCKS`, as {@link roundBlocks} does, and when a layer's weight is missing.
 *
 * @example
 * ```ts
 * import { roundWeights } from 'weft/formats';
 * import { llama, withBlockWeights } from 'weft/models';
 * import { initialize } from 'weft/nn';
 *
 * const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 8, vocabSize: 20 });
 * const { blocks, weights } = roundWeights(model, initialize(model.parameters, { seed: 1 }), { bits: 4 });
 * console.log(withBlockWeights(model, blocks).parameters.length === weights.size, blocks.size); // true 8
 * ```
 */
export function roundWeights(model: LanguageModel, weights: Weights, options: BlockOptions): RoundedWeights {
  const rest = new Map(weights);
  const blocks = new Map<string, BlockMatrix>();
  for (const { name } of linearLayers(model)) {
    const weight = weights.get(`${name}.weight`);
    if (weight === undefined) {
      throw new UsageError({
        code: 'WEFT_FORMAT_BLOCKS',
        action: 'round the weights of a model',
        rule: 'each linear layer must have its weight',
        value: `${name}.weight is missing`,
        remedy: 'Give the weights of this very model.',
      });
    }
    blocks.set(name, roundBlocks(weight, options));
    rest.delete(`${name}.weight`);
  }
  return { blocks, weights: rest };
}

interface Range {
  readonly scale: number;
  readonly zero: number;
}

/** The number of the largest magnitude becomes the lowest of the range. */
function symmetricRange(part: Float32Array, bits: number): Range {
  let most = 0;
  for (const value of part) if (Math.abs(value) > Math.abs(most)) most = value;
  const half = 2 ** (bits - 1);
  return { scale: Math.fround(most / -half), zero: half };
}

/** From the lowest to the highest number, zero among them. */
function rangeWithZero(part: Float32Array, bits: number): Range {
  let [low, high] = [0, 0];
  for (const value of part) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const steps = 2 ** bits - 1;
  const scale = Math.fround((high - low) / steps);
  return { scale, zero: scale > 0 ? Math.min(steps, Math.max(0, Math.round(-low / scale))) : 0 };
}

/** Writes a number at a place of an array of zeros. */
function pack(into: Uint8Array, place: number, { value, bits }: { readonly value: number; readonly bits: number }): void {
  if (bits === 8) into[place] = value;
  else into[place >> 1] = (into[place >> 1] as number) | (place % 2 === 0 ? value : value << 4);
}

function unpack(from: Uint8Array, place: number, bits: number): number {
  if (bits === 8) return from[place] as number;
  const byte = from[place >> 1] as number;
  return place % 2 === 0 ? byte & 15 : byte >> 4;
}
