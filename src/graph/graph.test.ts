/** Building graphs: each node once, none without use, in an order that can run, however deep. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill } from '../../test/oracle/nd-array.ts';
import { hostTensor } from '../core/index.ts';
import {
  add,
  axes,
  buildGraph,
  collectParameters,
  constant,
  exp,
  input,
  isKind,
  layerNorm,
  matmul,
  multiply,
  negate,
  parameter,
  reshape,
  scalar,
  scope,
  state,
  sum,
  transpose,
} from './index.ts';
import type { Graph, Tensor } from './index.ts';

const x = input('x', 'float32', axes('T', 4));
const kinds = (graph: Graph): string => graph.nodes.map(({ kind }) => kind).join(' ');
const ZERO = { kind: 'constant', value: 0 } as const;

describe('equal nodes become one', () => {
  test('when kind, operands and attributes are equal', () => {
    expect(kinds(buildGraph({ y: add(exp(x), exp(x)) }))).toBe('input exp add');
    expect(kinds(buildGraph({ y: sum(x), z: sum(x, { axes: [0] }) }))).toBe('input sum');
  });

  test('through several levels, and over several outputs', () => {
    const branch = (): Tensor => negate(exp(multiply(x, 2)));
    const graph = buildGraph({ a: branch(), b: branch(), c: exp(branch()) });
    expect(kinds(graph)).toBe('input constant multiply exp negate exp');
    expect(graph.outputs.get('a')?.node).toBe(graph.outputs.get('b')?.node);
  });

  test('inputs and parameters called for twice are one', () => {
    const again = input('x', 'float32', axes('T', 4));
    expect(kinds(buildGraph({ y: add(x, again) }))).toBe('input add');
    const weight = (): Tensor => parameter('w', axes('C', 4), ZERO);
    expect(collectParameters([add(weight(), weight())])).toHaveLength(1);
  });

  test('small constants by their content, large ones by their array', () => {
    const small = (): Tensor => constant(hostTensor('float32', [2], Float32Array.of(1, 2)));
    const array = new Float32Array(65);
    const large = (data: Float32Array): Tensor => constant(hostTensor('float32', [65], data));
    expect(buildGraph({ a: small(), b: small() }).nodes).toHaveLength(1);
    expect(buildGraph({ a: large(array), b: large(array) }).nodes).toHaveLength(1);
    expect(buildGraph({ a: large(array), b: large(new Float32Array(65)) }).nodes).toHaveLength(2);
  });

  test.for([
    ['attributes', () => [sum(x), sum(x, { keep: true })]],
    ['the order of operands', () => [add(x, 1), add(1, x)]],
    ['constants of another dtype', () => [scalar(1), scalar(1, 'int32')]],
    ['zeros of another sign', () => [scalar(0), scalar(-0)]],
    ['constants of another shape', () => [constant(hostTensor('float32', [1, 2])), constant(hostTensor('float32', [2, 1]))]],
    [
      'results of one node',
      () =>
        layerNorm(x, [parameter('w', axes('C', 4), ZERO)], 1e-5)
          .slice(1)
          .map(exp),
    ],
    ['inputs of another name', () => [exp(input('a', 'float32', [])), exp(input('b', 'float32', []))]],
  ] as const)('not when they differ in %s', ([, make]) => {
    const [a, b] = make() as [Tensor, Tensor];
    const { outputs } = buildGraph({ a, b });
    const [left, right] = [outputs.get('a'), outputs.get('b')];
    expect(left?.node === right?.node && left?.index === right?.index).toBe(false);
  });
});

test('nodes without use vanish, inputs too', () => {
  const unused = input('unused', 'float32', axes('T', 4));
  exp(add(x, unused));
  const graph = buildGraph({ y: negate(x) });
  expect(kinds(graph)).toBe('input negate');
  expect(graph.inputs.map(({ attributes }) => attributes.name)).toEqual(['x']);
});

test('an output may be an input, and one tensor may have two names', () => {
  const y = exp(x);
  const graph = buildGraph({ x2: x, a: y, b: y });
  expect([...graph.outputs.keys()]).toEqual(['x2', 'a', 'b']);
  expect(graph.nodes).toHaveLength(2);
});

test('every node stands behind its operands', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1e6), fc.nat(1e6), fc.boolean()), { minLength: 1, maxLength: 60 }), (steps) => {
      const made: Tensor[] = [x];
      for (const [left, right, addition] of steps)
        made.push((addition ? add : multiply)(made[left % made.length]!, made[right % made.length]!));
      const { nodes } = buildGraph({ y: made.at(-1)!, z: made[Math.floor(made.length / 2)]! });
      const place = new Map(nodes.map((node, index) => [node, index]));
      for (const [index, node] of nodes.entries()) for (const operand of node.inputs) expect(place.get(operand.node)).toBeLessThan(index);
    }),
  );
});

test('a graph means the same with its equal nodes made one', () => {
  const doubled = (depth: number): Tensor => (depth === 0 ? x : multiply(add(doubled(depth - 1), doubled(depth - 1)), 0.5));
  const graph = buildGraph({ y: doubled(10) });
  expect(graph.nodes).toHaveLength(22);
  expect([...evaluateGraph(graph, { x: fill('float32', [4], ([t = 0]) => t) }).get('y')!.data]).toEqual([0, 1, 2, 3]);
});

describe('depth', () => {
  test('a chain of 50,000 nodes is no deep recursion', () => {
    let y: Tensor = x;
    for (let depth = 0; depth < 50_000; depth++) y = depth % 2 === 0 ? negate(y) : add(y, y);
    expect(buildGraph({ y }).nodes).toHaveLength(50_001);
  });

  test('a node of 50,000 readers', () => {
    const { nodes } = buildGraph(
      Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`y${index}`, index % 2 === 0 ? negate(x) : exp(x)])),
    );
    expect(nodes).toHaveLength(3);
  });
});

describe('parameters', () => {
  test('come in the order of their use, with their scope, without feeds and state', () => {
    const weight = (name: string): Tensor => parameter(name, axes('C C', 4, 4), { kind: 'normal', standardDeviation: 0.02 });
    const second = scope('b', () => weight('w'));
    const first = scope('a', () => scope('inner', () => weight('w')));
    const y = matmul(matmul(add(input('f', 'float32', axes('C C', 4, 4)), state('s', axes('C C', 4, 4))), first), second);
    expect(collectParameters([y]).map(({ name, initializer }) => [name, initializer.kind])).toEqual([
      ['a.inner.w', 'normal'],
      ['b.w', 'normal'],
    ]);
  });

  test('a scope ends when its building throws', () => {
    expect(() =>
      scope('lost', () => {
        throw new RangeError('stop');
      }),
    ).toThrow('stop');
    expect(parameter('w', [], ZERO).label).toBe('w');
  });
});

test('axes of unknown size keep their symbols', () => {
  const ids = input('ids', 'float32', axes('B T C', 'B', 'T', 8));
  expect(transpose(ids, [1, 0, 2]).shape.map(({ size }) => size)).toEqual(['T', 'B', 8]);
  expect(reshape(ids, axes('N C', 'B·T', 8)).shape.map(({ size }) => size)).toEqual(['B·T', 8]);
  expect(isKind(ids.node, 'input') && ids.node.attributes.shape[0]?.size).toBe('B');
  const feeds = { ids: fill('float32', [2, 3, 8], () => 1) };
  expect(evaluateGraph(buildGraph({ y: reshape(ids, axes('N C', 'B·T', 8)) }), feeds).get('y')?.shape).toEqual([6, 8]);
});
