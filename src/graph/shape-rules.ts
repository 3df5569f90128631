/**
 * The shape rule of every kind of operation: from the operands' types to the results', or a {@link ShapeError}.
 */

import { attentionShapes } from './attention-shapes.ts';
import { requireBlocks } from './block-shapes.ts';
import { averagePoolShape, batchNormShapes, convolutionShape, convTransposeShape, maxPoolShape } from './image-shapes.ts';
import { addSizes, axes, formatShape, staticCount } from './axis.ts';
import type { OpAttributes, OpKind } from './op-kinds.ts';
import {
  axisOf,
  binary,
  broadcast,
  comparison,
  operand,
  reduced,
  replaceAxis,
  requireCount,
  requireInteger,
  requireVector,
  sameDtype,
  unary,
} from './shape-checks.ts';
import { describe, shapeError } from './shape-error.ts';
import type { Tensor, TensorType } from './tensor.ts';

type ShapeRule<K extends OpKind> = (inputs: readonly Tensor[], attributes: OpAttributes[K]) => readonly TensorType[];

/** The shape rules. An operation without one does not compile. */
export const SHAPE_RULES: { readonly [K in OpKind]: ShapeRule<K> } = {
  input: (_, { name, dtype, shape }) => {
    for (const { size } of shape) {
      if (typeof size === 'number' && !(Number.isSafeInteger(size) && size >= 1)) {
        throw shapeError(
          'WEFT_SHAPE_SIZE',
          { action: `make the input ${name}`, rule: 'sizes must be whole numbers of at least 1', value: formatShape(shape) },
          [],
        );
      }
    }
    return [{ dtype, shape }];
  },
  constant: (_, { value, shape }) => [{ dtype: value.dtype, shape }],
  negate: unary('negate', 'numbers'),
  exp: unary('exponentiate'),
  log: unary('take the logarithm of'),
  sqrt: unary('take the root of'),
  reciprocal: unary('invert'),
  abs: unary('take the absolute value of', 'numbers'),
  tanh: unary('apply tanh to'),
  sigmoid: unary('apply sigmoid to'),
  erf: unary('apply erf to'),
  relu: unary('apply relu to', 'numbers'),
  gelu: unary('apply gelu to'),
  silu: unary('apply silu to'),
  cast: (inputs, { to }) => [{ dtype: to, shape: operand(inputs, 0).shape }],
  add: binary('add'),
  subtract: binary('subtract'),
  multiply: binary('multiply'),
  divide: binary('divide'),
  maximum: binary('take the maximum of'),
  minimum: binary('take the minimum of'),
  less: comparison,
  equal: comparison,
  where: (inputs) => {
    const [condition, yes, no] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    if (condition.dtype !== 'bool') {
      throw shapeError(
        'WEFT_SHAPE_DTYPE',
        { action: 'choose', rule: 'the condition must hold truth values', value: condition.dtype, remedy: 'Make it with less or equal.' },
        [[describe(condition, 'condition'), condition]],
      );
    }
    const shape = broadcast('choose between', broadcast('choose between', condition.shape, yes.shape, [condition, yes]), no.shape, [
      yes,
      no,
    ]);
    return [{ dtype: sameDtype('choose between', [yes, no]), shape }];
  },
  reshape: (inputs, { shape }) => {
    const x = operand(inputs, 0);
    const [before, after] = [staticCount(x.shape), staticCount(shape)];
    if (before !== undefined && after !== undefined && before !== after) {
      throw shapeError(
        'WEFT_SHAPE_RESHAPE',
        {
          action: `reshape ${describe(x, 'a tensor')} to ${formatShape(shape)}`,
          rule: 'the number of elements must stay the same',
          value: `${before} before, ${after} after`,
        },
        [[describe(x, 'x'), x]],
      );
    }
    return [{ dtype: x.dtype, shape }];
  },
  expand: (inputs, { shape }) => [
    { dtype: operand(inputs, 0).dtype, shape: broadcast('expand', operand(inputs, 0).shape, shape, [operand(inputs, 0)]) },
  ],
  transpose: (inputs, { permutation }) => {
    const x = operand(inputs, 0);
    if ([...permutation].sort((a, b) => a - b).join() !== x.shape.map((_, index) => index).join()) {
      throw shapeError(
        'WEFT_SHAPE_TRANSPOSE',
        {
          action: `transpose ${describe(x, 'a tensor')}`,
          rule: 'the permutation must name each axis once',
          value: `[${permutation.join(', ')}]`,
          remedy: `Give a permutation of 0 … ${x.shape.length - 1}.`,
        },
        [[describe(x, 'x'), x]],
      );
    }
    return [{ dtype: x.dtype, shape: permutation.map((axis) => axisOf(x.shape, axis)) }];
  },
  slice: (inputs, { axis, start, end }) => {
    const x = operand(inputs, 0);
    for (const place of [start, end]) requireCount(`slice ${describe(x, 'a tensor')}`, place);
    const { size, name } = axisOf(x.shape, axis);
    if (end <= start || (typeof size === 'number' && end > size)) {
      throw shapeError(
        'WEFT_SHAPE_SLICE',
        {
          action: `slice ${describe(x, 'a tensor')}`,
          rule: `the range must lie within axis ${name || axis} of size ${size}`,
          value: `${start} … ${end}`,
          remedy: 'Give 0 ≤ start < end ≤ size.',
        },
        [[describe(x, 'x'), x]],
      );
    }
    return [{ dtype: x.dtype, shape: replaceAxis(x.shape, axis, end - start) }];
  },
  pad: (inputs, { axis, before, after }) => {
    const x = operand(inputs, 0);
    for (const amount of [before, after]) requireCount(`pad ${describe(x, 'a tensor')}`, amount);
    return [{ dtype: x.dtype, shape: replaceAxis(x.shape, axis, addSizes(addSizes(axisOf(x.shape, axis).size, before), after)) }];
  },
  concat: (inputs, { axis }) => {
    if (inputs.length === 0)
      throw shapeError(
        'WEFT_SHAPE_CONCAT',
        { action: 'join tensors', rule: 'there must be one at least', value: 'none', remedy: 'Give the tensors to join.' },
        [],
      );
    const first = operand(inputs, 0);
    for (const [index, x] of inputs.entries()) {
      if (x.shape.length !== first.shape.length || x.shape.some((one, at) => at !== axis && one.size !== axisOf(first.shape, at).size)) {
        throw shapeError(
          'WEFT_SHAPE_CONCAT',
          {
            action: 'join tensors',
            rule: `all axes but number ${axis} must agree`,
            value: `operand ${index} differs from operand 0`,
            remedy: 'Give operands that differ on the joined axis only.',
          },
          inputs.map((tensor, at) => [describe(tensor, `operand ${at}`), tensor]),
        );
      }
    }
    return [
      {
        dtype: sameDtype('join', inputs),
        shape: replaceAxis(first.shape, axis, inputs.map((x) => axisOf(x.shape, axis).size).reduce(addSizes)),
      },
    ];
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
      throw shapeError(
        'WEFT_SHAPE_MATMUL',
        {
          action: `multiply ${nameA} by ${nameB}`,
          rule: 'both must have two axes or more',
          value: `${a.shape.length} and ${b.shape.length}`,
        },
        [
          [nameA, a],
          [nameB, b],
        ],
      );
    }
    if (left.size !== right.size) {
      const axis = left.name || right.name ? `axis ${left.name || right.name}` : 'the inner axes';
      throw shapeError(
        'WEFT_SHAPE_MATMUL',
        {
          action: `multiply ${nameA} by ${nameB}`,
          rule: `${axis} must agree`,
          value: `${nameA} has ${left.size}, ${nameB} has ${right.size}`,
        },
        [
          [nameA, a],
          [nameB, b],
        ],
      );
    }
    const batch = broadcast(`multiply`, a.shape.slice(0, -2), b.shape.slice(0, -2), [a, b]);
    return [{ dtype: sameDtype('multiply', [a, b]), shape: [...batch, rows, columns] }];
  },
  blockMatmul: (inputs, attributes) => {
    const x = operand(inputs, 0);
    requireBlocks(inputs.slice(1), attributes, x);
    return [{ dtype: x.dtype, shape: replaceAxis(x.shape, x.shape.length - 1, attributes.out) }];
  },
  dequantizeBlocks: (inputs, attributes) => {
    requireBlocks(inputs, attributes);
    return [{ dtype: 'float32', shape: axes('C C', attributes.out, attributes.in) }];
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
      throw shapeError(
        'WEFT_SHAPE_ROWS',
        {
          action: `add ${describe(updates, 'rows')} to a table`,
          rule: 'each row must have its id',
          value: `${formatShape(updates.shape)} and ${formatShape(ids.shape)}`,
        },
        [
          ['rows', updates],
          ['ids', ids],
        ],
      );
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
    const [width, half, time, positions] = [
      axisOf(x.shape, x.shape.length - 1).size,
      axisOf(cos.shape, 1).size,
      axisOf(x.shape, x.shape.length - 2).size,
      axisOf(cos.shape, 0).size,
    ];
    if (
      x.shape.length !== 4 ||
      (typeof width === 'number' && half !== width / 2) ||
      (typeof time === 'number' && typeof positions === 'number' && time > positions)
    ) {
      throw shapeError(
        'WEFT_SHAPE_ROTARY',
        {
          action: `rotate ${describe(x, 'x')} by position`,
          rule: 'it must be B H T D, and the angles T D/2',
          remedy: 'Make the angles for the head width and the context length in use.',
        },
        [
          [describe(x, 'x'), x],
          [describe(cos, 'angles'), cos],
        ],
      );
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  attention: attentionShapes,
  cachedAttention: (inputs) => {
    const [q, pastKeys, pastValues] = [operand(inputs, 0), operand(inputs, 3), operand(inputs, 4)];
    return [q, pastKeys, pastValues].map(({ dtype, shape }) => ({ dtype, shape }));
  },
  crossEntropy: (inputs) => {
    const [logits, targets] = [operand(inputs, 0), operand(inputs, 1)];
    requireInteger('compare with targets', targets);
    if (logits.shape.length !== 2 || targets.shape.length !== 1 || axisOf(logits.shape, 0).size !== axisOf(targets.shape, 0).size) {
      throw shapeError(
        'WEFT_SHAPE_TARGETS',
        {
          action: 'compare logits with targets',
          rule: 'logits must be N V and targets N',
          value: `${formatShape(logits.shape)} and ${formatShape(targets.shape)}`,
          remedy: 'Give one target a row of logits.',
        },
        [
          ['logits', logits],
          ['targets', targets],
        ],
      );
    }
    return [
      { dtype: logits.dtype, shape: targets.shape },
      { dtype: logits.dtype, shape: logits.shape },
    ];
  },
  conv2d: convolutionShape,
  convTranspose2d: convTransposeShape,
  maxPool2d: maxPoolShape,
  averagePool2d: averagePoolShape,
  batchNorm: batchNormShapes,
  geluGradient: binary('differentiate'),
  crossEntropyGradient: (inputs) => [{ dtype: operand(inputs, 0).dtype, shape: operand(inputs, 0).shape }],
  maxPool2dGradient: (inputs) => [{ dtype: operand(inputs, 0).dtype, shape: operand(inputs, 0).shape }],
  dropoutMask: (inputs) => {
    const [rows, columns] = [operand(inputs, 0), operand(inputs, 1)];
    for (const seeds of [rows, columns]) requireInteger('make a dropout mask', seeds);
    return [{ dtype: 'float32', shape: broadcast('make a dropout mask', rows.shape, columns.shape, [rows, columns]) }];
  },
};
