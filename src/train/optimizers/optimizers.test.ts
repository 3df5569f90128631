/** Every optimizer and schedule against PyTorch (Lion and Muon: their papers' equations in float64). */

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../../test/oracle/interpreter.ts';
import { fill, fromHost } from '../../../test/oracle/nd-array.ts';
import type { NdArray } from '../../../test/oracle/nd-array.ts';
import { runOnnx } from '../../../test/oracle/run-graph.ts';
import { arrayOf, numbers, torchVectors } from '../../../test/vectors/torch-vectors.ts';
import { axes, buildGraph, input } from '../../graph/index.ts';
import type { Tensor } from '../../graph/index.ts';
import { adam, adamw, lion, muon, oneCycle, sgd, warmupCosine, warmupLinear, warmupStableDecay } from '../index.ts';
import type { Optimizer, ParameterGroup } from '../index.ts';

const OPTIMIZERS: Readonly<Record<string, Optimizer>> = {
  sgd: sgd({ learningRate: 0.1 }),
  'sgd, momentum': sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 }),
  'sgd, nesterov': sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  adam: adam({ learningRate: 0.1, betas: [0.9, 0.99] }),
  'adam, L2': adam({ learningRate: 0.1, betas: [0.9, 0.99], weightDecay: 0.1 }),
  adamw: adamw({ learningRate: 0.1, betas: [0.9, 0.99], weightDecay: 0.1 }),
  lion: lion({ learningRate: 0.1, weightDecay: 0.1 }),
  'muon, tall': muon({ learningRate: 0.1, weightDecay: 0.1, others: sgd({ learningRate: 1 }) }),
  'muon, wide': muon({ learningRate: 0.1, weightDecay: 0.1, others: sgd({ learningRate: 1 }) }),
};
const number = (value: number): NdArray => ({ dtype: 'float32', shape: [], data: Float64Array.of(value) });

const { cases, schedules } = torchVectors('optimizers');

test('every vector has its optimizer', () => {
  expect(cases.map(({ name }) => name)).toEqual(Object.keys(OPTIMIZERS));
});

describe.for(cases.map((each) => [each.name, each] as const))('%s', ([name, { after }]) => {
  const { rule } = (OPTIMIZERS[name] as Optimizer).groups[0] as ParameterGroup;
  const shape = after[0]?.shape ?? [];
  const tensor = (label: string): Tensor => input(label, 'float32', axes('', ...shape));
  const scalarOf = (label: string): Tensor => input(label, 'float32', []);
  // Clipping halves a gradient that is fed at twice its size.
  const next = rule.update({
    parameter: tensor('p'),
    gradient: tensor('g'),
    gradientScale: scalarOf('scale'),
    states: rule.stateNames.map(tensor),
    scalars: Object.fromEntries(rule.scalarNames.map((label) => [label, scalarOf(`scalar:${label}`)])),
    decays: true,
  });
  const graph = buildGraph({
    'next:p': next.parameter,
    ...Object.fromEntries(rule.stateNames.map((label, index) => [`next:${label}`, next.states[index] as Tensor])),
  });

  test.for([
    ['the interpreter', async (feeds: Readonly<Record<string, NdArray>>) => evaluateGraph(graph, feeds), 1e-6],
    ['ONNX Runtime', async (feeds: Readonly<Record<string, NdArray>>) => runOnnx(graph, feeds), 1e-5],
  ] as const)('by %s', async ([, run, tolerance]) => {
    const zero = fill('float32', shape, () => 0);
    let state: Record<string, NdArray> = { p: fromHost(numbers(1, shape, { scale: 2 })) };
    for (const label of rule.stateNames) state[label] = zero;
    for (const [step, expected] of after.entries()) {
      const g = fromHost(numbers(10 + step, shape));
      const results = await run({
        ...state,
        g: { ...g, data: g.data.map((value) => 2 * value) },
        scale: number(0.5),
        ...Object.fromEntries(Object.entries(rule.scalars(step)).map(([label, value]) => [`scalar:${label}`, number(value)])),
      });
      state = Object.fromEntries([...results].map(([label, value]) => [label.slice('next:'.length), value]));
      expect(relativeError(state['p'], arrayOf(expected)), `step ${step}`).toBeLessThan(tolerance);
    }
  });
});

describe('schedules', () => {
  test.for([
    ['oneCycle', oneCycle({ peak: 0.5, total: 40 })],
    ['oneCycle, early', oneCycle({ peak: 0.5, total: 40, rise: 0.1, initialDivisor: 10, finalDivisor: 100 })],
  ] as const)("%s is PyTorch's", ([name, rate]) => {
    for (const [step, expected] of (schedules[name] ?? []).entries()) expect(rate(step)).toBeCloseTo(expected, 8);
    expect(rate(1000)).toBeCloseTo(schedules[name]?.at(-1) ?? NaN, 8);
  });

  test('end at their floors and are never above their peaks', () => {
    for (const rate of [
      warmupCosine({ peak: 1, warmup: 5, total: 50, floor: 0.1 }),
      warmupLinear({ peak: 1, warmup: 5, total: 50, floor: 0.1 }),
      warmupStableDecay({ peak: 1, warmup: 5, total: 50, floor: 0.1 }),
    ]) {
      const rates = Array.from({ length: 80 }, (_, step) => rate(step));
      expect(Math.max(...rates)).toBeLessThanOrEqual(1);
      for (const last of rates.slice(50)) expect(last).toBeCloseTo(0.1, 12);
    }
  });
});

test('muon leaves embeddings, heads, positions and vectors to the other optimizer', () => {
  const others = adamw({ learningRate: 1e-3 });
  const optimizer = muon({ learningRate: 0.02, others });
  const groupOf = (name: string, shape: readonly number[]): number => optimizer.groups.findIndex(({ has }) => has({ name, shape }));
  expect(groupOf('blocks.0.feedForward.up.weight', [8, 4])).toBe(0);
  expect(groupOf('features.0.weight', [8, 4, 3, 3])).toBe(0);
  for (const [name, shape] of [
    ['tokens.weight', [9, 4]],
    ['encoder.positions.weight', [9, 4]],
    ['head.weight', [9, 4]],
    ['blocks.0.norm.weight', [4]],
  ] as const)
    expect(groupOf(name, shape), name).toBe(1);
});

test.for([
  ['a negative rate', () => adamw({ learningRate: -1 })],
  ['a beta of 1', () => adam({ learningRate: 1, betas: [0.9, 1] })],
  ['nesterov without momentum', () => sgd({ learningRate: 1, nesterov: true })],
  ['a negative decay', () => lion({ learningRate: 1, weightDecay: -1 })],
  ['no iterations', () => muon({ learningRate: 1, iterations: 0, others: sgd({ learningRate: 1 }) })],
] as const)('misuse: %s', ([, make]) => {
  expect(make).toThrow(expect.objectContaining({ code: 'WEFT_TRAIN_OPTION' }));
});
