/**
 * Gradients of operations on images, in the same operations. The gradient of a convolution by its image is the transposed
 * convolution; by its kernel, a convolution of image and gradient with batch and channels swapped, whose stride is the
 * dilation and whose dilation is the stride.
 */

import { hostTensor } from '../core/index.ts';
import {
  concat,
  matmul,
  pad,
  constant,
  conv2d,
  convTranspose2d,
  divide,
  multiply,
  reshape,
  slice,
  sqrt,
  subtract,
  sum,
  transpose,
  add,
} from '../graph/index.ts';
import type { Axis, ConvolutionAttributes, OpAttributes, Pair, PoolingAttributes, Tensor } from '../graph/index.ts';
import { sizeOf } from './size-of.ts';

const planeOf = (x: Tensor): Pair => [sizeOf(x.shape[2]), sizeOf(x.shape[3])];
const each = (size: (axis: 0 | 1) => number): Pair => [size(0), size(1)];
/** B C Y X -> C B Y X. */
const swapped = (x: Tensor): Tensor => transpose(x, [1, 0, 2, 3]);
const biasGradient = (g: Tensor): Tensor => sum(g, { axes: [0, 2, 3] });

/** Rows and columns of an image that no window reached, which its gradient is to have nevertheless. */
function remainder(x: Tensor, window: Pair, { stride, padding, dilation }: Omit<ConvolutionAttributes, 'groups'>): Pair {
  const plane = planeOf(x);
  return each((axis) => (plane[axis] + 2 * padding[axis] - dilation[axis] * (window[axis] - 1) - 1) % stride[axis]);
}

/** By image, kernel and bias. */
export function conv2dGradients(
  [x, weight, bias]: readonly [Tensor, Tensor, Tensor | undefined],
  g: Tensor,
  attributes: OpAttributes['conv2d'],
): readonly Tensor[] {
  const outputPadding = remainder(x, planeOf(weight), attributes);
  const dX = convTranspose2d(g, weight, { ...attributes, outputPadding });
  return [dX, kernelGradient(x, g, { weight, ...attributes }), ...(bias === undefined ? [] : [biasGradient(g)])];
}

/** By image, kernel and bias: image and gradient change places. */
export function convTranspose2dGradients(
  [x, weight, bias]: readonly [Tensor, Tensor, Tensor | undefined],
  g: Tensor,
  { stride, padding, dilation, groups }: OpAttributes['convTranspose2d'],
): readonly Tensor[] {
  const attributes = { stride, padding, dilation, groups };
  const dX = conv2d(g, weight, attributes);
  return [dX, kernelGradient(g, x, { weight, ...attributes }), ...(bias === undefined ? [] : [biasGradient(g)])];
}

/** The gradient of `conv2d(image, kernel)` by the kernel, O C/G Y X, where `g` (B O Y' X') arrives. */
function kernelGradient(
  image: Tensor,
  g: Tensor,
  { weight, stride, padding, dilation, groups }: ConvolutionAttributes & { readonly weight: Tensor },
): Tensor {
  if (groups === 1 && stride[0] === 1 && stride[1] === 1) return denseKernelGradient(image, g, { weight, padding, dilation });
  const [batch, channels] = [sizeOf(image.shape[0]), sizeOf(image.shape[1])];
  const [outputs, window] = [sizeOf(g.shape[1]), planeOf(weight)];
  const [rows, columns] = [image.shape.slice(2), g.shape.slice(2)];
  const axis = (name: string, size: number): { readonly name: string; readonly size: number } => ({ name, size });
  // Groups stay apart: B (G·C) Y X -> C (G·B) Y X, and B (G·O) Y' X' -> (G·O) B Y' X'.
  const grouped = reshape(image, [axis('B', batch), axis('G', groups), axis('C', channels / groups), ...rows]);
  const images =
    groups === 1
      ? swapped(image)
      : reshape(transpose(grouped, [2, 1, 0, 3, 4]), [axis('C', channels / groups), axis('B', groups * batch), ...rows]);
  const kernels = reshape(swapped(g), [axis('O', outputs), axis('B', batch), ...columns]);
  const all = conv2d(images, kernels, { stride: dilation, dilation: stride, padding, groups }); // C O Y X
  // Rows and columns that no window reached would count as further elements of the kernel.
  const kept = window.reduce(
    (part, size, at) => (sizeOf(part.shape[2 + at]) === size ? part : slice(part, 2 + at, { start: 0, end: size })),
    all,
  );
  return reshape(swapped(kept), weight.shape);
}

