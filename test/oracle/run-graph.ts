/** Runs a graph on ONNX Runtime, through the lowering for the CPU: the other side of the comparisons. */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Graph } from '../../src/graph/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';
import { lowerGraph } from '../../src/onnx/lower.ts';
import { fromHost, toHost } from './nd-array.ts';
import type { NdArray } from './nd-array.ts';

export async function runOnnx(graph: Graph, feeds: Readonly<Record<string, NdArray>>): Promise<Map<string, NdArray>> {
  const session = await InferenceSession.create(encodeModel(lowerGraph(graph)), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const given: Record<string, Tensor> = {};
  for (const { attributes } of graph.inputs) {
    const host = toHost(feeds[attributes.name] as NdArray);
    given[attributes.name] = new Tensor(host.dtype as 'float32', host.data as Float32Array, host.shape as number[]);
  }
  const out = await session.run(given);
  await session.release();
  return new Map(Object.entries(out).map(([name, t]) => [name, fromHost({ dtype: t.type as 'float32', shape: t.dims, data: t.data as Float32Array })]));
}
