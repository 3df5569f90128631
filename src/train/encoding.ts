/**
 * Training a BERT model under each of its heads: masked tokens, classes of a text or of a pair, and the span of an answer. Devlin et al.
 * 2018, sections 3.1 and 4.
 */

import { add, axes, multiply, reshape, slice, sum } from '../graph/index.ts';
import type { Shape, Tensor } from '../graph/index.ts';
import type { BertModel } from '../models/index.ts';
import { paddingOf, tokenLosses } from '../nn/index.ts';
import type { ForwardContext } from '../nn/index.ts';
import { defineObjective } from './objective.ts';
import type { FeedSpec, Objective } from './objective.ts';

/** What every batch of texts has: tokens, which sentence each is of, and 1 where there is a token, 0 for padding; all B T. */
export type TextFeed = 'ids' | 'types' | 'seen';

const TEXT = ['ids', 'types', 'seen'] as const;

function specs<F extends string>(names: readonly F[], shape: Shape): Record<F, FeedSpec> {
  return Object.fromEntries(names.map((name) => [name, { dtype: 'int32', shape }])) as Record<F, FeedSpec>;
}

const hiddenOf = (model: BertModel, { ids, types, seen }: Readonly<Record<TextFeed, Tensor>>, context: ForwardContext): Tensor =>
  model.hidden({ ids, types, keyPadding: paddingOf(seen, 0) }, context);

/** The sum of the losses of rows of logits (… V) with as many targets. */
function lossesOf(logits: Tensor, targets: Tensor): Tensor {
  const rows = { name: 'N', size: targets.shape.reduce((product, { size }) => product * Number(size), 1) };
  return sum(tokenLosses(reshape(logits, [rows, ...logits.shape.slice(-1)]), reshape(targets, [rows])));
}

/**
 * The objective of masked tokens: `targets` (int32, B T) are the tokens that stood where some were masked, -1 elsewhere.
 *
 * @param model with the head `masked` or `pretraining`
 * @param length tokens of a text
 *
 * @example
 * ```ts
 * import { bert } from 'weft/models';
 * import { maskedTokens } from 'weft/train';
 *
 * const model = bert({ layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 20, head: 'masked' });
 * console.log(Object.keys(maskedTokens(model, 8).feeds(2)).join(' ')); // ids types seen targets
 * ```
 */
export function maskedTokens(model: BertModel, length: number): Objective<TextFeed | 'targets'> {
  return defineObjective({
    tokensPerExample: length,
    feeds: (batchSize) => specs([...TEXT, 'targets'], axes('B T', batchSize, length)),
    losses: (batch, context) => ({ losses: [{ total: lossesOf(model.maskedLogits(hiddenOf(model, batch, context)), batch.targets) }] }),
  });
}

/**
 * The objective of classes: `labels` (int32, B), of a text or of the pair that `types` tell apart.
 *
 * @param model with the head `classification` or `pair`
 * @param length tokens of a text
 */
export function classifyingTexts(model: BertModel, length: number): Objective<TextFeed | 'labels'> {
  return defineObjective({
    tokensPerExample: length,
    feeds: (batchSize) => ({ ...specs(TEXT, axes('B T', batchSize, length)), ...specs(['labels'], axes('B', batchSize)) }),
    losses: (batch, context) => {
      const hidden = hiddenOf(model, batch, context);
      const logits = model.config.head === 'pair' ? model.pairLogits(hidden) : model.classLogits(hidden, context);
      return { losses: [{ total: lossesOf(logits, batch.labels) }] };
    },
  });
}

/**
 * The objective of answers: the places of their first and last tokens, `starts` and `ends` (int32, B); the loss is the mean of both.
 *
 * @param model with the head `span`
 * @param length tokens of question and text
 */
export function findingAnswers(model: BertModel, length: number): Objective<TextFeed | 'starts' | 'ends'> {
  return defineObjective({
    tokensPerExample: length,
    feeds: (batchSize) => ({ ...specs(TEXT, axes('B T', batchSize, length)), ...specs(['starts', 'ends'], axes('B', batchSize)) }),
    losses: (batch, context) => {
      const logits = model.spanLogits(hiddenOf(model, batch, context)); // B T 2
      const side = (index: number): Tensor => reshape(slice(logits, 2, { start: index, end: index + 1 }), logits.shape.slice(0, 2)); // B T
      return { losses: [{ total: multiply(add(lossesOf(side(0), batch.starts), lossesOf(side(1), batch.ends)), 0.5) }] };
    },
  });
}
