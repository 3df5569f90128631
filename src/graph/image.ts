/**
 * Operations on images, B C Y X: batch, channels, rows, columns. Kernels are O I Y X as in PyTorch: output channels, input
 * channels, rows, columns. Arguments mean what they mean in PyTorch's functions of the same names.
 */

import type { OpAttributes, Pair, PoolingAttributes } from './op-kinds.ts';
import { operation, single } from './operation.ts';
import type { Tensor } from './tensor.ts';

/** Options of {@link conv2d}. A number stands for rows and columns alike. */
export interface Conv2dOptions {
  /** Added to each output channel (O); default none. */
  readonly bias?: Tensor;
  /** Default 1. */
  readonly stride?: number | Pair;
  /** Zeros on every side; default 0. */
  readonly padding?: number | Pair;
  /** Distance of the kernel's elements; default 1. */
  readonly dilation?: number | Pair;
  /** Parts into which channels are split that do not see each other; default 1. */
  readonly groups?: number;
}

/** Options of {@link convTranspose2d}. */
export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Rows and columns added at the end of the result, below the stride; default 0. */
  readonly outputPadding?: number | Pair;
}

/** Options of {@link maxPool2d} and {@link averagePool2d}. */
export interface PoolingOptions {
  /** Size of the window. */
  readonly kernel: number | Pair;
  /** Default the window's size: windows lie side by side. */
  readonly stride?: number | Pair;
  /** On every side, at most half a window; default 0. */
  readonly padding?: number | Pair;
}

const pair = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : value);
const withBias = (operands: readonly Tensor[], bias: Tensor | undefined): readonly Tensor[] =>
  bias === undefined ? operands : [...operands, bias];

/**
 * Convolution (cross-correlation, as everywhere in this field): B C Y X by O C/groups Y X -> B O Y' X',
 * `Y' = ⌊(Y + 2·padding - dilation·(kernel - 1) - 1) / stride⌋ + 1`.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html
 *
 * @throws ShapeError `WEFT_SHAPE_IMAGE` when image, kernel, bias and options do not fit together.
 *
 * @example
 * ```ts
 * import { axes, conv2d, formatShape, input } from 'weft/graph';
 *
 * const [image, kernel] = [input('x', 'float32', axes('B C Y X', 8, 1, 28, 28)), input('w', 'float32', axes('O I Y X', 16, 1, 3, 3))];
 * console.log(formatShape(conv2d(image, kernel, { stride: 2, padding: 1 }).shape)); // B C Y X = 8 16 14 14
 * ```
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dOptions = {}): Tensor {
  const { bias, stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  return single('conv2d', withBias([x, weight], bias), { stride: pair(stride), padding: pair(padding), dilation: pair(dilation), groups });
}

/**
 * Transposed convolution, the gradient of {@link conv2d} by its image: B C Y X by C O/groups Y X -> B O Y' X',
 * `Y' = (Y - 1)·stride - 2·padding + dilation·(kernel - 1) + outputPadding + 1`.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html
 *
 * @throws ShapeError `WEFT_SHAPE_IMAGE` when image, kernel, bias and options do not fit together.
 *
 * @example
 * ```ts
 * import { axes, convTranspose2d, formatShape, input } from 'weft/graph';
 *
 * const [image, kernel] = [input('x', 'float32', axes('B C Y X', 8, 16, 7, 7)), input('w', 'float32', axes('I O Y X', 16, 1, 4, 4))];
 * console.log(formatShape(convTranspose2d(image, kernel, { stride: 2, padding: 1 }).shape)); // B C Y X = 8 1 14 14
 * ```
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTranspose2dOptions = {}): Tensor {
  const { bias, stride = 1, padding = 0, dilation = 1, groups = 1, outputPadding = 0 } = options;
  const attributes: OpAttributes['convTranspose2d'] = {
    stride: pair(stride),
    padding: pair(padding),
    dilation: pair(dilation),
    groups,
    outputPadding: pair(outputPadding),
  };
  return single('convTranspose2d', withBias([x, weight], bias), attributes);
}

function pooling({ kernel, stride = kernel, padding = 0 }: PoolingOptions): PoolingAttributes {
  return { kernel: pair(kernel), stride: pair(stride), padding: pair(padding) };
}

/**
 * The largest element of each window; of equal ones the first, row by row, has the gradient, as in PyTorch.
 *
 * @throws ShapeError `WEFT_SHAPE_IMAGE` when the window does not fit.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input, maxPool2d } from 'weft/graph';
 *
 * console.log(formatShape(maxPool2d(input('x', 'float32', axes('B C Y X', 8, 16, 28, 28)), { kernel: 2 }).shape)); // B C Y X = 8 16 14 14
 * ```
 */
export const maxPool2d = (x: Tensor, options: PoolingOptions): Tensor => single('maxPool2d', [x], pooling(options));
/** The mean of each window; padding counts as zeros, as in PyTorch. See {@link maxPool2d} for shapes. */
export const averagePool2d = (x: Tensor, options: PoolingOptions): Tensor => single('averagePool2d', [x], pooling(options));
/** Gradient of {@link maxPool2d} by its image `x`, from its result `y` and the gradient by that. */
export const maxPool2dGradient = (x: Tensor, by: { readonly y: Tensor; readonly gradient: Tensor }, options: PoolingAttributes): Tensor =>
  single('maxPool2dGradient', [x, by.y, by.gradient], options);

/**
 * Normalisation of each channel over batch, rows and columns: `[y, mean (C), variance (C)]`, of which `y` alone has a gradient.
 * The variance is the mean squared deviation. Ioffe and Szegedy 2015.
 *
 * @param x B C or B C Y X.
 * @param weights Weight and bias, C each.
 * @param epsilon Added to the variance.
 * @throws ShapeError `WEFT_SHAPE_IMAGE` when a weight is not as long as there are channels.
 *
 * @example
 * ```ts
 * import { axes, batchNorm, formatShape, input } from 'weft/graph';
 *
 * const [weight, bias] = [input('weight', 'float32', axes('C', 4)), input('bias', 'float32', axes('C', 4))];
 * const [y, mean] = batchNorm(input('x', 'float32', axes('B C', 8, 4)), [weight, bias], 1e-5);
 * console.log(formatShape(y!.shape), formatShape(mean!.shape)); // B C = 8 4 C = 4
 * ```
 */
export const batchNorm = (x: Tensor, weights: readonly [Tensor, Tensor], epsilon: number): readonly Tensor[] =>
  operation('batchNorm', [x, ...weights], { epsilon });
