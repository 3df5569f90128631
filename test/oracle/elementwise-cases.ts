/** Cases of the operations that work element by element. */

import {
  abs,
  add,
  cast,
  divide,
  equal,
  erf,
  exp,
  gelu,
  geluGradient,
  less,
  log,
  maximum,
  minimum,
  multiply,
  negate,
  reciprocal,
  relu,
  sigmoid,
  silu,
  sqrt,
  subtract,
  tanh,
  where,
} from '../../src/graph/index.ts';
import type { Tensor } from '../../src/graph/index.ts';
import { flags, given, ids, normal, opCase, positive } from './op-case.ts';
import type { CaseInput, OpCase, OpCases } from './op-case.ts';

/** The kinds whose cases stand here. */
export type ElementwiseKind =
  | 'negate'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'reciprocal'
  | 'abs'
  | 'tanh'
  | 'sigmoid'
  | 'erf'
  | 'relu'
  | 'gelu'
  | 'silu'
  | 'cast'
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'maximum'
  | 'minimum'
  | 'less'
  | 'equal'
  | 'where'
  | 'geluGradient';

type Cases = readonly [OpCase, ...OpCase[]];

/** From far below to far above 0, on both sides of where functions bend. */
const WIDE = given([-30, -8, -3, -2, -1, -0.5, -0.01, 0.01, 0.3, 0.5, 1, 2, 3, 8, 30]);

function unary(op: (x: Tensor) => Tensor, x: (...shape: readonly number[]) => CaseInput = normal, wide: CaseInput = WIDE): Cases {
  return [
    opCase('of a vector', { x: x(7) }, ({ x }) => op(x)),
    opCase('of four axes', { x: x(2, 1, 3, 4) }, ({ x }) => op(x)),
    opCase('of a scalar', { x: x() }, ({ x }) => op(x)),
    opCase('from far below to far above 0', { x: wide }, ({ x }) => op(x)),
  ];
}

function binary(op: (a: Tensor, b: Tensor) => Tensor, b: (...shape: readonly number[]) => CaseInput = normal, differentiable = 1): Cases {
  const build = ({ a, b }: { readonly a: Tensor; readonly b: Tensor }): Tensor => op(a, b);
  return [
    opCase('of equal shapes', { a: normal(2, 3), b: b(2, 3) }, build, differentiable),
    opCase('of a row to a matrix', { a: normal(3, 4), b: b(4) }, build, differentiable),
    opCase('of a matrix to a row', { a: normal(4), b: b(3, 4) }, build, differentiable),
    opCase('of a column and a row', { a: normal(3, 1), b: b(1, 4) }, build, differentiable),
    opCase('of a scalar', { a: normal(2, 3), b: b() }, build, differentiable),
    opCase('stretched in the middle', { a: normal(2, 1, 3), b: b(1, 4, 3) }, build, differentiable),
    opCase('of sizes 1 that stay 1', { a: normal(1, 1, 2), b: b(1, 2) }, build, differentiable),
    opCase('of numbers', { a: normal(3), b: b(3) }, ({ a, b }) => [op(a, b), op(a, 0.75 as unknown as Tensor)], differentiable),
  ];
}

const bothForms = (build: (x: Tensor, form: 'erf' | 'tanh') => Tensor): Cases => {
  const [exact, rest] = [unary((x) => build(x, 'erf')), unary((x) => build(x, 'tanh'))];
  const renamed =
    (form: string) =>
    (opCase: OpCase): OpCase => ({ ...opCase, name: `${form}, ${opCase.name}` });
  return [...exact.map(renamed('erf')), ...rest.map(renamed('tanh'))] as unknown as Cases;
};

export const ELEMENTWISE_CASES: Pick<OpCases, ElementwiseKind> = {
  negate: unary(negate),
  exp: unary(exp),
  log: unary(log, positive, given([0.001, 0.01, 0.5, 1, 2, 1e6])),
  sqrt: unary(sqrt, positive, given([1e-3, 0.5, 1, 2, 1e6])),
  reciprocal: unary(reciprocal, positive, given([-1e3, -2, -0.01, 0.01, 2, 1e3])),
  abs: unary(abs),
  tanh: unary(tanh),
  sigmoid: unary(sigmoid),
  erf: unary(erf),
  relu: unary(relu),
  gelu: bothForms(gelu),
  silu: unary(silu),
  cast: [
    opCase('float32 to float64 and back', { x: normal(2, 3) }, ({ x }) => cast(multiply(cast(x, 'float64'), 3), 'float32')),
    opCase('float32 to int32 cuts towards 0', { x: given([-2.7, -0.5, 0.5, 2.7]) }, ({ x }) => cast(x, 'int32'), 0),
    opCase('float32 to int64', { x: given([-2, 0, 3e9]) }, ({ x }) => cast(x, 'int64'), 0),
    opCase('float32 to bool', { x: given([-1, 0, 0.25]) }, ({ x }) => cast(x, 'bool'), 0),
    opCase('int32 to float32', { x: ids([-3, 0, 7]) }, ({ x }) => cast(x, 'float32'), 0),
    opCase('bool to float32', { x: flags(2, 4) }, ({ x }) => cast(x, 'float32'), 0),
  ],
  add: binary(add),
  subtract: binary(subtract),
  multiply: [
    ...binary(multiply),
    opCase('of a tensor with itself', { x: normal(2, 3) }, ({ x }) => multiply(x, x)),
    opCase('of int32', { a: ids([3, -4]), b: ids([5, 6]) }, ({ a, b }) => multiply(a, b), 0),
  ] as unknown as Cases,
  divide: binary(divide, positive),
  maximum: binary(maximum),
  minimum: binary(minimum),
  less: binary(less, normal, 0),
  equal: [
    opCase('of integers', { a: ids([1, 2, 3, 4]), b: ids([1, 0, 3, -4]) }, ({ a, b }) => equal(a, b), 0),
    opCase('of floats, stretched', { a: given([1, 2, 3, 1, 5, 6], [2, 3]), b: given([1, 2, 6]) }, ({ a, b }) => equal(a, b), 0),
  ],
  where: [
    opCase('of equal shapes', { c: flags(2, 3), a: normal(2, 3), b: normal(2, 3) }, ({ c, a, b }) => where(c, a, b)),
    opCase('of a stretched condition', { c: flags(3, 1), a: normal(3, 4), b: normal(4) }, ({ c, a, b }) => where(c, a, b)),
    opCase('of stretched sides', { c: flags(2, 3, 4), a: normal(3, 1), b: normal() }, ({ c, a, b }) => where(c, a, b)),
    opCase('of a condition that is computed', { a: normal(3, 4), b: normal(3, 4) }, ({ a, b }) => where(less(a, b), multiply(a, 2), b)),
  ],
  geluGradient: bothForms((x, form) => geluGradient(x, x, form)).map((each) => ({ ...each, differentiable: 0 })) as unknown as Cases,
};
