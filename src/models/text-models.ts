/** Which models of text there are, by what they can do. */

import type { BertModel } from './bert.ts';
import type { BigramModel } from './bigram.ts';
import type { GptModel } from './gpt.ts';
import type { GruModel } from './gru.ts';
import type { LlamaModel } from './llama.ts';
import type { LstmModel } from './lstm.ts';
import type { MistralModel } from './mistral.ts';
import type { MlpLanguageModel } from './mlp-language-model.ts';
import type { Qwen2Model, Qwen3Model } from './qwen.ts';
import type { RnnModel } from './rnn.ts';
import type { Seq2SeqModel } from './seq2seq.ts';
import type { WaveNetModel } from './wave-net.ts';

/** A causal transformer of any architecture here, with model folders and a cache for decoding: a definition, without weights. */
export type LanguageModel = GptModel | LlamaModel | Qwen2Model | Qwen3Model | MistralModel;

/** A model of any architecture that is kept in model folders. */
export type AnyModel = LanguageModel | BertModel | Seq2SeqModel;

/** A model that says what comes after each token of a text. */
export type SequenceModel = LanguageModel | BigramModel | RnnModel | GruModel | LstmModel;

/** A model that says what comes after a window of tokens. */
export type WindowModel = MlpLanguageModel | WaveNetModel;

const ON_CACHE: Readonly<Record<(SequenceModel | WindowModel)['architecture'], boolean>> = {
  gpt: true,
  llama: true,
  qwen2: true,
  qwen3: true,
  mistral: true,
  bigram: false,
  rnn: false,
  gru: false,
  lstm: false,
  mlpLanguageModel: false,
  waveNet: false,
};

/**
 * Whether a model attends to a cache of keys and values, so that a token more costs one run of one token.
 *
 * @example
 * ```ts
 * import { bigram, hasCache } from 'weft/models';
 *
 * console.log(hasCache(bigram({ vocabSize: 27 }))); // false
 * ```
 */
export function hasCache(model: SequenceModel | WindowModel): model is LanguageModel {
  return ON_CACHE[model.architecture];
}
