/** Metrics of images: against NumPy, and against what can be said by hand. */

import { expect, test } from 'vitest';

import { numbers } from '../../../test/vectors/torch-vectors.ts';
import { hostTensor } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';
import { accuracy, bestClasses, classSpread, frechetDistance } from '../index.ts';

/** a·b of two matrices. */
function product(a: HostTensor<'float32'>, b: HostTensor<'float32'>): HostTensor<'float32'> {
  const [rows = 0, inner = 0] = a.shape;
  const [, columns = 0] = b.shape;
  const at = (row: number, column: number): number =>
    Array.from({ length: inner }, (_, k) => (a.data[row * inner + k] ?? 0) * (b.data[k * columns + column] ?? 0)).reduce((x, y) => x + y);
  return hostTensor(
    'float32',
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, index) => at(Math.floor(index / columns), index % columns)),
  );
}

// NumPy 2.4.6 in float64: d = mean difference; d@d + trace(Ca + Cb) - 2·Σ √eigvals(Ca@Cb), with np.cov(rowvar=False).
const mixed = numbers(1, [50, 6], { scale: 3 });
test.for([
  [
    'of correlated features',
    mixed,
    product(numbers(2, [40, 6], { scale: 2, shift: 0.25 }), numbers(3, [6, 6], { scale: 2 })),
    2.383035575451263,
  ],
  ['of fewer points than features', mixed, numbers(4, [4, 6]), 3.2201327079811017],
  ['of more features', numbers(5, [300, 32], { scale: 2 }), numbers(6, [200, 32], { scale: 2, shift: 0.1 }), 1.2731081788727394],
] as const)('Fréchet distance %s', ([, a, b, expected]) => {
  expect(Math.abs(frechetDistance(a, b) - expected)).toBeLessThan(1e-6);
  expect(Math.abs(frechetDistance(b, a) - expected)).toBeLessThan(1e-6);
  expect(frechetDistance(a, a)).toBeLessThan(1e-9);
});

test('Fréchet distance where a feature never changes', () => {
  const still = hostTensor('float32', [3, 2], Float32Array.of(1, 0, 2, 0, 3, 0));
  const moved = hostTensor('float32', [3, 2], Float32Array.of(1, 2, 2, 2, 3, 2));
  expect(frechetDistance(still, moved)).toBeCloseTo(4, 12);
});

test('the spread of classes', () => {
  // Pairs of class 0: distances² 4, 16, 4; of class 1, drawn alike: 0.
  const points = hostTensor('float32', [5, 2], Float32Array.of(0, 1, 2, 1, 4, 1, 7, 7, 7, 7));
  expect(classSpread(points, Int32Array.of(0, 0, 0, 1, 1), 2)).toEqual([8, 0]);
});

test('accuracy', () => {
  const scores = hostTensor('float32', [3, 2], Float32Array.of(0, 1, 1, 1, -3, -2));
  expect([...bestClasses(scores)]).toEqual([1, 0, 1]);
  expect(accuracy(bestClasses(scores), Int32Array.of(1, 1, 1))).toBeCloseTo(2 / 3, 12);
});

test.for([
  ['one point', () => frechetDistance(numbers(1, [1, 2]), numbers(1, [3, 2]))],
  ['other features', () => frechetDistance(numbers(1, [3, 2]), numbers(1, [3, 4]))],
  ['a class without members', () => classSpread(numbers(1, [3, 2]), Int32Array.of(0, 0, 0), 2)],
  ['too few labels', () => classSpread(numbers(1, [3, 2]), Int32Array.of(0, 0), 1)],
  ['too few predictions', () => accuracy(Int32Array.of(1), Int32Array.of(1, 2))],
] as const)('%s is refused', ([, compute]) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'WEFT_EVAL_COUNT' }));
});
