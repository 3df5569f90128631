/** Cases of the operations that move elements, reduce axes or look up rows. */

import {
  axes,
  concat,
  constant,
  expand,
  gather,
  max,
  multiply,
  pad,
  reshape,
  scatterRows,
  slice,
  sum,
  sumOfSquares,
  transpose,
} from '../../src/graph/index.ts';
import type { Tensor } from '../../src/graph/index.ts';
import { hostTensor } from '../../src/core/index.ts';
import { given, ids, normal, opCase } from './op-case.ts';
import type { CaseInput, OpCase, OpCases } from './op-case.ts';

/** The kinds whose cases stand here. */
export type ShapeKind =
  | 'input'
  | 'constant'
  | 'reshape'
  | 'expand'
  | 'transpose'
  | 'slice'
  | 'pad'
  | 'concat'
  | 'sum'
  | 'max'
  | 'sumOfSquares'
  | 'gather'
  | 'scatterRows';

type Cases = readonly [OpCase, ...OpCase[]];
type Reduction = (x: Tensor, options?: { readonly axes?: readonly number[]; readonly keep?: boolean }) => Tensor;

const reduction = (op: Reduction, x: (...shape: readonly number[]) => CaseInput = normal): Cases => [
  opCase('over all axes', { x: x(2, 3) }, ({ x }) => op(x)),
  opCase('over all axes, kept', { x: x(2, 3) }, ({ x }) => op(x, { keep: true })),
  opCase('over the last axis', { x: x(2, 3, 4) }, ({ x }) => op(x, { axes: [-1] })),
  opCase('over the first axis, kept', { x: x(2, 3, 4) }, ({ x }) => op(x, { axes: [0], keep: true })),
  opCase('over two axes around a third', { x: x(2, 3, 4) }, ({ x }) => op(x, { axes: [0, 2] })),
  opCase('over an axis of size 1', { x: x(3, 1) }, ({ x }) => op(x, { axes: [1] })),
];

const big = hostTensor(
  'float32',
  [10, 20],
  Float32Array.from({ length: 200 }, (_, index) => Math.fround(Math.sin(index))),
);

