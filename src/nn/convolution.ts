/** Convolutions with their parameters, in the current scope. Images are B C Y X; options mean what they mean in PyTorch. */

import { axes, conv2d as convolve, convTranspose2d as convolveTransposed, parameter, scope } from '../graph/index.ts';
import type { Initializer, Pair, Tensor } from '../graph/index.ts';
import type { ForwardContext } from './context.ts';
import { fanInUniform } from './initialize.ts';
import { spectralNormalized } from './spectral-norm.ts';

/** Options of {@link conv2d}. */
export interface ConvolutionOptions {
  /** Scope of its parameters `weight` and `bias`. */
  readonly name: string;
  /** Channels of the image. */
  readonly in: number;
  /** Channels of the result. */
  readonly out: number;
  /** Size of the kernel. */
  readonly kernel: number | Pair;
  /** Default 1. */
  readonly stride?: number | Pair;
  /** Zeros on every side; default 0. */
  readonly padding?: number | Pair;
  /** Default 1. */
  readonly dilation?: number | Pair;
  /** Parts of the channels that do not see each other; default 1. */
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Of weight and bias; default PyTorch's, uniform up to 1/√(inputs of an output). */
  readonly initializer?: Initializer;
  /** Divides the weight by its spectral norm, see `spectralNormalized`; default not. */
  readonly spectralNorm?: ForwardContext;
}

/** Options of {@link convTranspose2d}. */
export interface TransposedConvolutionOptions extends Omit<ConvolutionOptions, 'spectralNorm'> {
  /** Rows and columns added at the end of the result; default 0. */
  readonly outputPadding?: number | Pair;
}

const pair = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : value);

/**
 * A convolution. B I Y X -> B O Y' X', weight O I/groups Y X.
 *
 * @throws ShapeError `WEFT_SHAPE_IMAGE` when the image does not fit.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { conv2d } from 'weft/nn';
 *
 * const images = input('images', 'float32', axes('B C Y X', 8, 1, 28, 28));
 * console.log(formatShape(conv2d(images, { name: 'conv', in: 1, out: 16, kernel: 3, padding: 1 }).shape)); // B C Y X = 8 16 28 28
 * ```
 */
export function conv2d(x: Tensor, options: ConvolutionOptions): Tensor {
  const { name, in: channels, out, kernel, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
  const [rows, columns] = pair(kernel);
  const perGroup = channels / groups;
  const { initializer = fanInUniform(perGroup * rows * columns) } = options;
  return scope(name, () => {
    const own = parameter('weight', axes('O I Y X', out, perGroup, rows, columns), initializer);
    const weight = options.spectralNorm === undefined ? own : spectralNormalized(own, options.spectralNorm);
    const shift = bias ? { bias: parameter('bias', axes('C', out), initializer) } : {};
    return convolve(x, weight, { ...shift, stride, padding, dilation, groups });
  });
}

/**
 * A transposed convolution. B I Y X -> B O Y' X', weight I O/groups Y X. PyTorch counts the kernel's second axis as its inputs.
 *
 * @throws ShapeError `WEFT_SHAPE_IMAGE` when the image does not fit.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { convTranspose2d } from 'weft/nn';
 *
 * const x = input('x', 'float32', axes('B C Y X', 8, 16, 7, 7));
 * console.log(formatShape(convTranspose2d(x, { name: 'up', in: 16, out: 8, kernel: 4, stride: 2, padding: 1 }).shape)); // B C Y X = 8 8 14 14
 * ```
 */
export function convTranspose2d(x: Tensor, options: TransposedConvolutionOptions): Tensor {
  const { name, in: channels, out, kernel, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, outputPadding = 0 } = options;
  const [rows, columns] = pair(kernel);
  const perGroup = out / groups;
  const { initializer = fanInUniform(perGroup * rows * columns) } = options;
  return scope(name, () => {
    const weight = parameter('weight', axes('I O Y X', channels, perGroup, rows, columns), initializer);
    const shift = bias ? { bias: parameter('bias', axes('C', out), initializer) } : {};
    return convolveTransposed(x, weight, { ...shift, stride, padding, dilation, groups, outputPadding });
  });
}
