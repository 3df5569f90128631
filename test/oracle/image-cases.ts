/** Cases of operations on images. */

import { averagePool2d, batchNorm, conv2d, convTranspose2d, maxPool2d, maxPool2dGradient } from '../../src/graph/index.ts';
import type { Conv2dOptions, ConvTranspose2dOptions, PoolingOptions, Tensor } from '../../src/graph/index.ts';
import { given, normal, opCase } from './op-case.ts';
import type { CaseInput, OpCase, OpCases } from './op-case.ts';

/** The kinds whose cases stand here. */
export type ImageKind = 'conv2d' | 'convTranspose2d' | 'maxPool2d' | 'averagePool2d' | 'batchNorm' | 'maxPool2dGradient';

type Sizes = readonly number[];

function convolution(name: string, image: Sizes, kernel: Sizes, options: Omit<Conv2dOptions, 'bias'> = {}): readonly OpCase[] {
  const inputs = { x: normal(...image), w: normal(...kernel) };
  return [
    opCase(name, inputs, ({ x, w }) => conv2d(x, w, options)),
    opCase(`${name}, with a bias`, { ...inputs, b: normal(kernel[0] ?? 0) }, ({ x, w, b }) => conv2d(x, w, { ...options, bias: b })),
  ];
}

function transposed(name: string, image: Sizes, kernel: Sizes, options: Omit<ConvTranspose2dOptions, 'bias'> = {}): readonly OpCase[] {
  const inputs = { x: normal(...image), w: normal(...kernel) };
  const outputs = (kernel[1] ?? 0) * (options.groups ?? 1);
  return [
    opCase(name, inputs, ({ x, w }) => convTranspose2d(x, w, options)),
    opCase(`${name}, with a bias`, { ...inputs, b: normal(outputs) }, ({ x, w, b }) => convTranspose2d(x, w, { ...options, bias: b })),
  ];
}

const several = (...cases: readonly (readonly OpCase[])[]): readonly [OpCase, ...OpCase[]] =>
  cases.flat() as unknown as readonly [OpCase, ...OpCase[]];

/** An image with few different values, so that windows have several largest ones. */
const tied = (...shape: readonly number[]): CaseInput =>
  given(
    Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => (index * 7) % 3),
    shape,
  );

function pools(pool: (x: Tensor, options: PoolingOptions) => Tensor): readonly [OpCase, ...OpCase[]] {
  const one = (name: string, shape: Sizes, options: PoolingOptions): OpCase =>
    opCase(name, { x: normal(...shape) }, ({ x }) => pool(x, options));
  return [
    one('of windows side by side', [2, 3, 4, 6], { kernel: 2 }),
    one('of unequal sides', [2, 1, 4, 6], { kernel: [2, 3] }),
    one('where rows and columns are left over', [1, 2, 5, 7], { kernel: 2 }),
    one('of windows that overlap', [2, 2, 5, 5], { kernel: 3, stride: 1 }),
    one('of windows that overlap, padded', [1, 2, 5, 6], { kernel: 3, stride: 2, padding: 1 }),
    one('of windows with gaps', [1, 2, 7, 7], { kernel: 2, stride: 3 }),
    one('of side by side windows, padded', [1, 2, 6, 6], { kernel: [4, 2], padding: [1, 0] }),
    one('of the whole image', [2, 3, 4, 4], { kernel: 4 }),
    one('of single pixels', [1, 2, 3, 3], { kernel: 1 }),
  ];
}

