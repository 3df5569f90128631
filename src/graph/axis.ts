/**
 * Axes of a symbolic tensor: a name from `docs/glossary.md` and a size, which may be known only when the graph runs.
 */

/** A number, or for a dynamic axis the symbol that stands for it at run time, e.g. `T` or `P+T`. */
export type Size = number | string;

/** One axis: its letter (`''` when it has none) and its size. */
export interface Axis {
  readonly name: string;
  readonly size: Size;
}

/** Axes, outermost first; `[]` is a scalar. */
export type Shape = readonly Axis[];

/**
 * A shape from letters and sizes.
 *
 * @example
 * ```ts
 * import { axes, formatShape } from 'weft/graph';
 *
 * console.log(formatShape(axes('B T', 8, 256))); // B T = 8 256
 * ```
 */
export function axes(names: string, ...sizes: readonly Size[]): Shape {
  const letters = names.split(' ').filter((letter) => letter !== '');
  return sizes.map((size, index) => ({ name: letters[index] ?? '', size }));
}

/** A shape as it reads in messages: `B T = 8 256`; a scalar is `scalar`. */
export function formatShape(shape: Shape): string {
  if (shape.length === 0) return 'scalar';
  const sizes = shape.map((axis) => axis.size).join(' ');
  return shape.some((axis) => axis.name !== '') ? `${shape.map((axis) => axis.name || '·').join(' ')} = ${sizes}` : sizes;
}

/** The sizes of a shape. */
export function sizes(shape: Shape): readonly Size[] {
  return shape.map((axis) => axis.size);
}

/** The size of a static axis; `undefined` for a dynamic one. */
export function staticSize(size: Size | undefined): number | undefined {
  return typeof size === 'number' ? size : undefined;
}

/** The product of the sizes, or `undefined` when one is dynamic. */
export function staticCount(shape: Shape): number | undefined {
  let product = 1;
  for (const { size } of shape) {
    if (typeof size === 'string') return undefined;
    product *= size;
  }
  return product;
}

/** The sum of two sizes. */
export function addSizes(a: Size, b: Size): Size {
  return typeof a === 'number' && typeof b === 'number' ? a + b : `${a}+${b}`;
}

/** An axis index counted from the front; negative ones count from the back. One that does not exist stays as it is. */
export function axisIndex(rank: number, axis: number): number {
  return axis < 0 && axis >= -rank ? rank + axis : axis;
}
