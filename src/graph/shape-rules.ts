/**
 * The shape rule of every kind of operation: from the operands' types to the results', or a {@link ShapeError}.
 */

import type { DType } from '../core/index.ts';
import { addSizes, formatShape, staticCount } from './axis.ts';
import type { Axis, Shape, Size } from './axis.ts';
import type { OpAttributes, OpKind } from './op-kinds.ts';
import { describe, shapeError } from './shape-error.ts';
import type { Tensor, TensorType } from './tensor.ts';

type ShapeRule<K extends OpKind> = (inputs: readonly Tensor[], attributes: OpAttributes[K]) => readonly TensorType[];

/** The shape rules. An operation without one does not compile. */
export const SHAPE_RULES: { readonly [K in OpKind]: ShapeRule<K> } = {
  input: (_, { name, dtype, shape }) => {
    for (const { size } of shape) {
      if (typeof size === 'number' && !(Number.isSafeInteger(size) && size >= 1)) {
        throw shapeError('WEFT_SHAPE_SIZE', { action: `make the input ${name}`, rule: 'sizes must be whole numbers of at least 1', value: formatShape(shape) }, []);
      }
    }
    return [{ dtype, shape }];
  },
  constant: (_, { value, shape }) => [{ dtype: value.dtype, shape }],
  negate: unary('negate'),
  exp: unary('exponentiate'),
  log: unary('take the logarithm of'),
  sqrt: unary('take the root of'),
  reciprocal: unary('invert'),
  abs: unary('take the absolute value of'),
  tanh: unary('apply tanh to'),
  sigmoid: unary('apply sigmoid to'),
  erf: unary('apply erf to'),
  relu: unary('apply relu to'),
  gelu: unary('apply gelu to'),
  silu: unary('apply silu to'),
  cast: (inputs, { to }) => [{ dtype: to, shape: operand(inputs, 0).shape }],
  add: binary('add'),
  subtract: binary('subtract'),
  multiply: binary('multiply'),
  divide: binary('divide'),
  maximum: binary('take the maximum of'),
  minimum: binary('take the minimum of'),
  less: binary('compare', 'bool'),
  equal: binary('compare', 'bool'),
  where: (inputs) => {
    const [condition, yes, no] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    const shape = broadcast('choose between', broadcast('choose between', condition.shape, yes.shape, [condition, yes]), no.shape, [yes, no]);
    return [{ dtype: sameDtype('choose between', [yes, no]), shape }];
  },
  reshape: (inputs, { shape }) => {
    const x = operand(inputs, 0);
    const [before, after] = [staticCount(x.shape), staticCount(shape)];
    if (before !== undefined && after !== undefined && before !== after) {
      throw shapeError(
        'WEFT_SHAPE_RESHAPE',
        { action: `reshape ${describe(x, 'a tensor')} to ${formatShape(shape)}`, rule: 'the number of elements must stay the same', value: `${before} before, ${after} after` },
        [[describe(x, 'x'), x]],
      );
    }
    return [{ dtype: x.dtype, shape }];
  },
  expand: (inputs, { shape }) => [{ dtype: operand(inputs, 0).dtype, shape: broadcast('expand', operand(inputs, 0).shape, shape, [operand(inputs, 0)]) }],
  transpose: (inputs, { permutation }) => {
    const x = operand(inputs, 0);
    if ([...permutation].sort((a, b) => a - b).join() !== x.shape.map((_, index) => index).join()) {
      throw shapeError('WEFT_SHAPE_TRANSPOSE', { action: `transpose ${describe(x, 'a tensor')}`, rule: 'the permutation must name each axis once', value: `[${permutation.join(', ')}]`, remedy: `Give a permutation of 0 … ${x.shape.length - 1}.` }, [[describe(x, 'x'), x]]);
    }
    return [{ dtype: x.dtype, shape: permutation.map((axis) => axisOf(x.shape, axis)) }];
  },
  slice: (inputs, { axis, start, end }) => {
    const x = operand(inputs, 0);
    const { size, name } = axisOf(x.shape, axis);
    if (start < 0 || end <= start || (typeof size === 'number' && end > size)) {
      throw shapeError('WEFT_SHAPE_SLICE', { action: `slice ${describe(x, 'a tensor')}`, rule: `the range must lie within axis ${name || axis} of size ${size}`, value: `${start} … ${end}`, remedy: 'Give 0 ≤ start < end ≤ size.' }, [[describe(x, 'x'), x]]);
    }
    return [{ dtype: x.dtype, shape: replaceAxis(x.shape, axis, end - start) }];
  },
  pad: (inputs, { axis, before, after }) => {
    const x = operand(inputs, 0);
    return [{ dtype: x.dtype, shape: replaceAxis(x.shape, axis, addSizes(addSizes(axisOf(x.shape, axis).size, before), after)) }];
  },
  concat: (inputs, { axis }) => {
    const first = operand(inputs, 0);
    for (const [index, x] of inputs.entries()) {
      if (x.shape.length !== first.shape.length || x.shape.some((one, at) => at !== axis && one.size !== axisOf(first.shape, at).size)) {
        throw shapeError('WEFT_SHAPE_CONCAT', { action: 'join tensors', rule: `all axes but number ${axis} must agree`, value: `operand ${index} differs from operand 0`, remedy: 'Give operands that differ on the joined axis only.' }, inputs.map((tensor, at) => [describe(tensor, `operand ${at}`), tensor]));
      }
    }
    return [{ dtype: sameDtype('join', inputs), shape: replaceAxis(first.shape, axis, inputs.map((x) => axisOf(x.shape, axis).size).reduce(addSizes)) }];
  },
  sum: (inputs, { axes, keep }) => [reduced(operand(inputs, 0), axes, keep)],
  max: (inputs, { axes, keep }) => [reduced(operand(inputs, 0), axes, keep)],
  sumOfSquares: (inputs) => [{ dtype: operand(inputs, 0).dtype, shape: [] }],
  matmul: (inputs, { transposeA, transposeB }) => {
    const [a, b] = [operand(inputs, 0), operand(inputs, 1)];
    const [rows, left] = transposeA ? [a.shape.at(-1), a.shape.at(-2)] : [a.shape.at(-2), a.shape.at(-1)];
    const [right, columns] = transposeB ? [b.shape.at(-1), b.shape.at(-2)] : [b.shape.at(-2), b.shape.at(-1)];
    const [nameA, nameB] = [describe(a, 'left'), describe(b, 'right')];
    if (rows === undefined || left === undefined || right === undefined || columns === undefined) {
      throw shapeError('WEFT_SHAPE_MATMUL', { action: `multiply ${nameA} by ${nameB}`, rule: 'both must have two axes or more', value: `${a.shape.length} and ${b.shape.length}` }, [[nameA, a], [nameB, b]]);
    }
    if (left.size !== right.size) {
      const axis = left.name || right.name ? `axis ${left.name || right.name}` : 'the inner axes';
      throw shapeError('WEFT_SHAPE_MATMUL', { action: `multiply ${nameA} by ${nameB}`, rule: `${axis} must agree`, value: `${nameA} has ${left.size}, ${nameB} has ${right.size}` }, [[nameA, a], [nameB, b]]);
    }
    const batch = broadcast(`multiply`, a.shape.slice(0, -2), b.shape.slice(0, -2), [a, b]);
    return [{ dtype: sameDtype('multiply', [a, b]), shape: [...batch, rows, columns] }];
  },
  gather: (inputs) => {
    const [table, ids] = [operand(inputs, 0), operand(inputs, 1)];
    requireInteger('look up rows', ids);
    axisOf(table.shape, 0);
    return [{ dtype: table.dtype, shape: [...ids.shape, ...table.shape.slice(1)] }];
  },
  scatterRows: (inputs, { rows }) => {
    const [updates, ids] = [operand(inputs, 0), operand(inputs, 1)];
    requireInteger('add rows', ids);
    if (ids.shape.some(({ size }, axis) => size !== updates.shape[axis]?.size)) {
      throw shapeError('WEFT_SHAPE_ROWS', { action: `add ${describe(updates, 'rows')} to a table`, rule: 'each row must have its id', value: `${formatShape(updates.shape)} and ${formatShape(ids.shape)}` }, [['rows', updates], ['ids', ids]]);
    }
    return [{ dtype: updates.dtype, shape: [{ name: 'V', size: rows }, ...updates.shape.slice(ids.shape.length)] }];
  },
  softmax: unary('apply softmax to'),
  logSoftmax: unary('apply log-softmax to'),
  layerNorm: (inputs) => {
    const x = operand(inputs, 0);
    for (const weight of inputs.slice(1)) requireVector('normalise', x, weight);
    const statistics = { dtype: x.dtype, shape: replaceAxis(x.shape, x.shape.length - 1, 1) };
    return [x, statistics, statistics].map(({ dtype, shape }) => ({ dtype, shape }));
  },
  rmsNorm: (inputs) => {
    const x = operand(inputs, 0);
    requireVector('normalise', x, operand(inputs, 1));
    return [
      { dtype: x.dtype, shape: x.shape },
      { dtype: x.dtype, shape: replaceAxis(x.shape, x.shape.length - 1, 1) },
    ];
  },
  rotary: (inputs) => {
    const [x, cos] = [operand(inputs, 0), operand(inputs, 1)];
    const [width, half, time, positions] = [axisOf(x.shape, x.shape.length - 1).size, axisOf(cos.shape, 1).size, axisOf(x.shape, x.shape.length - 2).size, axisOf(cos.shape, 0).size];
    if (x.shape.length !== 4 || (typeof width === 'number' && half !== width / 2) || (typeof time === 'number' && typeof positions === 'number' && time > positions)) {
      throw shapeError('WEFT_SHAPE_ROTARY', { action: `rotate ${describe(x, 'x')} by position`, rule: 'it must be B H T D, and the angles T D/2', remedy: 'Make the angles for the head width and the context length in use.' }, [[describe(x, 'x'), x], [describe(cos, 'angles'), cos]]);
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  attention: (inputs) => {
    const [q, k, v] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    const operands = [['queries', q], ['keys', k], ['values', v]] as const;
    const fail = (rule: string, value: string, remedy: string): never => {
      throw shapeError('WEFT_SHAPE_ATTENTION', { action: 'attend', rule, value, remedy }, operands);
    };
    for (const [name, x] of operands) if (x.shape.length !== 4) fail(`${name} must be B H T D`, `${x.shape.length} axes`, 'Split the heads first.');
    const at = (x: Tensor, axis: number): Size => axisOf(x.shape, axis).size;
    if (at(q, 3) !== at(k, 3)) fail('queries and keys must have the same head width D', `${at(q, 3)} and ${at(k, 3)}`, 'Project both to the same width.');
    if (at(k, 2) !== at(v, 2)) fail('keys and values must have the same length S', `${at(k, 2)} and ${at(v, 2)}`, 'Take both from the same text.');
    if (at(k, 1) !== at(v, 1)) fail('keys and values must have the same number of heads', `${at(k, 1)} and ${at(v, 1)}`, 'Split both into the same heads.');
    const [heads, kvHeads] = [at(q, 1), at(k, 1)];
    if (typeof heads === 'number' && typeof kvHeads === 'number' && heads % kvHeads !== 0) fail('the key-value heads must divide the heads', `${kvHeads} and ${heads}`, 'Choose kvHeads among the divisors of heads.');
    const shape = q.shape.slice(0, 3);
    return [
      { dtype: q.dtype, shape: [...shape, axisOf(v.shape, 3)] },
      { dtype: q.dtype, shape: [...shape, { name: 'S', size: at(k, 2) }] },
    ];
  },
  cachedAttention: (inputs) => {
    const [q, pastKeys, pastValues] = [operand(inputs, 0), operand(inputs, 3), operand(inputs, 4)];
    return [q, pastKeys, pastValues].map(({ dtype, shape }) => ({ dtype, shape }));
  },
  crossEntropy: (inputs) => {
    const [logits, targets] = [operand(inputs, 0), operand(inputs, 1)];
    requireInteger('compare with targets', targets);
    if (logits.shape.length !== 2 || targets.shape.length !== 1 || axisOf(logits.shape, 0).size !== axisOf(targets.shape, 0).size) {
      throw shapeError('WEFT_SHAPE_TARGETS', { action: 'compare logits with targets', rule: 'logits must be N V and targets N', value: `${formatShape(logits.shape)} and ${formatShape(targets.shape)}`, remedy: 'Give one target a row of logits.' }, [['logits', logits], ['targets', targets]]);
    }
    return [
      { dtype: logits.dtype, shape: targets.shape },
      { dtype: logits.dtype, shape: logits.shape },
    ];
  },
  geluGradient: binary('differentiate'),
  crossEntropyGradient: (inputs) => [{ dtype: operand(inputs, 0).dtype, shape: operand(inputs, 0).shape }],
  dropoutMask: (inputs) => {
    const [rows, columns] = [operand(inputs, 0), operand(inputs, 1)];
    return [{ dtype: 'float32', shape: broadcast('make a dropout mask', rows.shape, columns.shape, [rows, columns]) }];
  },
};

/** Throws when an operation got fewer operands than it needs: an error of ours, not of the user's. */
function operand(inputs: readonly Tensor[], index: number): Tensor {
  const tensor = inputs[index];
  if (tensor === undefined) throw new RangeError(`operand ${index} is missing`);
  return tensor;
}

function unary(action: string): (inputs: readonly Tensor[]) => readonly TensorType[] {
  return (inputs) => {
    const x = operand(inputs, 0);
    if (x.dtype === 'bool') throw shapeError('WEFT_SHAPE_DTYPE', { action: `${action} ${describe(x, 'a tensor')}`, rule: 'it must hold numbers', value: x.dtype }, [[describe(x, 'x'), x]]);
    return [{ dtype: x.dtype, shape: x.shape }];
  };
}

function binary(action: string, result?: DType): (inputs: readonly Tensor[]) => readonly TensorType[] {
  return (inputs) => {
    const [a, b] = [operand(inputs, 0), operand(inputs, 1)];
    const shape = broadcast(action, a.shape, b.shape, [a, b]);
    const dtype = sameDtype(action, [a, b]);
    return [{ dtype: result ?? dtype, shape }];
  };
}

function sameDtype(action: string, inputs: readonly Tensor[]): DType {
  const first = operand(inputs, 0);
  const other = inputs.find((x) => x.dtype !== first.dtype);
  if (other !== undefined) {
    throw shapeError('WEFT_SHAPE_DTYPE', { action: `${action} ${describe(first, 'left')} and ${describe(other, 'right')}`, rule: 'both must have the same dtype', value: `${first.dtype} and ${other.dtype}` }, [[describe(first, 'left'), first], [describe(other, 'right'), other]]);
  }
  return first.dtype;
}

/** NumPy's broadcasting: aligned at the last axis, equal or 1. */
function broadcast(action: string, a: Shape, b: Shape, operands: readonly Tensor[]): Shape {
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
      { action: `${action} ${names.join(' and ')}`, rule: `axis ${left.name || right.name || position - rank} must agree or be 1`, value: `${names[0]} has ${left.size}, ${names[1]} has ${right.size}` },
      operands.map((tensor, index) => [names[index] ?? '', tensor]),
    );
  });
}

