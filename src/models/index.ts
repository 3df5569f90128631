import type { BigramModel } from './bigram.ts';
import type { GptModel } from './gpt.ts';
import type { GruModel } from './gru.ts';
import type { LlamaModel } from './llama.ts';
import type { LstmModel } from './lstm.ts';
import type { MlpLanguageModel } from './mlp-language-model.ts';
import type { RnnModel } from './rnn.ts';
import type { WaveNetModel } from './wave-net.ts';

export { bigram, fitBigram } from './bigram.ts';
export type { BigramConfig, BigramModel } from './bigram.ts';
export { gpt } from './gpt.ts';
export type { GptConfig, GptModel, GptOptions } from './gpt.ts';
export { gru } from './gru.ts';
export type { GruConfig, GruModel } from './gru.ts';
export type { ModelDefinition } from './language-model.ts';
export { llama } from './llama.ts';
export type { LlamaConfig, LlamaModel, LlamaOptions } from './llama.ts';
export { lstm } from './lstm.ts';
export type { LstmModel } from './lstm.ts';
export { mlpLanguageModel } from './mlp-language-model.ts';
export type { MlpLanguageModel, MlpLanguageModelConfig, MlpLanguageModelOptions } from './mlp-language-model.ts';
export { mlp } from './mlp.ts';
export type { MlpConfig, MlpModel } from './mlp.ts';
export type { RecurrentConfig, RecurrentLanguageModelOptions } from './recurrent-language-model.ts';
export { rnn } from './rnn.ts';
export type { RnnModel } from './rnn.ts';
export { waveNet } from './wave-net.ts';
export type { WaveNetConfig, WaveNetModel, WaveNetOptions } from './wave-net.ts';
export type { WindowDefinition } from './window-model.ts';

/** A causal transformer of any architecture here, with model folders and a cache for decoding: a definition, without weights. */
export type LanguageModel = GptModel | LlamaModel;

/** A model that says what comes after each token of a text. */
export type SequenceModel = LanguageModel | BigramModel | RnnModel | GruModel | LstmModel;

/** A model that says what comes after a window of tokens. */
export type WindowModel = MlpLanguageModel | WaveNetModel;

const ON_CACHE: Readonly<Record<(SequenceModel | WindowModel)['architecture'], boolean>> = {
  gpt: true,
  llama: true,
  bigram: false,
  rnn: false,
  gru: false,
  lstm: false,
  mlpLanguageModel: false,
  waveNet: false,
};

/** Whether a model attends to a cache of keys and values, see `AttentionCache`. */
export function hasCache(model: SequenceModel | WindowModel): model is LanguageModel {
  return ON_CACHE[model.architecture];
}
