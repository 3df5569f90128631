/** The two graphs of an encoder-decoder transformer at work: a batch of sources is read once, then targets are written a token a run. */

import { axes, buildGraph, input, logSoftmax, reshape } from '../../graph/index.ts';
import type { Graph } from '../../graph/index.ts';
import type { Seq2SeqModel } from '../../models/index.ts';
import { attentionCache, paddingOf } from '../../nn/index.ts';
import { nextOf } from '../graphs.ts';

/** The name of keys or values of a decoder layer's memory. */
const memoryName = (part: 'keys' | 'values', layer: number): string => `memory.${layer}.${part}`;

/** Reads sources: `source` (int32, B S) and `sourcePositions` (int32, S) in; keys and values of each decoder layer (B H S D) out. */
export function sourceGraph(model: Seq2SeqModel, padToken: number): Graph {
  const ids = input('source', 'int32', axes('B S', 'B', 'S'));
  const positions = input('sourcePositions', 'int32', axes('S', 'S'));
  const layers = model.memory(model.encode({ ids, positions, keyPadding: paddingOf(ids, padToken) }, {}));
  const outputs = layers.flatMap(({ keys, values }, layer) => [
    [memoryName('keys', layer), keys] as const,
    [memoryName('values', layer), values] as const,
  ]);
  return buildGraph(Object.fromEntries(outputs));
}

/**
 * Writes one more token of each of `beams` hypotheses a source. Inputs: `ids`, `positions` (int32, R 1, R = B · beams), `parents`
 * (int32, R: which hypothesis of the last run each goes on from), `lastPositions` (int32, R), `totalLength` (int32), `source`
 * (int32, B S, for its padding), the memory of {@link sourceGraph}, and caches (R H M D). Outputs: `logProbabilities` (R V), and each
 * cache under `next:` and its name.
 */
export function targetGraph(model: Seq2SeqModel, { padToken, beams }: { readonly padToken: number; readonly beams: number }): Graph {
  const { decoderLayers, heads, width } = model.config;
  const cache = { ...attentionCache('R', 1, { length: 'M' }), parents: input('parents', 'int32', axes('R', 'R')) };
  const memory = (part: 'keys' | 'values', layer: number) =>
    input(memoryName(part, layer), 'float32', axes('B H S D', 'B', heads, 'S', width / heads));
  const layers = Array.from({ length: decoderLayers }, (_, layer) => ({ keys: memory('keys', layer), values: memory('values', layer) }));
  const memoryPadding = paddingOf(input('source', 'int32', axes('B S', 'B', 'S')), padToken);
  const ids = input('ids', 'int32', axes('B T', 'R', 1));
  const hidden = model.decode({ ids, memory: { layers, hypotheses: beams }, memoryPadding }, { cache }); // R 1 C
  const logits = model.logits(reshape(hidden, [{ name: 'N', size: 'R' }, ...hidden.shape.slice(-1)])); // R V
  const updates = Array.from(cache.updates, ([name, tensor]) => [nextOf(name), tensor] as const);
  return buildGraph({ logProbabilities: logSoftmax(logits), ...Object.fromEntries(updates) });
}
