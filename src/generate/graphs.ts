/** The graph of inference: new tokens on a cache of keys and values, for reading a prompt, decoding and scoring alike. */

import { axes, buildGraph, gather, input, isKind, logSoftmax, reshape, slice } from '../graph/index.ts';
import type { Graph, Size, Tensor } from '../graph/index.ts';
import { withAdapters } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { attentionCache } from '../nn/index.ts';
import type { AdapterDefinition } from '../nn/index.ts';

/** What a graph of inference is built for; a name in place of a number is a size given at run time. */
export interface DecodeGraphOptions {
  /** Sequences B; default `B`. */
  readonly batch?: Size;
  /** New tokens of each sequence T; default `T`. */
  readonly time?: Size;
  /** Positions M that the cache holds; default the model's context length. */
  readonly cacheLength?: Size;
  /** Give the last layer's output, too; default false. */
  readonly hidden?: boolean;
  /** Adapters that each sequence may or may not have, by factors that are given at run time; default none. */
  readonly adapters?: readonly AdapterDefinition[];
}

/** The output that replaces a cache input. */
export function nextOf(name: string): string {
  return `next:${name}`;
}

/**
 * New tokens on a cache.
 *
 * Inputs: `ids` (int32, B T), `positions` (int32, B T; only where the model learns positions), `lastPositions` (int32, B: length
 * of each sequence with its new tokens, minus one), `totalLength` (int32 scalar: the longest of these lengths), `rows` (int32, N:
 * which of the B·T rows are asked for), with adapters `adapterGates` (float32, B K) and `rowGates` (float32, N K), which say how much of each
 * adapter the sequences and the rows have, and the caches (float32, B G M D). Outputs: `logits` and `logProbabilities` (N V), `hidden` (B·T C)
 * where asked for, and each cache under `next:` and its name, to be bound to the input's memory.
 *
 * @param model the definition
 * @param options see {@link DecodeGraphOptions}
 *
 * @example
 * ```ts
 * import { decodeGraph } from 'weft/generate';
 * import { llama } from 'weft/models';
 *
 * const graph = decodeGraph(llama({ layers: 1, heads: 2, width: 32, contextLength: 16, vocabSize: 40 }));
 * console.log([...graph.outputs.keys()].join(' ')); // logits logProbabilities next:blocks.0.attention.cache.keys next:blocks.0.attention.cache.values
 * ```
 */
export function decodeGraph(
  model: LanguageModel,
  { batch = 'B', time = 'T', cacheLength = model.contextLength, hidden: withHidden = false, adapters = [] }: DecodeGraphOptions = {},
): Graph {
  const cache = attentionCache(batch, time, { length: cacheLength, longest: model.contextLength });
  const adapted = adapters.length === 0 ? model : withAdapters(model, adapters);
  const hidden = adapted.hidden(input('ids', 'int32', axes('B T', batch, time)), { cache, ...gatesOf(adapters, 'adapterGates', batch) }); // B T C
  const count = typeof batch === 'number' && typeof time === 'number' ? batch * time : 'B·T';
  const flat = reshape(hidden, [{ name: 'N', size: count }, ...hidden.shape.slice(-1)]);
  const logits = adapted.logits(gather(flat, input('rows', 'int32', axes('N', 'N'))), gatesOf(adapters, 'rowGates', 'N')); // N C -> N V
  const updates = Array.from(cache.updates, ([name, tensor]) => [nextOf(name), tensor] as const);
  return buildGraph({
    logits,
    logProbabilities: logSoftmax(logits),
    ...(withHidden ? { hidden: flat } : {}),
    ...Object.fromEntries(updates),
  });
}

/** The factors of each adapter: a column of an input, for sequences (B 1 1) or for rows (N 1). */
function gatesOf(
  adapters: readonly AdapterDefinition[],
  name: 'adapterGates' | 'rowGates',
  size: Size,
): { readonly adapterGates?: ReadonlyMap<string, Tensor> } {
  if (adapters.length === 0) return {};
  const sequences = name === 'adapterGates';
  const all = input(name, 'float32', axes(sequences ? 'B K' : 'N K', size, adapters.length));
  const column = (index: number): Tensor => slice(all, 1, { start: index, end: index + 1 });
  const shaped = (gate: Tensor): Tensor => (sequences ? reshape(gate, axes('B T R', size, 1, 1)) : gate);
  return { adapterGates: new Map(adapters.map((adapter, index) => [adapter.name, shaped(column(index))])) };
}

/** Names and sizes of a decoding graph's caches, for one sequence of at most `longest` tokens, where the graph leaves that open. */
export function cacheShapes(graph: Graph, longest: number = NaN): ReadonlyMap<string, readonly number[]> {
  const caches = graph.nodes.flatMap((node) => (isKind(node, 'input') && node.attributes.role === 'state' ? [node.attributes] : []));
  return new Map(
    caches.map(({ name, shape }) => [name, shape.map(({ size }, axis) => (axis === 0 ? 1 : typeof size === 'number' ? size : longest))]),
  );
}
