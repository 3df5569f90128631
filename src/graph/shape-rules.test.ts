/** Shapes and their errors: what a user reads who multiplies what does not fit. That right shapes are right, the interpreter checks in every test of an operation. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { stretchedShape } from '../../test/oracle/nd-array.ts';
import { ShapeError } from '../core/index.ts';
import {
  add,
  attention,
  axes,
  cast,
  concat,
  crossEntropy,
  dropoutMask,
  equal,
  exp,
  expand,
  formatShape,
  gather,
  input,
  layerNorm,
  less,
  matmul,
  max,
  mean,
  multiply,
  named,
  pad,
  reshape,
  rmsNorm,
  rotary,
  scatterRows,
  scope,
  slice,
  softmax,
  sum,
  transpose,
  where,
} from './index.ts';
import type { Tensor } from './index.ts';

const float = (name: string, names: string, ...sizes: readonly (number | string)[]): Tensor =>
  input(name, 'float32', axes(names, ...sizes));
const whole = (name: string, names: string, ...sizes: readonly number[]): Tensor => input(name, 'int32', axes(names, ...sizes));

function report(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    if (error instanceof ShapeError) return error.toString();
    throw error;
  }
  return 'nothing was thrown';
}

describe('errors read', () => {
  test('for a product: action, rule, values; operands with axes, sizes and origin; one remedy', () => {
    const [scores, values] = scope('blocks.3', () =>
      scope(
        'attention',
        () =>
          [
            named(softmax(float('q', 'B H T S', 8, 4, 128, 512)), 'scores'),
            named(exp(float('v', 'B H S D', 8, 4, 256, 64)), 'values'),
          ] as const,
      ),
    );
    expect(report(() => matmul(scores, values))).toBe(
      [
        'ShapeError [WEFT_SHAPE_MATMUL]: Cannot multiply scores by values as axis S must agree: scores has 512, values has 256',
        '    scores  B H T S = 8 4 128 512   from softmax  (block 3, attention)',
        '    values  B H S D = 8 4 256 64    from exp      (block 3, attention)',
        '    Give both sides the same size on that axis, or transpose one of them.',
      ].join('\n'),
    );
  });

  test('for operands of two dtypes, which are then shown', () => {
    expect(report(() => add(float('x', 'T', 4), whole('ids', 'T', 4)))).toBe(
      [
        'ShapeError [WEFT_SHAPE_DTYPE]: Cannot add x and ids as both must have the same dtype: float32 and int32',
        '    x    T = 4  float32   from input',
        '    ids  T = 4  int32     from input',
        '    Cast one of them with cast(tensor, dtype).',
      ].join('\n'),
    );
  });

  test('for operands without names and axes without letters', () => {
    expect(report(() => multiply(exp(float('a', '', 2, 3)), exp(float('b', '', 4))))).toBe(
      [
        'ShapeError [WEFT_SHAPE_BROADCAST]: Cannot multiply left and right as axis -1 must agree or be 1: left has 3, right has 4',
        '    left   2 3   from exp',
        '    right  4     from exp',
        '    Sizes must be equal or 1, counted from the last axis: reshape one of them.',
      ].join('\n'),
    );
  });
});

const x = float('x', 'B T C', 2, 3, 8);
const ids = whole('ids', 'B T', 2, 3);
const heads = (count: number, time: number, width: number): Tensor => float(`h${count}${time}${width}`, 'B H T D', 2, count, time, width);
const attend = (q: Tensor, k: Tensor, v: Tensor) => (): unknown => attention([q, k, v], { causal: true, scale: 1 });

test.for([
  [
    'a product of a vector',
    () => matmul(float('v', 'C', 8), x),
    'WEFT_SHAPE_MATMUL',
    'Cannot multiply v by x as both must have two axes or more: 1 and 3',
  ],
  [
    'a product with a transpose',
    () => matmul(x, float('w', 'C F', 8, 4), { transposeB: true }),
    'WEFT_SHAPE_MATMUL',
    'Cannot multiply x by w as axis C must agree: x has 8, w has 4',
  ],
  [
    'a product of batches',
    () => matmul(x, float('w', 'B C F', 3, 8, 4)),
    'WEFT_SHAPE_BROADCAST',
    'Cannot multiply x and w as axis B must agree or be 1: x has 2, w has 3',
  ],
  [
    'a comparison',
    () => less(x, float('y', 'C', 7)),
    'WEFT_SHAPE_BROADCAST',
    'Cannot compare x and y as axis C must agree or be 1: x has 8, y has 7',
  ],
  [
    'a choice',
    () => where(equal(ids, 1), x, x),
    'WEFT_SHAPE_BROADCAST',
    'Cannot choose between left and x as axis B must agree or be 1: left has 2, x has 3',
  ],
  [
    'a reshape',
    () => reshape(x, axes('N C', 5, 8)),
    'WEFT_SHAPE_RESHAPE',
    'Cannot reshape x to N C = 5 8 as the number of elements must stay the same: 48 before, 40 after',
  ],
  [
    'an expansion',
    () => expand(x, axes('B T C', 2, 3, 9)),
    'WEFT_SHAPE_BROADCAST',
    'Cannot expand x and the shape as axis C must agree or be 1: x has 8, the shape has 9',
  ],
  [
    'a transposition',
    () => transpose(x, [0, 1, 1]),
    'WEFT_SHAPE_TRANSPOSE',
    'Cannot transpose x as the permutation must name each axis once: [0, 1, 1]',
  ],
  [
    'a slice past the end',
    () => slice(x, -1, { start: 4, end: 9 }),
    'WEFT_SHAPE_SLICE',
    'Cannot slice x as the range must lie within axis C of size 8: 4 … 9',
  ],
  [
    'an empty slice',
    () => slice(x, 0, { start: 1, end: 1 }),
    'WEFT_SHAPE_SLICE',
    'Cannot slice x as the range must lie within axis B of size 2: 1 … 1',
  ],
  [
    'a slice of an axis that is not there',
    () => slice(x, 3, { start: 0, end: 1 }),
    'WEFT_SHAPE_AXIS',
    'Cannot find axis 3 as there are 3 axes: B T C = 2 3 8',
  ],
  [
    'a pad of an axis that is not there',
    () => pad(x, -4, { before: 1, after: 1 }),
    'WEFT_SHAPE_AXIS',
    'Cannot find axis -4 as there are 3 axes: B T C = 2 3 8',
  ],
  ['a sum over an axis that is not there', () => sum(x, { axes: [3] }), 'WEFT_SHAPE_AXIS', 'Cannot find axis 3 as there are 3 axes'],
  [
    'a maximum over an axis that is not there',
    () => max(x, { axes: [-4] }),
    'WEFT_SHAPE_AXIS',
    'Cannot find axis -4 as there are 3 axes: B T C = 2 3 8',
  ],
  [
    'a mean over an axis of unknown size',
    () => mean(float('d', 'B T', 2, 'T'), { axes: [-1] }),
    'WEFT_SHAPE_SIZE',
    'Cannot take the mean of d as the axes must have a known size',
  ],
  [
    'a join',
    () => concat([x, float('y', 'B T C', 2, 3, 7)], 1),
    'WEFT_SHAPE_CONCAT',
    'Cannot join tensors as all axes but number 1 must agree: operand 1 differs from operand 0',
  ],
  [
    'rows by floats',
    () => gather(float('table', 'V C', 9, 8), x),
    'WEFT_SHAPE_DTYPE',
    'Cannot look up rows as ids must be integers: float32',
  ],
  ['rows of a scalar', () => gather(float('table', ''), ids), 'WEFT_SHAPE_AXIS', 'Cannot find axis 0 as there are 0 axes: scalar'],
  [
    'rows without ids',
    () => scatterRows(float('rows', 'N C', 4, 8), whole('ids', 'N', 3), 9),
    'WEFT_SHAPE_ROWS',
    'Cannot add rows to a table as each row must have its id: N C = 4 8 and N = 3',
  ],
  [
    'a norm',
    () => layerNorm(x, [float('w', 'C', 7)], 1e-5),
    'WEFT_SHAPE_NORM',
    'Cannot normalise x as weights must be a vector as long as the last axis: 7 against 8',
  ],
  [
    'a norm by a matrix',
    () => rmsNorm(x, float('w', 'C C', 8, 8), 1e-5),
    'WEFT_SHAPE_NORM',
    'weights must be a vector as long as the last axis',
  ],
  [
    'a rotation',
    () => rotary(heads(2, 3, 8), { cos: float('cos', 'T D', 3, 3), sin: float('sin', 'T D', 3, 3) }),
    'WEFT_SHAPE_ROTARY',
    'it must be B H T D, and the angles T D/2',
  ],
  [
    'a rotation past the angles',
    () => rotary(heads(2, 5, 8), { cos: float('cos', 'T D', 4, 4), sin: float('sin', 'T D', 4, 4) }),
    'WEFT_SHAPE_ROTARY',
    'it must be B H T D',
  ],
  ['attention without heads', attend(x, x, x), 'WEFT_SHAPE_ATTENTION', 'Cannot attend as queries must be B H T D: 3 axes'],
  [
    'attention of unequal widths',
    attend(heads(2, 3, 8), heads(2, 3, 4), heads(2, 3, 4)),
    'WEFT_SHAPE_ATTENTION',
    'queries and keys must have the same head width D: 8 and 4',
  ],
  [
    'attention on keys without values',
    attend(heads(2, 3, 8), heads(2, 5, 8), heads(2, 4, 8)),
    'WEFT_SHAPE_ATTENTION',
    'keys and values must have the same length S: 5 and 4',
  ],
  [
    'attention on unequal heads',
    attend(heads(4, 3, 8), heads(2, 3, 8), heads(1, 3, 8)),
    'WEFT_SHAPE_ATTENTION',
    'keys and values must have the same number of heads: 2 and 1',
  ],
  [
    'attention on heads that do not divide',
    attend(heads(4, 3, 8), heads(3, 3, 8), heads(3, 3, 8)),
    'WEFT_SHAPE_ATTENTION',
    'the key-value heads must divide the heads: 3 and 4',
  ],
  [
    'a mask that does not fit the scores',
    () => attention([heads(2, 3, 8), heads(2, 5, 8), heads(2, 5, 8)], { causal: false, scale: 1, bias: float('mask', 'T S', 3, 4) }),
    'WEFT_SHAPE_ATTENTION',
    'what is added to the scores must stretch to B H T S = 2 2 3 5: T S = 3 4',
  ],
  [
    'a window of attention that is not causal',
    () => attention([heads(2, 3, 8), heads(2, 3, 8), heads(2, 3, 8)], { causal: false, scale: 1, window: 2 }),
    'WEFT_SHAPE_ATTENTION',
    'a window must be a whole number of at least 1, of causal attention: 2',
  ],
  [
    'a cap of 0',
    () => attention([heads(2, 3, 8), heads(2, 3, 8), heads(2, 3, 8)], { causal: true, scale: 1, softCap: 0 }),
    'WEFT_SHAPE_ATTENTION',
    'a cap on scores must be above 0: 0',
  ],
  [
    'a loss of unequal rows',
    () => crossEntropy(float('logits', 'N V', 4, 9), whole('targets', 'N', 3)),
    'WEFT_SHAPE_TARGETS',
    'Cannot compare logits with targets as logits must be N V and targets N: N V = 4 9 and N = 3',
  ],
  [
    'a loss of float targets',
    () => crossEntropy(float('logits', 'N V', 4, 9), float('targets', 'N', 4)),
    'WEFT_SHAPE_DTYPE',
    'ids must be integers: float32',
  ],
  ['a function of integers', () => exp(ids), 'WEFT_SHAPE_DTYPE', 'Cannot exponentiate ids as it must hold floats: int32'],
  ['a sum of truth values', () => sum(less(x, 0)), 'WEFT_SHAPE_DTYPE', 'Cannot reduce a tensor as it must hold numbers: bool'],
  [
    'a product of truth values',
    () => multiply(less(x, 0), less(x, 1)),
    'WEFT_SHAPE_DTYPE',
    'Cannot multiply a tensor as it must hold numbers: bool',
  ],
  ['a choice by numbers', () => where(x, x, x), 'WEFT_SHAPE_DTYPE', 'Cannot choose as the condition must hold truth values: float32'],
  [
    'a slice from before the start',
    () => slice(x, 0, { start: -1, end: 1 }),
    'WEFT_SHAPE_SIZE',
    'Cannot slice x as places and amounts must be whole numbers of at least 0: -1',
  ],
  [
    'a slice of half an element',
    () => slice(x, 0, { start: 0, end: 0.5 }),
    'WEFT_SHAPE_SIZE',
    'Cannot slice x as places and amounts must be whole numbers of at least 0: 0.5',
  ],
  [
    'a pad that cuts',
    () => pad(x, 0, { before: 0, after: -1 }),
    'WEFT_SHAPE_SIZE',
    'Cannot pad x as places and amounts must be whole numbers of at least 0: -1',
  ],
  ['a join of nothing', () => concat([], 0), 'WEFT_SHAPE_CONCAT', 'Cannot join tensors as there must be one at least: none'],
  [
    'causal attention of more queries than keys',
    attend(heads(2, 5, 8), heads(2, 3, 8), heads(2, 3, 8)),
    'WEFT_SHAPE_ATTENTION',
    'Cannot attend as causal queries must not be more than the keys: 5 and 3',
  ],
  ['a mask from floats', () => dropoutMask(x, x, 0.5), 'WEFT_SHAPE_DTYPE', 'Cannot make a dropout mask as ids must be integers: float32'],
  ['arithmetic on truth values', () => exp(less(x, 0)), 'WEFT_SHAPE_DTYPE', 'Cannot exponentiate a tensor as it must hold floats: bool'],
  [
    'an input of size 0',
    () => float('none', 'T', 0),
    'WEFT_SHAPE_SIZE',
    'Cannot make the input none as sizes must be whole numbers of at least 1: T = 0',
  ],
  ['an input of half an element', () => float('half', 'T', 1.5), 'WEFT_SHAPE_SIZE', 'T = 1.5'],
] as const)('%s is refused', ([, build, code, message]) => {
  const text = report(build);
  expect(text).toContain(`ShapeError [${code}]: `);
  expect(text).toContain(message);
  // One remedy at the end, a sentence.
  expect(text.split('\n').at(-1)).toMatch(/^ {4}\p{Lu}.*\.$/u);
});

test('operands broadcast as the oracle says, and only then', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 });
  fc.assert(
    fc.property(shapes, shapes, (a, b) => {
      let expected: string;
      try {
        expected = stretchedShape(a, b).join();
      } catch {
        expect(() => add(float('a', '', ...a), float('b', '', ...b))).toThrow(ShapeError);
        return;
      }
      expect(
        add(float('a', '', ...a), float('b', '', ...b))
          .shape.map(({ size }) => size)
          .join(),
      ).toBe(expected);
    }),
    { numRuns: 300 },
  );
});

test('axis letters survive broadcasting, and shapes read well', () => {
  expect(formatShape(add(float('a', 'B T C', 2, 3, 8), float('b', 'C', 8)).shape)).toBe('B T C = 2 3 8');
  expect(formatShape(add(float('a', '', 3, 8), float('b', 'T C', 1, 8)).shape)).toBe('· C = 3 8');
  expect(formatShape([])).toBe('scalar');
  expect(formatShape(axes('', 2, 3))).toBe('2 3');
});

test('numbers take the dtype of the other operand, and float32 among themselves', () => {
  expect(add(whole('n', 'T', 2), 3).dtype).toBe('int32');
  expect(add(1, 2).dtype).toBe('float32');
  expect(report(() => multiply(whole('n', 'T', 2), 0.5))).toContain(
    'Cannot make the constant 0.5 as the other operand holds whole numbers: int32',
  );
});

test('a cast to the same dtype is nothing', () => {
  expect(cast(x, 'float32')).toBe(x);
});
