/**
 * Group-relative policy optimisation. Shao et al. 2024, "DeepSeekMath", section 4.1, equations 3 and 4: for each token of each of a
 * group's replies `min(ρ·A, clip(ρ, 1 - ε, 1 + ε)·A) - β·KL`, ρ the ratio to the policy that sampled it, A the reward normalised in the
 * group, KL the estimate `e^(ref - π) - (ref - π) - 1`; averaged over the tokens of a reply, then over replies.
 */

import { axes, exp, maximum, minimum, multiply, reshape, subtract, sum } from '../../graph/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import { defineObjective } from '../../train/index.ts';
import type { Objective } from '../../train/index.ts';
import { fineTuned } from './fine-tuned.ts';
import { tokenLogProbabilities } from './log-probabilities.ts';
import type { FineTuneOptions } from './supervised.ts';

/** The tensors of a batch of {@link grpo}. */
export type GrpoFeed = 'inputs' | 'targets' | 'old' | 'reference' | 'shares' | 'advantages' | 'rewards';

/** Options of {@link grpo}. */
export interface GrpoOptions extends FineTuneOptions {
  /** ε: how far the ratio may lead from 1; default 0.2. */
  readonly clip?: number;
  /** β: the weight of the KL divergence from the reference; default 0.04, as in the paper. */
  readonly beta?: number;
}

/**
 * The objective of group-relative policy optimisation, on the batches of `sampleGroups`: `inputs` and `targets` (int32, B T), `old` and
 * `reference` (B T: log-probabilities of the targets by the policy that sampled them and by the reference), `shares` (B T: 1 over the
 * length of the reply, 0 elsewhere), `advantages` and `rewards` (B).
 *
 * Metrics, means over the replies: `reward`, and `divergence`, the KL from the reference a token.
 */
export function grpo(model: LanguageModel, { contextLength, trains, clip = 0.2, beta = 0.04 }: GrpoOptions): Objective<GrpoFeed> {
  return defineObjective({
    tokensPerExample: contextLength,
    feeds: (batchSize) => {
      const shape = axes('B T', batchSize, contextLength);
      const [ids, numbers] = [{ dtype: 'int32', shape } as const, { dtype: 'float32', shape } as const];
      const one = { dtype: 'float32', shape: axes('B', batchSize) } as const;
      return { inputs: ids, targets: ids, old: numbers, reference: numbers, shares: numbers, advantages: one, rewards: one };
    },
    losses: ({ inputs, targets, old, reference, shares, advantages, rewards }, context) => {
      const policy = tokenLogProbabilities(model, { inputs, targets }, context); // B T
      const advantage = reshape(advantages, [...advantages.shape, ...axes('T', 1)]); // B 1
      const ratio = exp(subtract(policy, old));
      const clipped = minimum(maximum(ratio, 1 - clip), 1 + clip);
      const gain = minimum(multiply(ratio, advantage), multiply(clipped, advantage));
      const lead = subtract(reference, policy);
      const divergence = subtract(subtract(exp(lead), lead), 1);
      const total = sum(multiply(subtract(multiply(divergence, beta), gain), shares));
      return {
        losses: [{ total, trains: trains ?? fineTuned(model) }],
        metrics: { reward: sum(rewards), divergence: sum(multiply(divergence, shares)) },
      };
    },
  });
}
