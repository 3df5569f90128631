/** What shape rules are made of: the checks that several operations share, and the errors they throw. */

import type { DType } from '../core/index.ts';
import { formatShape } from './axis.ts';
import type { Axis, Shape, Size } from './axis.ts';
import { describe, shapeError } from './shape-error.ts';
import type { Tensor, TensorType } from './tensor.ts';

/** Throws when an operation got fewer operands than it needs: an error of ours, not of the user's. */
export function operand(inputs: readonly Tensor[], index: number): Tensor {
  const tensor = inputs[index];
  if (tensor === undefined) throw new RangeError(`operand ${index} is missing`);
  return tensor;
}

/** What an operation computes with: any numbers, or floats alone. */
type Holding = 'numbers' | 'floats';

function requireHolding(action: string, x: Tensor, holding: Holding): void {
  if (holding === 'numbers' ? x.dtype !== 'bool' : x.dtype.startsWith('float')) return;
  throw shapeError(
    'WEFT_SHAPE_DTYPE',
    { action: `${action} ${describe(x, 'a tensor')}`, rule: `it must hold ${holding}`, value: x.dtype },
    [[describe(x, 'x'), x]],
  );
}

/** The rule of an operation on each element of one operand, whatever its shape. */
export function unary(action: string, holding: Holding = 'floats'): (inputs: readonly Tensor[]) => readonly TensorType[] {
  return (inputs) => {
    const x = operand(inputs, 0);
    requireHolding(action, x, holding);
    return [{ dtype: x.dtype, shape: x.shape }];
  };
}

/** The rule of an operation on pairs of elements: NumPy's broadcasting, one dtype. */
export function binary(action: string): (inputs: readonly Tensor[]) => readonly TensorType[] {
  return (inputs) => {
    const [a, b] = [operand(inputs, 0), operand(inputs, 1)];
    const shape = broadcast(action, a.shape, b.shape, [a, b]);
    const dtype = sameDtype(action, [a, b]);
    requireHolding(action, a, 'numbers');
    return [{ dtype, shape }];
  };
}

/** The rule of a comparison: as {@link binary}, with truth values as its result. */
export function comparison(inputs: readonly Tensor[]): readonly TensorType[] {
  return binary('compare')(inputs).map(({ shape }) => ({ dtype: 'bool', shape }));
}

/** The dtype of all operands. */
export function sameDtype(action: string, inputs: readonly Tensor[]): DType {
  const first = operand(inputs, 0);
  const other = inputs.find((x) => x.dtype !== first.dtype);
  if (other !== undefined) {
    throw shapeError(
      'WEFT_SHAPE_DTYPE',
      {
        action: `${action} ${describe(first, 'left')} and ${describe(other, 'right')}`,
        rule: 'both must have the same dtype',
        value: `${first.dtype} and ${other.dtype}`,
      },
      [
        [describe(first, 'left'), first],
        [describe(other, 'right'), other],
      ],
    );
  }
  return first.dtype;
}

/** NumPy's broadcasting: aligned at the last axis, equal or 1. */
export function broadcast(action: string, a: Shape, b: Shape, operands: readonly Tensor[]): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, position) => {
    const [left, right] = [a[position - rank + a.length], b[position - rank + b.length]];
    if (left === undefined || right === undefined) return left ?? right ?? { name: '', size: 1 };
    if (left.size === right.size) return { name: left.name || right.name, size: left.size };
    if (left.size === 1) return right;
    if (right.size === 1) return left;
    const names = [describe(operands[0] as Tensor, 'left'), operands[1] === undefined ? 'the shape' : describe(operands[1], 'right')];
    throw shapeError(
      'WEFT_SHAPE_BROADCAST',
      {
        action: `${action} ${names.join(' and ')}`,
        rule: `axis ${left.name || right.name || position - rank} must agree or be 1`,
        value: `${names[0]} has ${left.size}, ${names[1]} has ${right.size}`,
      },
      operands.map((tensor, index) => [names[index] ?? '', tensor]),
    );
  });
}

/** An axis, counted from the front. */
export function axisOf(shape: Shape, index: number): Axis {
  const axis = shape[index];
  if (axis === undefined)
    throw shapeError(
      'WEFT_SHAPE_AXIS',
      { action: `find axis ${index}`, rule: `there are ${shape.length} axes`, value: formatShape(shape) },
      [],
    );
  return axis;
}

/** A shape with another size on one axis. */
export function replaceAxis(shape: Shape, index: number, size: Size): Shape {
  return shape.map((axis, at) => (at === index ? { name: axis.name, size } : axis));
}

/** The type that is left when some axes are reduced. */
export function reduced(x: Tensor, axes: readonly number[], keep: boolean): TensorType {
  requireHolding('reduce', x, 'numbers');
  for (const axis of axes) axisOf(x.shape, axis);
  const shape = keep
    ? x.shape.map((axis, at) => (axes.includes(at) ? { name: axis.name, size: 1 } : axis))
    : x.shape.filter((_, at) => !axes.includes(at));
  return { dtype: x.dtype, shape };
}

/** Throws unless a weight is a vector as long as the last axis. */
export function requireVector(action: string, x: Tensor, weight: Tensor): void {
  const [width, size] = [x.shape.at(-1)?.size, weight.shape[0]?.size];
  if (weight.shape.length !== 1 || width !== size) {
    throw shapeError(
      'WEFT_SHAPE_NORM',
      {
        action: `${action} ${describe(x, 'x')}`,
        rule: 'weights must be a vector as long as the last axis',
        value: `${size} against ${width}`,
        remedy: 'Make the layer for the width of its input.',
      },
      [
        [describe(x, 'x'), x],
        [describe(weight, 'weight'), weight],
      ],
    );
  }
}

/** Throws unless a number is whole and not negative. */
export function requireCount(action: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 0) return;
  throw shapeError('WEFT_SHAPE_SIZE', { action, rule: 'places and amounts must be whole numbers of at least 0', value: String(count) }, []);
}

/** Throws unless ids are integers. */
export function requireInteger(action: string, ids: Tensor): void {
  if (ids.dtype !== 'int32' && ids.dtype !== 'int64') {
    throw shapeError('WEFT_SHAPE_DTYPE', { action, rule: 'ids must be integers', value: ids.dtype }, [[describe(ids, 'ids'), ids]]);
  }
}
