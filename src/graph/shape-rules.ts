/**
 * The shape rule of every kind of operation: from the operands' types to the results', or a {@link ShapeError}.
 */

import { addSizes, formatShape, staticCount } from './axis.ts';
import type { Size } from './axis.ts';
import type { OpAttributes, OpKind } from './op-kinds.ts';
import {
  axisOf,
  binary,
  broadcast,
  operand,
  reduced,
  replaceAxis,
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
    const { size, name } = axisOf(x.shape, axis);
    if (start < 0 || end <= start || (typeof size === 'number' && end > size)) {
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
    return [{ dtype: x.dtype, shape: replaceAxis(x.shape, axis, addSizes(addSizes(axisOf(x.shape, axis).size, before), after)) }];
  },
  concat: (inputs, { axis }) => {
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
  attention: (inputs) => {
    const [q, k, v] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    const operands = [
      ['queries', q],
      ['keys', k],
      ['values', v],
    ] as const;
    const fail = (rule: string, value: string, remedy: string): never => {
      throw shapeError('WEFT_SHAPE_ATTENTION', { action: 'attend', rule, value, remedy }, operands);
    };
    for (const [name, x] of operands)
      if (x.shape.length !== 4) fail(`${name} must be B H T D`, `${x.shape.length} axes`, 'Split the heads first.');
    const at = (x: Tensor, axis: number): Size => axisOf(x.shape, axis).size;
    if (at(q, 3) !== at(k, 3))
      fail('queries and keys must have the same head width D', `${at(q, 3)} and ${at(k, 3)}`, 'Project both to the same width.');
    if (at(k, 2) !== at(v, 2))
      fail('keys and values must have the same length S', `${at(k, 2)} and ${at(v, 2)}`, 'Take both from the same text.');
    if (at(k, 1) !== at(v, 1))
      fail('keys and values must have the same number of heads', `${at(k, 1)} and ${at(v, 1)}`, 'Split both into the same heads.');
    const [heads, kvHeads] = [at(q, 1), at(k, 1)];
    if (typeof heads === 'number' && typeof kvHeads === 'number' && heads % kvHeads !== 0)
      fail('the key-value heads must divide the heads', `${kvHeads} and ${heads}`, 'Choose kvHeads among the divisors of heads.');
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
  geluGradient: binary('differentiate'),
  crossEntropyGradient: (inputs) => [{ dtype: operand(inputs, 0).dtype, shape: operand(inputs, 0).shape }],
  dropoutMask: (inputs) => {
    const [rows, columns] = [operand(inputs, 0), operand(inputs, 1)];
    return [{ dtype: 'float32', shape: broadcast('make a dropout mask', rows.shape, columns.shape, [rows, columns]) }];
  },
};
