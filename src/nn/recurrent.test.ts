/** Recurrent layers with PyTorch's weights: outputs, last states and gradients, in the interpreter and on ONNX Runtime. */

import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { arrayOf, numbers } from '../../test/vectors/torch-vectors.ts';
import { gradients } from '../autodiff/index.ts';
import { elementCount } from '../core/index.ts';
import { add, axes, buildGraph, collectParameters, constant, input, multiply, parameter, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { gruLayer, lstmLayer, rnnLayer } from './index.ts';

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface TorchCase {
  readonly kind: 'rnn' | 'gru' | 'lstm';
  readonly layers: number;
  readonly bias: boolean;
  readonly first: boolean;
  readonly reset: 'after' | 'before';
  readonly results: Readonly<Record<string, Plain>>;
  readonly gradients: Readonly<Record<string, Plain>>;
}

const file = readFileSync(new URL('../../test/vectors/torch-recurrent.json', import.meta.url), 'utf8');
const { cases } = JSON.parse(file) as { readonly cases: readonly TorchCase[] };
const [B, T, C, F] = [3, 5, 4, 6];

/** PyTorch's name of a parameter: `rnn.1.state.weight` is `weight_hh_l1`. */
function torchName(name: string): string {
  const [, layer = '', part = '', kind = ''] = name.split('.');
  return `${kind}_${part === 'input' ? 'ih' : 'hh'}_l${layer}`;
}

function build({ kind, layers, bias, first, reset }: TorchCase): Readonly<Record<string, Tensor>> {
  const x = input('x', 'float32', axes('B T C', B, T, C));
  const [hidden, cell] = ['hidden', 'cell'].map((name) => input(name, 'float32', axes('L B F', layers, B, F))) as [Tensor, Tensor];
  const options = { name: 'rnn', in: C, hidden: F, layers, biases: bias ? 2 : 0 } as const;
  if (kind === 'lstm') {
    const { output, state } = lstmLayer(x, options, first ? { hidden, cell } : undefined);
    return { output, ...state };
  }
  const given = first ? hidden : undefined;
  const { output, state } = kind === 'rnn' ? rnnLayer(x, options, given) : gruLayer(x, { ...options, reset }, given);
  return { output, hidden: state };
}

describe('against PyTorch, with its weights', () => {
  test.for(
    cases.map(
      (each) => [`${each.kind}, ${each.layers} layers, bias ${each.bias}, state ${each.first}, reset ${each.reset}`, each] as const,
    ),
  )('%s', async ([, each]) => {
    const results = build(each);
    const sizesOf = ({ shape }: Tensor): readonly number[] => shape.map(({ size }) => Number(size));
    const loss = Object.values(results)
      .map((result, index) => sum(multiply(result, constant(numbers(90 + index, sizesOf(result))))))
      .reduce(add);
    const specs = collectParameters([loss]);
    const layers = Array.from({ length: each.layers }, (_, layer) => layer);
    const order = layers.flatMap((layer) =>
      ['weight_ih', 'weight_hh', ...(each.bias ? ['bias_ih', 'bias_hh'] : [])].map((name) => `${name}_l${layer}`),
    );
    expect(specs.map(({ name }) => torchName(name)).sort()).toEqual([...order].sort());
    const by = new Map<string, Tensor>([
      ...Object.keys(each.gradients)
        .filter((name) => !name.includes('_'))
        .map((name) => [name, input(name, 'float32', name === 'x' ? axes('B T C', B, T, C) : axes('L B F', each.layers, B, F))] as const),
      ...specs.map(({ name, shape, initializer }) => [torchName(name), parameter(name, shape, initializer)] as const),
    ]);
    const slopes = gradients(loss, [...by.values()]);
    const named = Object.entries(results).map(([name, result]) => [`last ${name}`, result] as const);
    const graph = buildGraph({
      ...Object.fromEntries(named),
      ...Object.fromEntries([...by.keys()].map((name, index) => [`by ${name}`, slopes[index] as Tensor])),
    });
    const feeds = {
      x: fromHost(numbers(1, [B, T, C], { scale: 3 })),
      hidden: fromHost(numbers(2, [each.layers, B, F], { scale: 2 })),
      cell: fromHost(numbers(3, [each.layers, B, F], { scale: 2 })),
      ...Object.fromEntries(
        specs.map(({ name, shape }) => [
          name,
          fromHost(
            numbers(
              100 + order.indexOf(torchName(name)),
              shape.map(({ size }) => Number(size)),
              { scale: 1.2 },
            ),
          ),
        ]),
      ),
    };
    for (const [actual, values, relative] of [
      [evaluateGraph(graph, feeds), 1e-7, 1e-7],
      [await runOnnx(graph, feeds), 1e-5, 1e-4],
    ] as const) {
      for (const [name, plain] of Object.entries(each.results)) {
        const own = actual.get(`last ${name}`);
        expect(own?.shape, name).toEqual(plain.shape);
        expect(Math.max(...plain.data.map((value, index) => Math.abs(value - (own?.data[index] ?? NaN)))), name).toBeLessThan(values);
      }
      for (const [name, plain] of Object.entries(each.gradients))
        expect(relativeError(actual.get(`by ${name}`), arrayOf(plain)), `gradient by ${name}`).toBeLessThan(relative);
    }
  });
});

test('the gradient of a weight is one product, however many steps there are', () => {
  const products = (time: number): number => {
    const { output } = rnnLayer(input('x', 'float32', axes('B T C', 2, time, 3)), { name: 'rnn', in: 3, hidden: 5 });
    const weights = collectParameters([output]).map(({ name, shape, initializer }) => parameter(name, shape, initializer));
    const graph = buildGraph(Object.fromEntries(gradients(sum(output), weights).map((slope, index) => [String(index), slope])));
    return graph.nodes.filter(({ kind, attributes }) => kind === 'matmul' && (attributes as { transposeA: boolean }).transposeA).length;
  };
  expect([2, 9].map(products)).toEqual([2, 2]);
});

test('one bias does what two of the same sum do', () => {
  const x = input('x', 'float32', axes('B T C', 2, 3, 4));
  const count = (biases: 0 | 1 | 2): number =>
    collectParameters([gruLayer(x, { name: 'gru', in: 4, hidden: 6, biases }).output]).reduce(
      (total, { shape }) => total + elementCount(shape.map(({ size }) => Number(size))),
      0,
    );
  expect([count(0), count(1), count(2)]).toEqual([180, 198, 216]);
});

describe('refuses', () => {
  const x = input('x', 'float32', axes('B T C', 2, 'T', 4));
  test('a series of unknown length', () => {
    expect(() => rnnLayer(x, { name: 'rnn', in: 4, hidden: 6 })).toThrow(expect.objectContaining({ code: 'WEFT_SHAPE_RECURRENT' }));
  });
  test('a series of another width', () => {
    const wide = input('x', 'float32', axes('B T C', 2, 3, 5));
    expect(() => rnnLayer(wide, { name: 'rnn', in: 4, hidden: 6 })).toThrow('a series has the axes B T C, sizes known and C = 4');
  });
  test('a state of another width', () => {
    const fixed = input('x', 'float32', axes('B T C', 2, 3, 4));
    const state = input('state', 'float32', axes('L B F', 1, 2, 5));
    expect(() => gruLayer(fixed, { name: 'rnn', in: 4, hidden: 6 }, state)).toThrow('a state has the axes L B F = 1 2 6');
  });
});
