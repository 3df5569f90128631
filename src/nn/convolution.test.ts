/** Layers of images: their parameters' names, shapes and initial values, and what cannot be. */

import { expect, test } from 'vitest';

import { axes, collectParameters, input, scope } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { conv2d, convTranspose2d, groupNormalization, linear, fanInUniform } from './index.ts';

const image = input('x', 'float32', axes('B C Y X', 2, 6, 8, 8));
const described = (tensor: Tensor): readonly string[] =>
  collectParameters([tensor]).map(({ name, shape, initializer }) =>
    [
      name,
      shape.map(({ size }) => size).join('×'),
      initializer.kind === 'uniform' ? `±1/√${Math.round(1 / initializer.bound ** 2)}` : initializer.kind,
    ].join(' '),
  );

// Bounds as torch.nn's Conv2d, ConvTranspose2d and Linear have them (PyTorch 2.13: largest of 4,000 rows): a transposed kernel's
// inputs are counted by its second axis.
test.for([
  ['conv2d', () => conv2d(image, { name: 'c', in: 6, out: 4, kernel: 3, groups: 2 }), ['c.weight 4×3×3×3 ±1/√27', 'c.bias 4 ±1/√27']],
  [
    'conv2d without a bias',
    () => scope('stages.0', () => conv2d(image, { name: 'c', in: 6, out: 4, kernel: [1, 2], bias: false })),
    ['stages.0.c.weight 4×6×1×2 ±1/√12'],
  ],
  [
    'convTranspose2d',
    () => convTranspose2d(image, { name: 'u', in: 6, out: 8, kernel: 3, groups: 2 }),
    ['u.weight 6×4×3×3 ±1/√36', 'u.bias 8 ±1/√36'],
  ],
  [
    'linear as PyTorch begins it',
    () =>
      linear(input('v', 'float32', axes('B C', 2, 50)), {
        name: 'l',
        in: 50,
        out: 4,
        bias: true,
        initializer: fanInUniform(50),
        biasInitializer: fanInUniform(50),
      }),
    ['l.weight 4×50 ±1/√50', 'l.bias 4 ±1/√50'],
  ],
  ['groupNormalization', () => groupNormalization(image, { name: 'n', width: 6, groups: 3 }), ['n.weight 6 constant', 'n.bias 6 constant']],
] as const)('%s', ([, build, expected]) => {
  expect(described(build()).toSorted()).toEqual(expected.toSorted());
});

test.for([
  ['channels that are not there', () => conv2d(image, { name: 'c', in: 5, out: 4, kernel: 3 }), 'WEFT_SHAPE_IMAGE'],
  ['a kernel larger than the image', () => conv2d(image, { name: 'c', in: 6, out: 4, kernel: 9 }), 'WEFT_SHAPE_IMAGE'],
  ['groups that do not divide', () => groupNormalization(image, { name: 'n', width: 6, groups: 5 }), 'WEFT_SHAPE_RESHAPE'],
] as const)('%s are refused', ([, build, code]) => {
  expect(build).toThrow(expect.objectContaining({ code }));
});
