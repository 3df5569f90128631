/**
 * The one check of an operation: its value on ONNX Runtime against the interpreter; its gradient by the rules, run by the
 * interpreter, against finite differences; and the same gradient on ONNX Runtime against the interpreter.
 */

import { gradients } from '../../src/autodiff/index.ts';
import { createRandom } from '../../src/core/index.ts';
import { add, buildGraph, constant, multiply, sum } from '../../src/graph/index.ts';
import type { Graph, Tensor } from '../../src/graph/index.ts';
import { evaluateGraph } from './interpreter.ts';
import { fill, toHost } from './nd-array.ts';
import type { NdArray } from './nd-array.ts';
import { operandsOf } from './op-case.ts';
import type { OpCase } from './op-case.ts';

/** The largest relative error that passes, of values and gradients. */
export const TOLERANCE = 1e-4;

/** What was compared, and the largest relative error found. */
export interface Comparison {
  readonly what: string;
  readonly error: number;
}

/** Runs a graph somewhere else than in the interpreter. */
export type RunGraph = (graph: Graph, feeds: Readonly<Record<string, NdArray>>) => Promise<ReadonlyMap<string, NdArray>>;

/**
 * The largest error of `actual`, relative to each expected element or, where that is small, to the root mean square of all
 * (at least 0.001: what should be 0 in float32 is not judged by its last bits).
 * Infinite when dtype or shape differ, or one side is not a number where the other is.
 */
export function relativeError(actual: NdArray | undefined, expected: NdArray | undefined): number {
  if (actual === undefined || expected === undefined) return Infinity;
  if (actual.dtype !== expected.dtype || actual.shape.join() !== expected.shape.join()) return Infinity;
  const typical = Math.max(
    1e-3,
    Math.sqrt(expected.data.reduce((total, value) => total + value * value, 0) / Math.max(1, expected.data.length)),
  );
  let worst = 0;
  for (const [index, value] of expected.data.entries()) {
    const other = actual.data[index] ?? NaN;
    if (Object.is(other, value) || other === value) continue;
    const error = Math.abs(other - value) / Math.max(Math.abs(value), typical);
    worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
  }
  return worst;
}

/** A scalar that depends on every element of the results, each with a weight of its own. */
function weighted(results: readonly Tensor[]): Tensor {
  const random = createRandom(2, 'weights');
  return results
    .map((result) => {
      const shape = result.shape.map(({ size }) => Number(size));
      return sum(multiply(result, constant(toHost(fill('float32', shape, () => Math.fround(random.normal()))))));
    })
    .reduce(add);
}

/** Derivatives of the scalar output `loss` by one fed array, by central differences. */
export function finiteDifferences(graph: Graph, feeds: Readonly<Record<string, NdArray>>, by: string): NdArray {
  const at = feeds[by] as NdArray;
  const lossAt = (index: number, value: number): number => {
    const data = at.data.slice();
    data[index] = value;
    return evaluateGraph(graph, { ...feeds, [by]: { ...at, data } }).get('loss')?.data[0] ?? NaN;
  };
  const data = at.data.map((value, index) => {
    const step = 1e-5 * Math.min(1, Math.max(0.01, Math.abs(value)));
    return (lossAt(index, value + step) - lossAt(index, value - step)) / (2 * step);
  });
  return { ...at, data };
}

/** Compares an operation's values and gradients; without `run`, its gradients with finite differences alone. */
export async function checkOp(opCase: OpCase, run?: RunGraph): Promise<readonly Comparison[]> {
  const { tensors, feeds } = operandsOf(opCase);
  const results = opCase.build(tensors);
  const outputs: Record<string, Tensor> = Object.fromEntries(results.map((result, index) => [`result ${index}`, result]));
  const by = opCase.differentiable === 0 ? [] : Object.entries(tensors).filter(([, { dtype }]) => dtype === 'float32');
  const comparisons: Comparison[] = [];
  if (by.length > 0) {
    const loss = weighted(results.slice(0, opCase.differentiable));
    const lossGraph = buildGraph({ loss });
    const reached = by.filter(([name]) => lossGraph.inputs.some(({ attributes }) => attributes.name === name));
    for (const [index, gradient] of gradients(
      loss,
      reached.map(([, tensor]) => tensor),
    ).entries()) {
      const name = reached[index]?.[0] ?? '';
      outputs[`gradient by ${name}`] = gradient;
      if (run !== undefined) continue;
      const own = evaluateGraph(buildGraph({ gradient }), feeds).get('gradient');
      comparisons.push({
        what: `gradient by ${name}, against finite differences`,
        error: relativeError(own, finiteDifferences(lossGraph, feeds, name)),
      });
    }
  }
  const graph = buildGraph(outputs);
  const expected = evaluateGraph(graph, feeds);
  if (run === undefined) return comparisons;
  const actual = await run(graph, feeds);
  for (const [what, value] of expected) comparisons.push({ what, error: relativeError(actual.get(what), value) });
  return comparisons;
}

/** The comparisons that fail. */
export function failures(comparisons: readonly Comparison[], tolerance: number = TOLERANCE): readonly Comparison[] {
  return comparisons.filter(({ error }) => !(error <= tolerance));
}
