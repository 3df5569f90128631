/**
 * Reward-weighted regression: the likelihood of texts, each by e^(reward/temperature). Peters and Schaal 2007, "Reinforcement Learning by
 * Reward-Weighted Regression for Operational Space Control"; for policies of deep networks Peng et al. 2019.
 */

import { UsageError } from '../../core/index.ts';
import { axes, multiply, negate, sum } from '../../graph/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import { defineObjective } from '../../train/index.ts';
import type { Objective } from '../../train/index.ts';
import { fineTuned } from './fine-tuned.ts';
import { tokenLogProbabilities } from './log-probabilities.ts';
import type { FineTuneOptions } from './supervised.ts';

/**
 * The objective of reward-weighted regression, on the batches of `packChats` for examples that have weights: see {@link rewardWeights}.
 *
 * @example
 * ```ts
 * import { packChats, rewardWeighted, rewardWeights } from 'weft/finetune';
 * import { gpt } from 'weft/models';
 *
 * const model = gpt({ layers: 1, heads: 1, width: 8, contextLength: 4, vocabSize: 4 });
 * const weights = rewardWeights([1, 0], { temperature: 0.5 });
 * const chats = weights.map((weight, index) => ({ ids: Int32Array.of(1, 2, index), isReply: Uint8Array.of(0, 0, 1), weight }));
 * const { weights: perToken } = packChats(chats, { batchSize: 1, contextLength: 4, seed: 1 }).batch(0);
 * console.log(Object.keys(rewardWeighted(model, { contextLength: 4 }).feeds(1)).at(-1), perToken.length); // weights 4
 * ```
 */
export function rewardWeighted(
  model: LanguageModel,
  { contextLength, trains }: FineTuneOptions,
): Objective<'inputs' | 'targets' | 'segments' | 'positions' | 'weights'> {
  return defineObjective({
    tokensPerExample: contextLength,
    feeds: (batchSize) => {
      const shape = axes('B T', batchSize, contextLength);
      const ids = { dtype: 'int32', shape } as const;
      return { inputs: ids, targets: ids, segments: ids, positions: ids, weights: { dtype: 'float32', shape } };
    },
    losses: ({ inputs, targets, segments: ids, positions, weights }, context) => {
      const tokens = tokenLogProbabilities(model, { inputs, targets }, { ...context, segments: { ids, positions } }); // B T
      return { losses: [{ total: negate(sum(multiply(tokens, weights))), trains: trains ?? fineTuned(model) }] };
    },
  });
}

/**
 * Weights of texts by their rewards, `e^(reward/temperature)`, scaled to a mean of 1 so that the learning rate keeps its meaning.
 *
 * @param options `temperature`: the lower, the more the best alone count; default 1.
 * @throws UsageError `WEFT_REWARD` when a reward is no number or the temperature not above 0.
 *
 * @example
 * ```ts
 * import { rewardWeights } from 'weft/finetune';
 *
 * console.log(rewardWeights([0, Math.log(3)]).map((weight) => weight.toFixed(2))); // [ '0.50', '1.50' ]
 * ```
 */
export function rewardWeights(rewards: readonly number[], { temperature = 1 }: { readonly temperature?: number } = {}): readonly number[] {
  for (const [index, reward] of rewards.entries()) requireReward(reward, `number ${index}`);
  if (!(temperature > 0)) throw rewardError('the temperature must be above 0', String(temperature));
  const most = rewards.reduce((a, b) => Math.max(a, b), -Infinity);
  const raw = rewards.map((reward) => Math.exp((reward - most) / temperature));
  const mean = raw.reduce((a, b) => a + b, 0) / raw.length;
  return raw.map((weight) => weight / mean);
}

/** Throws unless a reward is a finite number. */
export function requireReward(reward: number, what: string): void {
  if (!Number.isFinite(reward)) throw rewardError(`each reward must be a finite number, also ${what}`, String(reward));
}

function rewardError(rule: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_REWARD',
    action: 'learn from rewards',
    rule,
    value,
    remedy: 'Let the reward function return a number for every reply, such as 0 for one that it cannot judge.',
  });
}