export const SHAPE_CASES: Pick<OpCases, ShapeKind> = {
  input: [
    opCase('straight to an output', { x: normal(2, 3) }, ({ x }) => x),
    opCase('to two outputs', { x: normal(2, 3) }, ({ x }) => [x, x], 2),
    opCase('of integers', { x: ids([1, -2]) }, ({ x }) => x, 0),
  ],
  constant: [
    opCase(
      'small',
      { x: normal(2, 3) },
      ({ x }) => [multiply(x, constant(hostTensor('float32', [3], Float32Array.of(1, -0, Infinity))))],
      0,
    ),
    opCase('large, used twice', { x: normal(20) }, ({ x }) => multiply(multiply(x, constant(big)), constant(big))),
    opCase('straight to an output', {}, () => constant(hostTensor('int64', [2], BigInt64Array.of(-1n, 5n))), 0),
  ],
  reshape: [
    opCase('to fewer axes', { x: normal(2, 3, 4) }, ({ x }) => reshape(x, axes('', 6, 4))),
    opCase('to more axes', { x: normal(6, 4) }, ({ x }) => reshape(x, axes('', 2, 3, 2, 2))),
    opCase('to a scalar', { x: normal(1, 1) }, ({ x }) => reshape(x, [])),
    opCase('from a scalar', { x: normal() }, ({ x }) => reshape(x, axes('', 1, 1))),
  ],
  expand: [
    opCase('of a row', { x: normal(3) }, ({ x }) => expand(x, axes('', 2, 4, 3))),
    opCase('in the middle', { x: normal(2, 1, 3) }, ({ x }) => expand(x, axes('', 2, 4, 3))),
    opCase('of a scalar', { x: normal() }, ({ x }) => expand(x, axes('', 2, 3))),
    opCase('to a smaller shape', { x: normal(2, 3) }, ({ x }) => expand(x, axes('', 1, 1, 3))),
  ],
  transpose: [
    opCase('of a matrix', { x: normal(2, 3) }, ({ x }) => transpose(x, [1, 0])),
    opCase('of heads and time', { x: normal(2, 3, 4, 5) }, ({ x }) => transpose(x, [0, 2, 1, 3])),
    opCase('in a circle', { x: normal(2, 3, 4) }, ({ x }) => transpose(x, [2, 0, 1])),
    opCase('of nothing', { x: normal(2, 3) }, ({ x }) => transpose(x, [0, 1])),
  ],
  slice: [
    opCase('from the first', { x: normal(4, 3) }, ({ x }) => slice(x, 0, { start: 0, end: 2 })),
    opCase('in the middle of the last axis', { x: normal(2, 5) }, ({ x }) => slice(x, -1, { start: 1, end: 4 })),
    opCase('to the end', { x: normal(2, 3, 4) }, ({ x }) => slice(x, 1, { start: 2, end: 3 })),
    opCase('of all', { x: normal(2, 3) }, ({ x }) => slice(x, 1, { start: 0, end: 3 })),
    opCase('of int32', { x: ids([1, 2, 3]) }, ({ x }) => slice(x, 0, { start: 1, end: 3 }), 0),
  ],
  pad: [
    opCase('on both sides', { x: normal(2, 3) }, ({ x }) => pad(x, 1, { before: 2, after: 1 })),
    opCase('before the first axis', { x: normal(2, 3) }, ({ x }) => pad(x, 0, { before: 1, after: 0 })),
    opCase('behind the middle axis', { x: normal(2, 3, 2) }, ({ x }) => pad(x, -2, { before: 0, after: 2 })),
    opCase('of int32', { x: ids([1, 2]) }, ({ x }) => pad(x, 0, { before: 1, after: 1 }), 0),
  ],
  concat: [
    opCase('of unequal parts', { a: normal(2, 1), b: normal(2, 3), c: normal(2, 2) }, ({ a, b, c }) => concat([a, b, c], 1)),
    opCase('on the first axis', { a: normal(1, 3), b: normal(2, 3) }, ({ a, b }) => concat([a, b], 0)),
    opCase('on a negative axis', { a: normal(2, 2, 3), b: normal(2, 1, 3) }, ({ a, b }) => concat([a, b], -2)),
    opCase('of a tensor with itself', { x: normal(2, 2) }, ({ x }) => concat([x, x], 0)),
    opCase('of one', { x: normal(2, 2) }, ({ x }) => concat([x], 0)),
  ],
  sum: reduction(sum),
  max: reduction(max),
  sumOfSquares: [
    opCase('of a matrix', { x: normal(3, 4) }, ({ x }) => sumOfSquares(x)),
    opCase('of a scalar', { x: normal() }, ({ x }) => sumOfSquares(x)),
    opCase('of zeros and large numbers', { x: given([0, 1e4, -1e4, 0]) }, ({ x }) => sumOfSquares(x)),
  ],
  gather: [
    opCase('of rows, some of them twice', { table: normal(5, 3), ids: ids([4, 0, 4, 2], [2, 2]) }, ({ table, ids }) => gather(table, ids)),
    opCase('by int64', { table: normal(3, 2), ids: ids([1, 1, 1], [3], 'int64') }, ({ table, ids }) => gather(table, ids)),
    opCase('of rows with two axes', { table: normal(3, 2, 2), ids: ids([2, 0]) }, ({ table, ids }) => gather(table, ids)),
    opCase('by one id', { table: normal(3, 2), ids: ids([2], []) }, ({ table, ids }) => gather(table, ids)),
    opCase('of a vector', { table: normal(4), ids: ids([3, 3, 0]) }, ({ table, ids }) => gather(table, ids)),
  ],
  scatterRows: [
    opCase(
      'to rows, some of them twice',
      { rows: normal(2, 2, 3), ids: ids([4, 0, 4, 2], [2, 2]) },
      ({ rows, ids }) => scatterRows(rows, ids, 5),
      0,
    ),
    opCase('by int64', { rows: normal(3, 2), ids: ids([1, 1, 1], [3], 'int64') }, ({ rows, ids }) => scatterRows(rows, ids, 2), 0),
    opCase('of rows with two axes', { rows: normal(2, 2, 2), ids: ids([2, 0]) }, ({ rows, ids }) => scatterRows(rows, ids, 3), 0),
    opCase(
      'of many rows to one',
      { rows: normal(200, 2), ids: ids(Array.from({ length: 200 }, (_, index) => index % 3)) },
      ({ rows, ids }) => scatterRows(rows, ids, 4),
      0,
    ),
  ],
};
