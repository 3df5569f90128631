/** Training a causal language model: the cross-entropy of each next token. */

import { UsageError, checkOptions } from '../core/index.ts';
import { add, axes, reshape, slice, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import type { SequenceModel, WindowModel } from '../models/index.ts';
import { tokenLosses } from '../nn/index.ts';
import type { TokenLossOptions } from '../nn/index.ts';
import { defineObjective } from './objective.ts';
import type { Objective } from './objective.ts';

/** Options of {@link languageModelling}. */
export interface LanguageModellingOptions extends TokenLossOptions {
  /**
   * Tokens whose logits are in memory at once; default all of a micro-batch. With a large vocabulary and long sequences the logits are the
   * widest tensor of a step: 8,192 tokens of a vocabulary of 128,000 are 4 GB, three times over.
   */
  readonly chunk?: number;
}

/**
 * The objective of a language model on sequences of so many tokens: `inputs` and `targets` (int32, B T, or B where the model predicts one
 * token a window); a negative target is not counted.
 *
 * @param contextLength Tokens of a sequence; default the model's.
 * @param options Label smoothing and z-loss, which evaluations are without; `chunk`.
 * @throws UsageError `WEFT_TRAIN_OPTION` when the chunk is no whole number of at least 1.
 *
 * @example
 * ```ts
 * import { gpt } from 'weft/models';
 * import { languageModelling } from 'weft/train';
 *
 * const model = gpt({ layers: 1, heads: 1, width: 8, contextLength: 4, vocabSize: 4 });
 * console.log(Object.keys(languageModelling(model, 4).feeds(2))); // [ 'inputs', 'targets' ]
 * ```
 */
export function languageModelling(
  model: SequenceModel | WindowModel,
  contextLength: number = model.contextLength,
  options: LanguageModellingOptions = {},
): Objective<'inputs' | 'targets'> {
  checkOptions('train a language model', options, ['labelSmoothing', 'zLoss', 'chunk']);
  const { chunk = Infinity, ...lossOptions } = options;
  if (chunk !== Infinity && (!Number.isSafeInteger(chunk) || chunk < 1)) {
    throw new UsageError({
      code: 'WEFT_TRAIN_OPTION',
      action: 'train a language model',
      rule: 'chunk must be a whole number of at least 1',
      value: String(chunk),
      remedy: 'Leave it out to compute all logits at once.',
    });
  }
  return defineObjective({
    tokensPerExample: contextLength,
    feeds: (batchSize) => {
      const shape = axes('B T', batchSize, contextLength);
      return { inputs: { dtype: 'int32', shape }, targets: { dtype: 'int32', shape: 'padToken' in model ? shape.slice(0, 1) : shape } };
    },
    losses: ({ inputs, targets }, context) => {
      const hidden = model.hidden(inputs, context); // B T C, or B C
      const count = targets.shape.reduce((product, { size }) => product * Number(size), 1);
      const rows = { name: 'N', size: count };
      const [flat, wanted] = [reshape(hidden, [rows, ...hidden.shape.slice(-1)]), reshape(targets, [rows])]; // N C, N
      const size = Math.min(chunk, count);
      const part = (x: Tensor, index: number): Tensor =>
        size === count ? x : slice(x, 0, { start: index * size, end: Math.min(count, (index + 1) * size) });
      const totals = Array.from({ length: Math.ceil(count / size) }, (_, index) => {
        const logits = model.logits(part(flat, index)); // N V
        return sum(tokenLosses(logits, part(wanted, index), context.training === true ? lossOptions : {}));
      });
      return { losses: [{ total: totals.reduce(add) }] };
    },
  });
}
