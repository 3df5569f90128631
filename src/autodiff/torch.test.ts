/** Values and gradients of operations against PyTorch's numbers. */

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { arrayOf, numbers, torchVectors } from '../../test/vectors/torch-vectors.ts';
import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import {
  attention,
  axes,
  buildGraph,
  constant,
  crossEntropy,
  gather,
  gelu,
  input,
  layerNorm,
  max,
  multiply,
  rmsNorm,
  rotary,
  silu,
  sum,
} from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { rotaryAngles } from '../nn/index.ts';
import { gradients } from './index.ts';

type Operands = Readonly<Record<string, HostTensor>>;
type Build = (x: Readonly<Record<string, Tensor>>) => Tensor | undefined;
const T = (x: Readonly<Record<string, Tensor>>, name: string): Tensor => x[name] as Tensor;
const ids = (values: readonly number[], ...shape: readonly number[]): Tensor =>
  constant(hostTensor('int32', shape, Int32Array.from(values)));

const normOperands = { x: numbers(1, [2, 3, 8], { scale: 4 }), w: numbers(2, [8], { shift: 1 }) };
const heads = (salt: number, count: number): HostTensor => numbers(salt, [2, count, 3, 6], { scale: 3 });
const attends =
  (causal: boolean): Build =>
  (x) =>
    attention([T(x, 'q'), T(x, 'k'), T(x, 'v')], { causal, scale: 1 / Math.sqrt(6) })[0];
const activations = { x: numbers(11, [40], { scale: 8 }) };

const CASES: Readonly<Record<string, readonly [Operands, Build]>> = {
  'layerNorm with a bias': [{ ...normOperands, b: numbers(3, [8]) }, (x) => layerNorm(T(x, 'x'), [T(x, 'w'), T(x, 'b')], 1e-5)[0]],
  'layerNorm without a bias': [normOperands, (x) => layerNorm(T(x, 'x'), [T(x, 'w')], 1e-5)[0]],
  rmsNorm: [normOperands, (x) => rmsNorm(T(x, 'x'), T(x, 'w'), 1e-5)[0]],
  'attention, causal': [{ q: heads(4, 4), k: heads(5, 4), v: heads(6, 4) }, attends(true)],
  'attention, not causal': [{ q: heads(4, 4), k: heads(5, 4), v: heads(6, 4) }, attends(false)],
  'attention, causal, heads shared': [{ q: heads(4, 4), k: heads(7, 2), v: heads(8, 2) }, attends(true)],
  rotary: [
    { x: numbers(9, [2, 2, 5, 6], { scale: 2 }) },
    (x) => {
      const { cos, sin } = rotaryAngles(5, 6, 10_000);
      return rotary(T(x, 'x'), { cos: constant(cos), sin: constant(sin) });
    },
  ],
  crossEntropy: [{ logits: numbers(10, [5, 7], { scale: 6 }) }, (x) => crossEntropy(T(x, 'logits'), ids([3, -1, 0, 6, -1], 5))[0]],
  'gelu, erf': [activations, (x) => gelu(T(x, 'x'), 'erf')],
  'gelu, tanh': [activations, (x) => gelu(T(x, 'x'), 'tanh')],
  silu: [activations, (x) => silu(T(x, 'x'))],
  'max with ties': [
    { x: hostTensor('float32', [3, 3], Float32Array.of(1, 3, 3, 2, 2, 2, 0, -1, 5)) },
    (x) => max(T(x, 'x'), { axes: [-1] }),
  ],
  'gather, ids repeated': [{ table: numbers(12, [5, 3]) }, (x) => gather(T(x, 'table'), ids([4, 0, 4, 2], 2, 2))],
};

const { cases } = torchVectors('operations');

test('every vector has its case', () => {
  expect(cases.map(({ name }) => name)).toEqual(Object.keys(CASES));
});

describe.for(cases.map((each) => [each.name, each] as const))('%s', ([name, vector]) => {
  const [operands, build] = CASES[name] as readonly [Operands, Build];
  const x = Object.fromEntries(Object.entries(operands).map(([key, { dtype, shape }]) => [key, input(key, dtype, axes('', ...shape))]));
  const result = build(x) as Tensor;
  const loss = sum(
    multiply(
      result,
      constant(
        numbers(
          99,
          result.shape.map(({ size }) => Number(size)),
        ),
      ),
    ),
  );
  const byOperand = gradients(loss, Object.values(x)).map((gradient, index) => [`by ${Object.keys(x)[index]}`, gradient] as const);
  const graph = buildGraph({ result, ...Object.fromEntries(byOperand) });
  const feeds = Object.fromEntries(Object.entries(operands).map(([key, tensor]) => [key, fromHost(tensor)]));
  const expected = new Map([
    ['result', arrayOf(vector.result)],
    ...Object.entries(vector.gradients).map(([key, plain]) => [`by ${key}`, arrayOf(plain)] as const),
  ]);

  test.for([
    ['the interpreter', async () => evaluateGraph(graph, feeds), 1e-6],
    ['ONNX Runtime', async () => runOnnx(graph, feeds), 1e-4],
  ] as const)('by %s', async ([, run, tolerance]) => {
    const actual = await run();
    for (const [what, value] of expected) expect(relativeError(actual.get(what), value), what).toBeLessThan(tolerance);
  });
});
