/** The bigram language model: a table of logits, one row for each token before. Its best table is counted, without training. */

import { checkOptions, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { embedding } from '../nn/index.ts';
import { defineLanguageModel, requireCounts, requireOption } from './language-model.ts';
import type { ModelDefinition } from './language-model.ts';

/** Configuration of {@link bigram}. */
export interface BigramConfig {
  readonly vocabSize: number;
  /** Tokens of a text that it is trained on; it sees the last alone. */
  readonly contextLength: number;
}

/** What {@link bigram} makes. */
export type BigramModel = ModelDefinition<'bigram', BigramConfig>;

/**
 * A bigram language model: V² parameters, `table.weight`.
 *
 * @param options `contextLength` defaults to 1
 * @throws UsageError `WEFT_MODEL_SIZE` when a size is no positive whole number
 *
 * @example
 * ```ts
 * import { formatShape } from 'weft/graph';
 * import { bigram } from 'weft/models';
 *
 * console.log(bigram({ vocabSize: 27 }).parameters.map(({ shape }) => formatShape(shape))); // [ 'V C = 27 27' ]
 * ```
 */
export function bigram(options: Pick<BigramConfig, 'vocabSize'> & Partial<BigramConfig>): BigramModel {
  const action = 'make a bigram model';
  checkOptions(action, options, ['vocabSize', 'contextLength']);
  const config: BigramConfig = { contextLength: 1, ...options };
  const { vocabSize, contextLength } = config;
  requireCounts(action, { vocabSize, contextLength });
  return defineLanguageModel('bigram', config, {
    hidden: (ids) => embedding(ids, { name: 'table', rows: vocabSize, width: vocabSize }), // B T -> B T V
    logits: (hidden) => hidden,
  });
}

/** The lowest float32: the logit of a pair that never came, `e` to it is 0. */
const NEVER = -3.4028234663852886e38;

/**
 * The table of logits that fits texts best, `ln((count + smoothing) / total)`, and how well it does.
 *
 * @param texts Token ids of each text, with those that mark its beginning and end.
 * @param options `vocabSize`, V; `smoothing`, added to the count of each pair, default 0.
 * @returns weights of {@link bigram}, and their mean loss on these texts in nats a token, computed in float64
 * @throws UsageError `WEFT_MODEL_OPTION` when the smoothing is negative
 *
 * @example
 * ```ts
 * import { fitBigram } from 'weft/models';
 *
 * const { loss, weights } = fitBigram([[0, 1, 0], [0, 1, 1, 0]], { vocabSize: 2 });
 * console.log(loss.toFixed(4), Math.exp(weights.get('table.weight')!.data[1]!)); // 0.3819 1
 * ```
 */
export function fitBigram(
  texts: Iterable<ArrayLike<number>>,
  options: { readonly vocabSize: number; readonly smoothing?: number },
): { readonly weights: ReadonlyMap<string, HostTensor<'float32'>>; readonly loss: number } {
  const action = 'count bigrams';
  checkOptions(action, options, ['vocabSize', 'smoothing']);
  const { vocabSize, smoothing = 0 } = options;
  requireCounts(action, { vocabSize });
  requireOption(action, ['smoothing', smoothing], { rule: 'at least 0', holds: smoothing >= 0 });
  const counts = new Float64Array(vocabSize * vocabSize);
  for (const text of texts) {
    for (let place = 1; place < text.length; place++) {
      const cell = Number(text[place - 1]) * vocabSize + Number(text[place]);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  const table = new Float32Array(counts.length).fill(NEVER);
  let [loss, pairs] = [0, 0];
  for (let row = 0; row < vocabSize; row++) {
    const range = counts.subarray(row * vocabSize, (row + 1) * vocabSize);
    const total = range.reduce((sum, count) => sum + count + smoothing, 0);
    for (const [column, count] of range.entries()) {
      const logit = Math.log((count + smoothing) / total);
      if (count + smoothing > 0) table[row * vocabSize + column] = logit;
      if (count > 0) loss -= count * logit;
      pairs += count;
    }
  }
  return { weights: new Map([['table.weight', hostTensor('float32', [vocabSize, vocabSize], table)]]), loss: loss / pairs };
}
