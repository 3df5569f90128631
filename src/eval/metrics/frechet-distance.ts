/**
 * The Fréchet distance between two sets of points as normal distributions: how far drawn images are from real ones in the
 * features of a classifier. Heusel et al. 2017 (arXiv 1706.08500), section 3; Dowson and Landau 1982.
 */

import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

import { UsageError } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';

/**
 * `|m₁ - m₂|² + tr(C₁ + C₂ - 2·(C₁^½ C₂ C₁^½)^½)`, with unbiased covariances, in float64. It falls with the number of points:
 * compare distances of equally many only.
 *
 * @param a Features of one set, N F; two points or more.
 * @param b Of the other, M F.
 * @returns 0 for equal sets; less is closer.
 * @throws UsageError `WEFT_EVAL_COUNT` when a set has fewer than two points, or the sets have unequally many features.
 *
 * @example
 * ```ts
 * import { hostTensor } from 'weft';
 * import { frechetDistance } from 'weft/eval';
 *
 * const points = (...values: number[]) => hostTensor('float32', [values.length, 1], Float32Array.from(values));
 * console.log(frechetDistance(points(-1, 0, 1), points(2, 3, 4))); // 9
 * ```
 */
export function frechetDistance(a: HostTensor<'float32'>, b: HostTensor<'float32'>): number {
  for (const { shape } of [a, b]) {
    if (shape.length === 2 && (shape[0] ?? 0) >= 2 && shape[1] === a.shape[1]) continue;
    throw new UsageError({
      code: 'WEFT_EVAL_COUNT',
      action: 'compute the Fréchet distance',
      rule: 'both sets must have two points or more, and the same features',
      value: `${a.shape.join(' × ')} and ${b.shape.join(' × ')}`,
      remedy: 'Give features of the same classifier, one row a point.',
    });
  }
  const [first, second] = [statistics(a), statistics(b)];
  let distance = 0;
  for (const [index, mean] of first.mean.entries()) distance += (mean - (second.mean[index] ?? 0)) ** 2;
  const root = squareRoot(first.covariance);
  const product = root.mmul(second.covariance).mmul(root);
  // The trace of a root is the sum of the roots of its eigenvalues; those that should be 0 may come out below it.
  const roots = eigenvalues(product).map((value) => Math.sqrt(Math.max(0, value)));
  const cross = roots.reduce((sum, value) => sum + value, 0);
  return Math.max(0, distance + first.covariance.trace() + second.covariance.trace() - 2 * cross);
}

function statistics({ shape, data }: HostTensor<'float32'>): { readonly mean: Float64Array; readonly covariance: Matrix } {
  const [count = 0, width = 0] = shape;
  const mean = new Float64Array(width);
  for (const [index, value] of data.entries()) mean[index % width] = (mean[index % width] ?? 0) + value / count;
  const covariance = new Float64Array(width * width);
  const centred = new Float64Array(width);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < width; i++) centred[i] = (data[row * width + i] ?? 0) - (mean[i] ?? 0);
    for (let i = 0; i < width; i++) {
      const value = (centred[i] ?? 0) / (count - 1);
      if (value === 0) continue;
      for (let j = 0; j <= i; j++) covariance[i * width + j] = (covariance[i * width + j] ?? 0) + value * (centred[j] ?? 0);
    }
  }
  const matrix = Matrix.zeros(width, width);
  for (let i = 0; i < width; i++)
    for (let j = 0; j <= i; j++) {
      matrix.set(i, j, covariance[i * width + j] ?? 0);
      matrix.set(j, i, covariance[i * width + j] ?? 0);
    }
  return { mean, covariance: matrix };
}

/** The symmetric root of a symmetric matrix without negative eigenvalues: `V·√Λ·Vᵀ`. */
function squareRoot(matrix: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const scaled = eigenvectorMatrix.clone().mulRowVector(realEigenvalues.map((value) => Math.sqrt(Math.max(0, value))));
  return scaled.mmul(eigenvectorMatrix.transpose());
}

/** Eigenvalues of a matrix that is symmetric but for rounding. */
function eigenvalues(matrix: Matrix): readonly number[] {
  return new EigenvalueDecomposition(Matrix.add(matrix, matrix.transpose()).mul(0.5), { assumeSymmetric: true }).realEigenvalues;
}
