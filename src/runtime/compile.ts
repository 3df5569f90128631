/** From a graph to a session: lowered for the device at hand, encoded, loaded. */

import type { HostTensor } from '../core/index.ts';
import type { Graph } from '../graph/index.ts';
import { encodeModel, lowerGraph } from '../onnx/index.ts';
import type { SessionOptions } from './session-options.ts';
import { createSession } from './session.ts';
import type { Session } from './session.ts';

/** Options of {@link compileGraph}. */
export interface CompileOptions extends Omit<SessionOptions, 'initializers'> {
  /** Weights that become constants of the session, pre-packed by ONNX Runtime, by parameter name. They are copied while it is created, and may be dropped then. */
  readonly weights?: ReadonlyMap<string, HostTensor<'float32'>>;
}

/**
 * Compiles a graph for the CPU.
 *
 * @example
 * ```ts
 * import { hostTensor } from 'weft';
 * import { axes, buildGraph, input, multiply } from 'weft/graph';
 * import { compileGraph } from 'weft/runtime';
 *
 * const x = input('x', 'float32', axes('N', 'N'));
 * const session = await compileGraph(buildGraph({ y: multiply(x, x) }));
 * const { y } = await session.run({ x: hostTensor('float32', [3], new Float32Array([1, 2, 3])) });
 * console.log(y?.data); // Float32Array(3) [ 1, 4, 9 ]
 * session.close();
 * ```
 */
export async function compileGraph(graph: Graph, { weights, ...options }: CompileOptions = {}): Promise<Session> {
  const model = lowerGraph(graph, weights === undefined ? {} : { weights, weightStorage: 'outside' });
  return createSession(encodeModel(model), weights === undefined ? options : { ...options, initializers: weights });
}

/**
 * The bytes of a graph as a standard ONNX model, weights inside: what {@link compileGraph} loads, for a file or another runtime.
 *
 * @param weights by parameter name; parameters that are not among them stay inputs
 * @throws UsageError `WEFT_ONNX_TOO_LARGE` above the 2 GiB of a protobuf file
 */
export function encodeGraph(graph: Graph, weights: ReadonlyMap<string, HostTensor<'float32'>> = new Map()): Uint8Array {
  return encodeModel(lowerGraph(graph, { weights }));
}
