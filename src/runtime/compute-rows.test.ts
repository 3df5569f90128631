/** A function of many examples: batch after batch, whatever the last one is. */

import { expect, test } from 'vitest';

import { hostTensor } from '../core/index.ts';
import { add, axes, matmul, parameter } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { computeRows } from './index.ts';

const x = hostTensor(
  'float32',
  [5, 2],
  Float32Array.from({ length: 10 }, (_, index) => index),
);
const weights = new Map([['w', hostTensor('float32', [2, 1], Float32Array.of(1, 10))]]);
const build = ({ x: rows }: { readonly x: Tensor }): Tensor =>
  matmul(rows, parameter('w', axes('C C', 2, 1), { kind: 'constant', value: 0 }));

test.for([1, 2, 3, 5, 100])('in batches of %i', async (batchSize) => {
  const result = await computeRows(build, { x }, { weights, batchSize, threads: 1 });
  expect(result.shape).toEqual([5, 1]);
  expect([...result.data]).toEqual([10, 32, 54, 76, 98]);
});

test('of several tensors, one of them unused', async () => {
  const result = await computeRows(({ x: rows, y }) => add(rows, y), { x, y: x, z: x }, { weights: new Map(), batchSize: 2 });
  expect([...result.data]).toEqual([...x.data].map((value) => 2 * value));
});

test.for([
  ['no examples', { x: hostTensor('float32', [0, 2]) }, weights],
  ['unequally many', { x, y: hostTensor('float32', [4, 2]) }, weights],
  ['no weights', { x }, new Map<string, never>()],
] as const)('of %s is refused', async ([, rows, given]) => {
  await expect(computeRows(build, rows, { weights: given })).rejects.toMatchObject({
    code: 'WEFT_RUNTIME_ROWS',
  });
});
