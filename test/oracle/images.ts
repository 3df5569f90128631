/** Operations on images by their definitions: one element of the result, one window at a time. */

import type { OpAttributes, Pair, PoolingAttributes } from '../../src/graph/index.ts';
import { fill, get, places } from './nd-array.ts';
import type { NdArray } from './nd-array.ts';

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
type Four = readonly [number, number, number, number];
const shapeOf = (x: NdArray): Four => x.shape as unknown as Four;
const inside = (image: NdArray, row: number, column: number): boolean =>
  row >= 0 && column >= 0 && row < shapeOf(image)[2] && column < shapeOf(image)[3];
const biasAt = (bias: NdArray | undefined, channel: number): number => (bias === undefined ? 0 : get(bias, [channel]));

/** y[b, o, r, c] = bias[o] + Σ x[b, i, r·stride + u·dilation - padding, …]·w[o, i, u, v], i over the channels of o's group. */
export function convolve(
  [x, weight, bias]: readonly [NdArray, NdArray, NdArray | undefined],
  { stride, padding, dilation, groups }: OpAttributes['conv2d'],
): NdArray {
  const [batch, , rows, columns] = shapeOf(x);
  const [outputs, perGroup, height, width] = shapeOf(weight);
  const size = (pixels: number, kernel: number, axis: 0 | 1): number =>
    Math.floor((pixels + 2 * padding[axis] - dilation[axis] * (kernel - 1) - 1) / stride[axis]) + 1;
  const shape = [batch, outputs, size(rows, height, 0), size(columns, width, 1)];
  return fill(x.dtype, shape, ([b = 0, o = 0, r = 0, c = 0]) => {
    const first = Math.floor(o / (outputs / groups)) * perGroup;
    let total = biasAt(bias, o);
    for (const i of range(perGroup))
      for (const u of range(height))
        for (const v of range(width)) {
          const [row, column] = [r * stride[0] + u * dilation[0] - padding[0], c * stride[1] + v * dilation[1] - padding[1]];
          if (inside(x, row, column)) total += get(x, [b, first + i, row, column]) * get(weight, [o, i, u, v]);
        }
    return total;
  });
}

/** Each pixel of `x` adds the kernel, times its value, to the result around r·stride - padding. */
export function convolveTransposed(
  [x, weight, bias]: readonly [NdArray, NdArray, NdArray | undefined],
  { stride, padding, dilation, groups, outputPadding }: OpAttributes['convTranspose2d'],
): NdArray {
  const [batch, channels, rows, columns] = shapeOf(x);
  const [, perGroup, height, width] = shapeOf(weight);
  const size = (pixels: number, kernel: number, axis: 0 | 1): number =>
    (pixels - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (kernel - 1) + outputPadding[axis] + 1;
  const y = fill(x.dtype, [batch, perGroup * groups, size(rows, height, 0), size(columns, width, 1)], ([, o = 0]) => biasAt(bias, o));
  const [, outputs, yRows, yColumns] = shapeOf(y);
  for (const [b = 0, i = 0, r = 0, c = 0] of places(x.shape)) {
    const first = Math.floor(i / (channels / groups)) * perGroup;
    for (const [o = 0, u = 0, v = 0] of places([perGroup, height, width])) {
      const [row, column] = [r * stride[0] + u * dilation[0] - padding[0], c * stride[1] + v * dilation[1] - padding[1]];
      if (!inside(y, row, column)) continue;
      const at = ((b * outputs + first + o) * yRows + row) * yColumns + column;
      y.data[at] = (y.data[at] ?? 0) + get(x, [b, i, r, c]) * get(weight, [i, o, u, v]);
    }
  }
  return y;
}

/** The pixels of each window, those of the padding left out. */
function windows(
  x: NdArray,
  { kernel, stride, padding }: PoolingAttributes,
): { readonly shape: Four; readonly pixels: (at: Four) => readonly Pair[] } {
  const [batch, channels, rows, columns] = shapeOf(x);
  const size = (pixels: number, axis: 0 | 1): number => Math.floor((pixels + 2 * padding[axis] - kernel[axis]) / stride[axis]) + 1;
  return {
    shape: [batch, channels, size(rows, 0), size(columns, 1)],
    pixels: ([, , r, c]) =>
      range(kernel[0])
        .flatMap((u) => range(kernel[1]).map((v): Pair => [r * stride[0] + u - padding[0], c * stride[1] + v - padding[1]]))
        .filter(([row, column]) => inside(x, row, column)),
  };
}

export function maxPool(x: NdArray, attributes: PoolingAttributes): NdArray {
  const { shape, pixels } = windows(x, attributes);
  return fill(x.dtype, shape, (at) =>
    Math.max(...pixels(at as Four).map(([row, column]) => get(x, [at[0] ?? 0, at[1] ?? 0, row, column]))),
  );
}

/** The first of the largest pixels of each window has the window's gradient. */
export function maxPoolGradient([x, y, g]: readonly [NdArray, NdArray, NdArray], attributes: PoolingAttributes): NdArray {
  const { pixels } = windows(x, attributes);
  const [, channels, rows, columns] = shapeOf(x);
  const result = fill(x.dtype, x.shape, () => 0);
  for (const at of places(y.shape)) {
    const [b, channel] = at as Four;
    const [row, column] = pixels(at as Four).find((pixel) => get(x, [b, channel, ...pixel]) === get(y, at)) as Pair;
    const place = ((b * channels + channel) * rows + row) * columns + column;
    result.data[place] = (result.data[place] ?? 0) + get(g, at);
  }
  return result;
}

export function averagePool(x: NdArray, attributes: PoolingAttributes): NdArray {
  const { shape, pixels } = windows(x, attributes);
  const count = attributes.kernel[0] * attributes.kernel[1];
  return fill(x.dtype, shape, (at) => sum(pixels(at as Four).map((pixel) => get(x, [at[0] ?? 0, at[1] ?? 0, ...pixel]))) / count);
}

/** Normalised channels, their means and their mean squared deviations. */
export function normalizeBatch(
  [x, weight, bias]: readonly [NdArray, NdArray, NdArray],
  epsilon: number,
): readonly [NdArray, NdArray, NdArray] {
  const channels = x.shape[1] ?? 0;
  const byChannel = range(channels).map((channel) =>
    places(x.shape)
      .filter((at) => at[1] === channel)
      .map((at) => get(x, at)),
  );
  const means = byChannel.map((values) => sum(values) / values.length);
  const variances = byChannel.map((values, channel) => sum(values.map((value) => (value - (means[channel] ?? 0)) ** 2)) / values.length);
  const y = fill(x.dtype, x.shape, (at) => {
    const channel = at[1] ?? 0;
    const normal = (get(x, at) - (means[channel] ?? 0)) / Math.sqrt((variances[channel] ?? 0) + epsilon);
    return normal * get(weight, [channel]) + get(bias, [channel]);
  });
  const vector = (values: readonly number[]): NdArray => ({ dtype: x.dtype, shape: [channels], data: Float64Array.from(values) });
  return [y, vector(means), vector(variances)];
}
