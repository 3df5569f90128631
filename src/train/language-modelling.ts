/** Training a causal language model: the cross-entropy of each next token. */

import { checkOptions } from '../core/index.ts';
import { axes, reshape, sum } from '../graph/index.ts';
import type { SequenceModel, WindowModel } from '../models/index.ts';
import { tokenLosses } from '../nn/index.ts';
import type { TokenLossOptions } from '../nn/index.ts';
import { defineObjective } from './objective.ts';
import type { Objective } from './objective.ts';

/**
 * The objective of a language model on sequences of so many tokens: `inputs` and `targets` (int32, B T, or B where the model predicts one
 * token a window); a negative target is not counted.
 *
 * @param contextLength Tokens of a sequence; default the model's.
 * @param options Label smoothing and z-loss; evaluations are without both.
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
  options: TokenLossOptions = {},
): Objective<'inputs' | 'targets'> {
  checkOptions('train a language model', options, ['labelSmoothing', 'zLoss']);
  return defineObjective({
    tokensPerExample: contextLength,
    feeds: (batchSize) => {
      const shape = axes('B T', batchSize, contextLength);
      return { inputs: { dtype: 'int32', shape }, targets: { dtype: 'int32', shape: 'padToken' in model ? shape.slice(0, 1) : shape } };
    },
    losses: ({ inputs, targets }, context) => {
      const hidden = model.hidden(inputs, context); // B T C, or B C
      const rows = { name: 'N', size: targets.shape.reduce((product, { size }) => product * Number(size), 1) };
      const logits = model.logits(reshape(hidden, [rows, ...hidden.shape.slice(-1)])); // N V
      return { losses: [{ total: sum(tokenLosses(logits, reshape(targets, [rows]), context.training === true ? options : {})) }] };
    },
  });
}
