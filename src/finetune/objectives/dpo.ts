/**
 * Direct preference optimisation: `-ln σ(β·((π(chosen) - ref(chosen)) - (π(rejected) - ref(rejected))))`, log-probabilities of whole
 * replies. Rafailov et al. 2023, "Direct Preference Optimization: Your Language Model is Secretly a Reward Model", equation 7.
 */

import { axes, cast, less, multiply, negate, reshape, slice, subtract, sum } from '../../graph/index.ts';
import type { Tensor } from '../../graph/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import { defineObjective } from '../../train/index.ts';
import type { Objective } from '../../train/index.ts';
import { fineTuned } from './fine-tuned.ts';
import { asRows, logSigmoid, tokenLogProbabilities } from './log-probabilities.ts';
import type { FineTuneOptions } from './supervised.ts';

/** Options of {@link dpo}. */
export interface DpoOptions extends FineTuneOptions {
  /** How strongly the model is held to the reference; default 0.1. */
  readonly beta?: number;
}

/**
 * The objective of direct preference optimisation, on the batches of `preferenceBatches`: `inputs` and `targets` (int32, B 2 T: chosen,
 * rejected), `reference` (B 2) and `counts` (B: 1, or 0 for what fills a batch up).
 *
 * Metrics: `accuracy`, the share of pairs in which the chosen reply has the larger implicit reward, and `margin`, by how much on average.
 *
 * @example
 * ```ts
 * import { dpo } from 'weft/finetune';
 * import { gpt } from 'weft/models';
 *
 * const model = gpt({ layers: 1, heads: 1, width: 8, contextLength: 4, vocabSize: 4 });
 * console.log(Object.keys(dpo(model, { contextLength: 4 }).feeds(2))); // [ 'inputs', 'targets', 'reference', 'counts' ]
 * ```
 */
export function dpo(
  model: LanguageModel,
  { contextLength, trains, beta = 0.1 }: DpoOptions,
): Objective<'inputs' | 'targets' | 'reference' | 'counts'> {
  return defineObjective({
    tokensPerExample: 2 * contextLength,
    feeds: (batchSize) => {
      const ids = { dtype: 'int32', shape: axes('B P T', batchSize, 2, contextLength) } as const;
      return {
        inputs: ids,
        targets: ids,
        reference: { dtype: 'float32', shape: axes('B P', batchSize, 2) },
        counts: { dtype: 'float32', shape: axes('B', batchSize) },
      };
    },
    losses: ({ inputs, targets, reference, counts }, context) => {
      const tokens = tokenLogProbabilities(model, { inputs: asRows(inputs), targets: asRows(targets) }, context); // 2B T
      const replies = reshape(sum(tokens, { axes: [-1] }), reference.shape); // B P
      const rewards = multiply(subtract(replies, reference), beta);
      const side = (start: number): Tensor => slice(rewards, 1, { start, end: start + 1 });
      const margin = reshape(subtract(side(0), side(1)), counts.shape); // B
      return {
        losses: [{ total: negate(sum(multiply(logSigmoid(margin), counts))), trains: trains ?? fineTuned(model) }],
        metrics: { accuracy: sum(cast(less(0, margin), 'float32')), margin: sum(margin) },
      };
    },
  });
}