/**
 * The same where the kernel goes from pixel to pixel: one product of the gradient with the image as each element of the kernel
 * saw it. It takes about half the time of the convolution, whose kernel would be as large as the image.
 */
function denseKernelGradient(
  image: Tensor,
  g: Tensor,
  { weight, padding, dilation }: Pick<ConvolutionAttributes, 'padding' | 'dilation'> & { readonly weight: Tensor },
): Tensor {
  const [channels, outputs] = [sizeOf(image.shape[1]), sizeOf(g.shape[1])];
  const [window, plane] = [planeOf(weight), planeOf(g)];
  const pixels = { name: 'N', size: sizeOf(g.shape[0]) * plane[0] * plane[1] };
  const padded = padding.reduce(
    (x, amount, axis) => (amount === 0 ? x : pad(x, 2 + axis, { before: amount, after: amount })),
    swapped(image), // C B Y X
  );
  const seen = (x: Tensor, axis: 0 | 1, element: number): Tensor =>
    slice(x, 2 + axis, { start: element * dilation[axis], end: element * dilation[axis] + plane[axis] });
  const parts = Array.from({ length: window[0] }, (_, row) => seen(padded, 0, row)).flatMap((rows) =>
    Array.from({ length: window[1] }, (_, column) => reshape(seen(rows, 1, column), [{ name: 'C', size: channels }, pixels])),
  );
  const [rows, columns] = weight.shape.slice(2) as [Axis, Axis];
  const [inputAxis, outputAxis] = [
    { name: 'I', size: channels },
    { name: 'O', size: outputs },
  ];
  const [saw, arrived] = [concat(parts, 0), reshape(swapped(g), [outputAxis, pixels])]; // (Y·X·I) N, O N
  // The longer side first: so the sums have the same bits with any number of threads (docs/decisions/070-the-training-step.md).
  if (window[0] * window[1] * channels >= outputs) {
    const product = matmul(saw, arrived, { transposeB: true }); // (Y·X·I) O
    return transpose(reshape(product, [rows, columns, inputAxis, outputAxis]), [3, 2, 0, 1]);
  }
  const product = matmul(arrived, saw, { transposeB: true }); // O (Y·X·I)
  return transpose(reshape(product, [outputAxis, rows, columns, inputAxis]), [0, 3, 1, 2]);
}

/** Each pixel's share of its windows' gradients: a transposed convolution of each channel by itself. */
export function averagePool2dGradient(x: Tensor, g: Tensor, { kernel, stride, padding }: PoolingAttributes): Tensor {
  const channels = { name: 'B', size: sizeOf(x.shape[0]) * sizeOf(x.shape[1]) };
  const one = { name: 'C', size: 1 };
  const share = new Float32Array(kernel[0] * kernel[1]).fill(1 / (kernel[0] * kernel[1]));
  const window = constant(hostTensor('float32', [1, 1, ...kernel], share));
  const outputPadding = remainder(x, kernel, { stride, padding, dilation: [1, 1] });
  const spread = convTranspose2d(reshape(g, [channels, one, ...g.shape.slice(2)]), window, { stride, padding, outputPadding });
  return reshape(spread, x.shape);
}

/**
 * By `x`, weight and bias. With `d = x - mean`, `v = 1/√(variance + ε)` and `N` elements a channel:
 * `db = Σ g`; `dw = v·Σ g·d`; `dx = w·v·(g - db/N - d·v·dw/N)`.
 */
export function batchNormGradients(
  [x, weight]: readonly [Tensor, Tensor],
  { mean, variance, g, epsilon }: { readonly mean: Tensor; readonly variance: Tensor; readonly g: Tensor; readonly epsilon: number },
): readonly Tensor[] {
  const others = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const count = others.reduce((product, axis) => product * sizeOf(x.shape[axis]), 1);
  const onChannels = (vector: Tensor): Tensor =>
    reshape(
      vector,
      x.shape.slice(1).map((axis, at) => (at === 0 ? axis : { name: axis.name, size: 1 })),
    );
  const inverse = divide(1, sqrt(add(variance, epsilon)));
  const centred = subtract(x, onChannels(mean));
  const db = sum(g, { axes: others });
  const dw = multiply(sum(multiply(g, centred), { axes: others }), inverse);
  const slope = multiply(multiply(inverse, dw), 1 / count);
  const inner = subtract(subtract(g, onChannels(multiply(db, 1 / count))), multiply(centred, onChannels(slope)));
  return [multiply(inner, onChannels(multiply(weight, inverse))), dw, db];
}