export const IMAGE_CASES: Pick<OpCases, ImageKind> = {
  conv2d: several(
    convolution('of one channel', [2, 1, 4, 5], [3, 1, 3, 3]),
    convolution('padded', [2, 2, 4, 3], [2, 2, 3, 3], { padding: 1 }),
    convolution('with a stride', [2, 2, 5, 5], [2, 2, 3, 3], { stride: 2, padding: 1 }),
    convolution('with a stride that leaves rows over', [1, 2, 6, 7], [2, 2, 3, 2], { stride: [2, 3] }),
    convolution('dilated', [1, 2, 6, 6], [2, 2, 2, 3], { dilation: 2, padding: [0, 2] }),
    convolution('dilated, with a stride and padding', [1, 2, 7, 6], [2, 2, 3, 2], { dilation: [1, 2], stride: 2, padding: [1, 0] }),
    convolution('of groups', [1, 4, 4, 4], [4, 2, 3, 3], { groups: 2, padding: 1 }),
    convolution('of groups, dilated, with a stride', [2, 4, 6, 5], [2, 2, 2, 2], { groups: 2, dilation: 2, stride: 2 }),
    convolution('of each channel alone', [1, 3, 4, 4], [3, 1, 3, 3], { groups: 3, padding: 1 }),
    convolution('of single pixels', [2, 3, 3, 2], [2, 3, 1, 1]),
    convolution('of the whole image', [2, 2, 3, 4], [3, 2, 3, 4]),
  ),
  convTranspose2d: several(
    transposed('of one channel', [2, 1, 3, 3], [1, 2, 3, 3]),
    transposed('to twice the size', [2, 2, 3, 3], [2, 2, 4, 4], { stride: 2, padding: 1 }),
    transposed('with outputPadding', [1, 2, 3, 4], [2, 2, 3, 3], { stride: 2, padding: 1, outputPadding: 1 }),
    transposed('with unequal sides', [1, 2, 3, 3], [2, 1, 2, 3], { stride: [2, 1], padding: [0, 1], outputPadding: [1, 0] }),
    transposed('dilated', [1, 2, 3, 3], [2, 2, 2, 2], { dilation: 2, padding: 1 }),
    transposed('of groups', [2, 4, 3, 2], [4, 3, 2, 2], { groups: 2, stride: 2 }),
    transposed('of a single pixel', [2, 3, 1, 1], [3, 2, 3, 3]),
  ),
  maxPool2d: [...pools(maxPool2d), opCase('of equal pixels', { x: tied(2, 2, 4, 4) }, ({ x }) => maxPool2d(x, { kernel: 2 }), 0)],
  averagePool2d: pools(averagePool2d),
  batchNorm: [
    opCase('of vectors', { x: normal(6, 3), w: normal(3), b: normal(3) }, ({ x, w, b }) => batchNorm(x, [w, b], 1e-5)),
    opCase('of images', { x: normal(3, 2, 3, 4), w: normal(2), b: normal(2) }, ({ x, w, b }) => batchNorm(x, [w, b], 1e-5)),
    opCase('with a large epsilon', { x: normal(4, 2), w: normal(2), b: normal(2) }, ({ x, w, b }) => batchNorm(x, [w, b], 0.5)),
    opCase('its result alone', { x: normal(4, 2), w: normal(2), b: normal(2) }, ({ x, w, b }) => batchNorm(x, [w, b], 1e-3).slice(0, 1)),
  ],
  maxPool2dGradient: [
    opCase(
      'where the first of equal pixels has it',
      { x: tied(2, 2, 4, 4), g: normal(2, 2, 2, 2) },
      ({ x, g }) => {
        const options = { kernel: [2, 2], stride: [2, 2], padding: [0, 0] } as const;
        return maxPool2dGradient(x, { y: maxPool2d(x, options), gradient: g }, options);
      },
      0,
    ),
    opCase(
      'where equal pixels lie in several windows',
      { x: tied(1, 2, 5, 5), g: normal(1, 2, 5, 5) },
      ({ x, g }) => {
        const options = { kernel: [3, 3], stride: [1, 1], padding: [1, 1] } as const;
        return maxPool2dGradient(x, { y: maxPool2d(x, options), gradient: g }, options);
      },
      0,
    ),
    opCase(
      'of padded windows side by side, rows left over',
      { x: tied(1, 2, 6, 5), g: normal(1, 2, 2, 2) },
      ({ x, g }) => {
        const options = { kernel: [4, 2], stride: [4, 2], padding: [1, 0] } as const;
        return maxPool2dGradient(x, { y: maxPool2d(x, options), gradient: g }, options);
      },
      0,
    ),
  ],
};
