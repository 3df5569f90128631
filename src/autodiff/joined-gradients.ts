/**
 * Gradients that arrive at one tensor, made one operation where they belong together: those of slices that fill an axis are joined
 * instead of padded and added, and those of a weight that is used at many steps, as in a recurrent network, are one product over all
 * rows instead of one a step and a sum.
 */

import { concat, isKind, matmul, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';

/** Products of more rows stay as they are: they are large enough to run by themselves, and joining copies their operands. */
const FEW_ROWS = 256;

/** The same gradients, or fewer, whose sum is the same. */
export function joinGradients(gradients: readonly Tensor[]): readonly Tensor[] {
  if (gradients.length < 2) return gradients;
  return joinSlices(gradients) ?? joinSums(joinProducts(gradients));
}

/** Gradients of slices are padded with zeros; those that fill an axis without gap or overlap are joined. */
function joinSlices(gradients: readonly Tensor[]): readonly Tensor[] | undefined {
  const parts = gradients
    .flatMap(({ node }) => (isKind(node, 'pad') ? [node] : []))
    .toSorted((a, b) => a.attributes.before - b.attributes.before);
  const [first] = parts;
  if (first === undefined || parts.length < 2) return undefined;
  const { axis } = first.attributes;
  const sizes = parts.map(({ inputs }) => Number(inputs[0]?.shape[axis]?.size));
  const whole = Number(first.outputs[0]?.shape[axis]?.size);
  let end = 0;
  for (const [index, { attributes }] of parts.entries()) {
    if (attributes.axis !== axis || attributes.before !== end) return undefined;
    end += sizes[index] ?? NaN;
  }
  if (end !== whole) return undefined;
  return [
    concat(
      parts.map(({ inputs }) => inputs[0] as Tensor),
      axis,
    ),
    ...gradients.filter(({ node }) => !isKind(node, 'pad')),
  ];
}

/** `Σ AᵢᵀBᵢ` is one product of all `Aᵢ` above one another and all `Bᵢ`. */
function joinProducts(gradients: readonly Tensor[]): readonly Tensor[] {
  const small = gradients.filter(({ node }) => {
    if (!isKind(node, 'matmul')) return false;
    const { transposeA, transposeB, alpha } = node.attributes;
    return transposeA && !transposeB && alpha === 1 && node.inputs.every(hasFewRows);
  });
  if (small.length < 2) return gradients;
  const side = (place: number): Tensor =>
    concat(
      small.map(({ node }) => node.inputs[place] as Tensor),
      0,
    );
  return [matmul(side(0), side(1), { transposeA: true }), ...gradients.filter((each) => !small.includes(each))];
}

/** Sums over the rows of matrices, as for the gradient of a bias, are one sum over all rows. */
function joinSums(gradients: readonly Tensor[]): readonly Tensor[] {
  const small = gradients.filter(
    ({ node }) => isKind(node, 'sum') && node.attributes.axes.join() === '0' && !node.attributes.keep && node.inputs.every(hasFewRows),
  );
  if (small.length < 2) return gradients;
  const rows = small.map(({ node }) => node.inputs[0] as Tensor);
  return [sum(concat(rows, 0), { axes: [0] }), ...gradients.filter((each) => !small.includes(each))];
}

function hasFewRows({ shape }: Tensor): boolean {
  const rows = shape[0]?.size;
  return shape.length === 2 && typeof rows === 'number' && rows <= FEW_ROWS;
}