function axisOf(shape: Shape, index: number): Axis {
  const axis = shape[index];
  if (axis === undefined) throw shapeError('WEFT_SHAPE_AXIS', { action: `find axis ${index}`, rule: `there are ${shape.length} axes`, value: formatShape(shape) }, []);
  return axis;
}

function replaceAxis(shape: Shape, index: number, size: Size): Shape {
  return shape.map((axis, at) => (at === index ? { name: axis.name, size } : axis));
}

function reduced(x: Tensor, axes: readonly number[], keep: boolean): TensorType {
  for (const axis of axes) axisOf(x.shape, axis);
  const shape = keep ? x.shape.map((axis, at) => (axes.includes(at) ? { name: axis.name, size: 1 } : axis)) : x.shape.filter((_, at) => !axes.includes(at));
  return { dtype: x.dtype, shape };
}

function requireVector(action: string, x: Tensor, weight: Tensor): void {
  const [width, size] = [x.shape.at(-1)?.size, weight.shape[0]?.size];
  if (weight.shape.length !== 1 || width !== size) {
    throw shapeError('WEFT_SHAPE_NORM', { action: `${action} ${describe(x, 'x')}`, rule: 'weights must be a vector as long as the last axis', value: `${size} against ${width}`, remedy: 'Make the layer for the width of its input.' }, [[describe(x, 'x'), x], [describe(weight, 'weight'), weight]]);
  }
}

function requireInteger(action: string, ids: Tensor): void {
  if (ids.dtype !== 'int32' && ids.dtype !== 'int64') {
    throw shapeError('WEFT_SHAPE_DTYPE', { action, rule: 'ids must be integers', value: ids.dtype }, [[describe(ids, 'ids'), ids]]);
  }
}
