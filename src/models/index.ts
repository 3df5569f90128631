import type { BertModel } from './bert.ts';
import type { GptModel } from './gpt.ts';
import type { LlamaModel } from './llama.ts';
import type { MistralModel } from './mistral.ts';
import type { Qwen2Model, Qwen3Model } from './qwen.ts';
import type { Seq2SeqModel } from './seq2seq.ts';

export { bert } from './bert.ts';
export type { BertConfig, BertHead, BertModel, BertOptions, BertText } from './bert.ts';
export { gpt } from './gpt.ts';
export type { GptConfig, GptModel, GptOptions } from './gpt.ts';
export type { ModelDefinition } from './language-model.ts';
export { llama } from './llama.ts';
export type { LlamaConfig, LlamaModel, LlamaOptions } from './llama.ts';
export { mistral } from './mistral.ts';
export type { MistralModel } from './mistral.ts';
export { qwen2, qwen3 } from './qwen.ts';
export type { Qwen2Model, Qwen3Model } from './qwen.ts';
export { seq2seq } from './seq2seq.ts';
export type { Seq2SeqConfig, Seq2SeqModel, Seq2SeqOptions, Seq2SeqSource, Seq2SeqTarget } from './seq2seq.ts';

/** A causal language model of any architecture here: a definition, without weights. */
export type LanguageModel = GptModel | LlamaModel | Qwen2Model | Qwen3Model | MistralModel;

/** A model of any architecture that is kept in model folders. */
export type AnyModel = LanguageModel | BertModel | Seq2SeqModel;
