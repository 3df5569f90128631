/** The slow twin of decoding: the evaluation form of a model, run anew over the whole text for every token. */

import { InferenceSession, Tensor } from 'onnxruntime-node';

import { axes, buildGraph, input } from '../graph/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { encodeGraph } from '../runtime/index.ts';
import type { Weights } from './batching/batch-runner.ts';

/** Logits of every position of `ids` (T V), by the official binding, without a cache. */
export interface Naive {
  logits(ids: Uint32Array): Promise<readonly Float32Array[]>;
  /** `ln p(ids[i] | ids[< i])`, in float64. */
  score(ids: Uint32Array): Promise<readonly number[]>;
  /** The likeliest continuation. */
  greedy(prompt: Uint32Array, count: number): Promise<readonly number[]>;
}

export async function naive(model: LanguageModel, weights: Weights): Promise<Naive> {
  const time = model.contextLength;
  const graph = buildGraph({ logits: model.logits(model.hidden(input('ids', 'int32', axes('B T', 1, time)), {})) });
  const session = await InferenceSession.create(encodeGraph(graph, weights), { intraOpNumThreads: 1 });
  const logits = async (ids: Uint32Array): Promise<readonly Float32Array[]> => {
    // What follows a token does not reach it: the rest may be anything.
    const padded = new Int32Array(time);
    padded.set(ids);
    const data = (await session.run({ ids: new Tensor('int32', padded, [1, time]) }))['logits']?.data as Float32Array;
    return Array.from(ids, (_, row) => data.slice(row * model.vocabSize, (row + 1) * model.vocabSize));
  };
  return {
    logits,
    async score(ids) {
      const rows = await logits(ids);
      return Array.from(ids, (id, index) =>
        index === 0 ? NaN : (rows[index - 1]?.[id] as number) - slowLogSumExp(rows[index - 1] as Float32Array),
      );
    },
    async greedy(prompt, count) {
      const ids = [...prompt];
      while (ids.length < prompt.length + count) {
        const row = (await logits(Uint32Array.from(ids))).at(-1) as Float32Array;
        ids.push(row.indexOf(row.reduce((best, value) => Math.max(best, value), -Infinity)));
      }
      return ids.slice(prompt.length);
    },
  };
}

/** Logarithm of the sum of exponentials, in float64. */
export function slowLogSumExp(row: Float32Array): number {
  const max = row.reduce((best, value) => Math.max(best, value), -Infinity);
  return max + Math.log(row.reduce((sum, value) => sum + Math.exp(value - max), 0));
}
