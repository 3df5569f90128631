/** Training an encoder-decoder transformer on pairs of texts: the cross-entropy of each next token of the target. */

import { checkOptions } from '../core/index.ts';
import { axes, reshape, sum } from '../graph/index.ts';
import type { Seq2SeqModel } from '../models/index.ts';
import { betweenTexts, tokenLosses } from '../nn/index.ts';
import type { TokenLossOptions } from '../nn/index.ts';
import { defineObjective } from './objective.ts';
import type { Objective } from './objective.ts';

/** The tensors of a batch of pairs, see `pairBatches` of `data`. */
export type PairFeed = 'source' | 'sourcePositions' | 'sourceTexts' | 'target' | 'targetPositions' | 'targetTexts' | 'labels';

const FEEDS: readonly PairFeed[] = ['source', 'sourcePositions', 'sourceTexts', 'target', 'targetPositions', 'targetTexts', 'labels'];

/**
 * The objective of a translator on rows of so many tokens, each with several pairs that do not see each other.
 *
 * @param model the translator
 * @param length tokens of a row's sources, and of its targets
 * @param options Label smoothing and z-loss; evaluations are without both.
 *
 * @example
 * ```ts
 * import { pairBatches } from 'weft/data';
 * import { seq2seq } from 'weft/models';
 * import { adamw, train, translating } from 'weft/train';
 *
 * // Learns to say a word backwards.
 * const pairs = [[3, 4, 5], [4, 3, 5], [5, 4]].map((source) => ({ source, target: source.toReversed() }));
 * const batches = pairBatches(pairs, { batchSize: 1, length: 12, startToken: 1, endToken: 2 });
 * const model = seq2seq({ encoderLayers: 1, decoderLayers: 1, heads: 2, width: 16, hidden: 32, vocabSize: 6, contextLength: 12, dropout: 0 });
 * const run = train(translating(model, 12), batches, { optimizer: adamw({ learningRate: 0.01 }), steps: 60 });
 * for await (const step of run) if (step.index === 59) console.log(step.loss < 0.1); // true
 * ```
 */
export function translating(model: Seq2SeqModel, length: number, options: TokenLossOptions = {}): Objective<PairFeed> {
  checkOptions('train a translator', options, ['labelSmoothing', 'zLoss']);
  return defineObjective({
    tokensPerExample: 2 * length,
    feeds: (batchSize) => {
      const spec = { dtype: 'int32', shape: axes('B T', batchSize, length) } as const;
      return Object.fromEntries(FEEDS.map((name) => [name, spec])) as Record<PairFeed, typeof spec>;
    },
    losses: (batch, context) => {
      const { source, sourcePositions, sourceTexts, target, targetPositions, targetTexts, labels } = batch;
      const memory = model.encode({ ids: source, positions: sourcePositions, mask: betweenTexts(sourceTexts, sourceTexts) }, context);
      const hidden = model.decode(
        {
          ids: target,
          positions: targetPositions,
          memory,
          mask: betweenTexts(targetTexts, targetTexts),
          memoryMask: betweenTexts(targetTexts, sourceTexts),
        },
        context,
      ); // B T C
      const rows = { name: 'N', size: labels.shape.reduce((product, { size }) => product * Number(size), 1) };
      const logits = model.logits(reshape(hidden, [rows, ...hidden.shape.slice(-1)])); // N V
      return { losses: [{ total: sum(tokenLosses(logits, reshape(labels, [rows]), context.training === true ? options : {})) }] };
    },
  });
}
