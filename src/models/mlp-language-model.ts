/**
 * The neural probabilistic language model: embeddings of the last tokens side by side, a hidden layer of tanh, logits. Bengio et al.
 * 2003, "A Neural Probabilistic Language Model", section 2, without its direct connections; as in Karpathy's makemore.
 */

import { checkOptions } from '../core/index.ts';
import { axes, reshape, tanh } from '../graph/index.ts';
import { batchNormalization, embedding, linear } from '../nn/index.ts';
import { requireCounts, requireOption } from './language-model.ts';
import { defineWindowModel, evenHead } from './window-model.ts';
import type { WindowDefinition } from './window-model.ts';

/** Configuration of {@link mlpLanguageModel}. */
export interface MlpLanguageModelConfig {
  readonly vocabSize: number;
  /** Tokens that are seen. */
  readonly contextLength: number;
  /** Width of an embedding. */
  readonly width: number;
  readonly hidden: number;
  /** Normalises what enters the tanh by the batch; the hidden layer then has no bias of its own. */
  readonly batchNorm: boolean;
  /** Stands for what is before the text begins; `vocabSize` for one of its own, which is never predicted. */
  readonly padToken: number;
}

/** What {@link mlpLanguageModel} makes. */
export type MlpLanguageModel = WindowDefinition<'mlpLanguageModel', MlpLanguageModelConfig>;

/** Options of {@link mlpLanguageModel}. */
export type MlpLanguageModelOptions = Pick<MlpLanguageModelConfig, 'vocabSize' | 'contextLength' | 'width' | 'hidden'> &
  Partial<MlpLanguageModelConfig>;

/**
 * A language model of one hidden layer over the embeddings of the last tokens.
 *
 * @param options `batchNorm` defaults to false, `padToken` to 0
 * @throws UsageError `WEFT_MODEL_SIZE` when a size is no positive whole number, `WEFT_MODEL_OPTION` when the padding is no token
 *
 * @example
 * ```ts
 * import { mlpLanguageModel } from 'weft/models';
 *
 * const model = mlpLanguageModel({ vocabSize: 27, contextLength: 3, width: 10, hidden: 200 });
 * console.log(model.parameters.map(({ name }) => name).join(' ')); // tokens.weight up.weight up.bias head.weight head.bias
 * ```
 */
export function mlpLanguageModel(options: MlpLanguageModelOptions): MlpLanguageModel {
  const action = 'make an MLP language model';
  checkOptions(action, options, ['vocabSize', 'contextLength', 'width', 'hidden', 'batchNorm', 'padToken']);
  const config: MlpLanguageModelConfig = { batchNorm: false, padToken: 0, ...options };
  const { vocabSize, contextLength, width, hidden, padToken } = config;
  requireCounts(action, { vocabSize, contextLength, width, hidden });
  requireOption(action, ['padToken', padToken], {
    rule: 'a token, or vocabSize',
    holds: Number.isSafeInteger(padToken) && padToken >= 0 && padToken <= vocabSize,
  });
  const fan = contextLength * width;
  return defineWindowModel('mlpLanguageModel', config, {
    hidden: (ids, context) => {
      const rows = Math.max(vocabSize, padToken + 1);
      const embedded = embedding(ids, { name: 'tokens', rows, width, initializer: { kind: 'normal', standardDeviation: 1 } }); // B T -> B T C
      const side = reshape(embedded, axes('B C', ids.shape[0]?.size ?? 0, fan)); // B T C -> B T·C
      const initializer = { kind: 'normal', standardDeviation: 5 / 3 / Math.sqrt(fan) } as const;
      const up = linear(side, { name: 'up', in: fan, out: hidden, bias: !config.batchNorm, initializer }); // B T·C -> B F
      return tanh(config.batchNorm ? batchNormalization(up, { name: 'norm', width: hidden }, context) : up);
    },
    logits: (x) => evenHead(x, { in: hidden, out: vocabSize }), // B F -> B V
  });
}
