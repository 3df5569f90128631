/** The shapes of operations on images, and what is refused. */

import { describe, expect, test } from 'vitest';

import { averagePool2d, axes, batchNorm, conv2d, convTranspose2d, formatShape, input, maxPool2d } from './index.ts';
import type { Tensor } from './index.ts';

const image = (...sizes: readonly (number | string)[]): Tensor => input('photo', 'float32', axes('B C Y X', ...sizes));
const kernel = (...sizes: readonly number[]): Tensor => input('kernel', 'float32', axes('O I Y X', ...sizes));
const vector = (size: number): Tensor => input('bias', 'float32', axes('C', size));

// Sizes that PyTorch gives.
test.for([
  [conv2d(image(2, 3, 9, 10), kernel(5, 3, 3, 2), { stride: [2, 3], padding: [1, 0] }), 'B C Y X = 2 5 5 3'],
  [conv2d(image(2, 4, 9, 9), kernel(6, 2, 3, 3), { groups: 2, dilation: 2 }), 'B C Y X = 2 6 5 5'],
  [conv2d(image('B', 3, 8, 8), kernel(4, 3, 8, 8)), 'B C Y X = B 4 1 1'],
  [convTranspose2d(image(2, 4, 5, 6), kernel(4, 3, 3, 3), { stride: 2, padding: 1, outputPadding: [1, 0] }), 'B C Y X = 2 3 10 11'],
  [convTranspose2d(image(2, 4, 5, 5), kernel(4, 3, 2, 2), { groups: 2, dilation: 3 }), 'B C Y X = 2 6 8 8'],
  [maxPool2d(image(2, 3, 9, 8), { kernel: 2 }), 'B C Y X = 2 3 4 4'],
  [averagePool2d(image(2, 3, 9, 8), { kernel: [3, 2], stride: 2, padding: 1 }), 'B C Y X = 2 3 5 5'],
  [batchNorm(image(2, 3, 9, 8), [vector(3), vector(3)], 1e-5)[2] as Tensor, 'C = 3'],
] as const)('%#: %s', ([tensor, expected]) => {
  expect(formatShape(tensor.shape)).toBe(expected);
});

describe('refused', () => {
  test.for([
    ['an image of three axes', () => conv2d(input('photo', 'float32', axes('B Y X', 2, 8, 8)), kernel(1, 1, 3, 3)), 'it must be B C Y X'],
    ['an image of unknown size', () => maxPool2d(image(2, 3, 'Y', 8), { kernel: 2 }), 'rows and columns of known size: B C Y X = 2 3 Y 8'],
    ['a kernel of two axes', () => conv2d(image(2, 3, 8, 8), input('kernel', 'float32', axes('', 3, 3))), 'the kernel must have four axes'],
    [
      'other channels',
      () => conv2d(image(2, 3, 8, 8), kernel(4, 2, 3, 3)),
      "axis I of the kernel must fit the image's channels and the groups: 2 instead of 3",
    ],
    ['groups that do not divide', () => conv2d(image(2, 4, 8, 8), kernel(5, 2, 3, 3), { groups: 2 }), 'axis O of the kernel'],
    [
      'a bias of another length',
      () => conv2d(image(2, 3, 8, 8), kernel(4, 3, 3, 3), { bias: vector(3) }),
      'the bias must have 4 elements: C = 3',
    ],
    [
      'a kernel larger than the image',
      () => conv2d(image(2, 3, 2, 8), kernel(4, 3, 3, 3)),
      'the kernel must fit into the image: 2 × 8 pixels',
    ],
    ['a stride of 0', () => conv2d(image(2, 3, 8, 8), kernel(4, 3, 3, 3), { stride: 0 }), 'stride must be whole, at least 1: 0 and 0'],
    [
      'half a pixel of padding',
      () => conv2d(image(2, 3, 8, 8), kernel(4, 3, 3, 3), { padding: [0.5, 1] }),
      'padding must be whole, at least 0: 0.5 and 1',
    ],
    ['a transposed kernel of other channels', () => convTranspose2d(image(2, 3, 8, 8), kernel(4, 3, 3, 3)), 'the first axis of the kernel'],
    [
      'outputPadding as large as the stride',
      () => convTranspose2d(image(2, 3, 8, 8), kernel(3, 3, 3, 3), { outputPadding: 1 }),
      'outputPadding must be smaller than the stride',
    ],
    [
      'padding of more than half a window',
      () => maxPool2d(image(2, 3, 8, 8), { kernel: 2, padding: 2 }),
      'padding must be at most half a window',
    ],
    ['a window larger than the image', () => averagePool2d(image(2, 3, 8, 8), { kernel: 9 }), 'the kernel must fit into the image'],
    [
      'weights for other channels',
      () => batchNorm(image(2, 3, 8, 8), [vector(8), vector(8)], 1e-5),
      'weight and bias must have 3 elements: C = 8',
    ],
    [
      'normalising three axes',
      () => batchNorm(input('x', 'float32', axes('', 2, 3, 4)), [vector(3), vector(3)], 1e-5),
      'it must be B C or B C Y X',
    ],
  ] as const)('%s', ([, build, message]) => {
    expect(build).toThrow(expect.objectContaining({ code: 'WEFT_SHAPE_IMAGE', message: expect.stringContaining(message) }));
  });

  test('reads as other errors of shapes do', () => {
    let text = '';
    try {
      conv2d(image(2, 3, 8, 8), kernel(4, 2, 3, 3));
    } catch (error) {
      text = String(error);
    }
    expect(text).toBe(
      [
        "ShapeError [WEFT_SHAPE_IMAGE]: Cannot convolve photo as axis I of the kernel must fit the image's channels and the groups: 2 instead of 3",
        '    photo   B C Y X = 2 3 8 8   from input',
        '    kernel  O I Y X = 4 2 3 3   from input',
        '    Make the layer for the channels of its input, and groups a divisor of both channel counts.',
      ].join('\n'),
    );
  });
});
