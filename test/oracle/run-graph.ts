/** Runs a graph on ONNX Runtime, through the lowering for the CPU: the other side of the comparisons. */

import type { Graph } from '../../src/graph/index.ts';
import { compileGraph } from '../../src/runtime/index.ts';
import { fill, fromHost, toHost } from './nd-array.ts';
import type { NdArray } from './nd-array.ts';

/** Zeros for each state that a graph carries, by name. */
export function zeroStates(graph: Graph): Record<string, NdArray> {
  return Object.fromEntries(
    graph.inputs.flatMap(({ attributes: { name, shape, role } }) => {
      if (role !== 'state') return [];
      const sizes = shape.map(({ size }) => Number(size));
      return [[name, fill('float32', sizes, () => 0)]];
    }),
  );
}

/** The value of each output. */
export async function runOnnx(graph: Graph, feeds: Readonly<Record<string, NdArray>>): Promise<Map<string, NdArray>> {
  const session = await compileGraph(graph, { threads: 1 });
  try {
    const given = Object.fromEntries(graph.inputs.map(({ attributes: { name } }) => [name, toHost(feeds[name] as NdArray)]));
    const results = await session.run(given);
    return new Map(Object.entries(results).map(([name, tensor]) => [name, fromHost(tensor)]));
  } finally {
    session.close();
  }
}
