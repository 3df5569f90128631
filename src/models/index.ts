import type { GptModel } from './gpt.ts';
import type { LlamaModel } from './llama.ts';

export { gpt } from './gpt.ts';
export type { GptConfig, GptModel, GptOptions } from './gpt.ts';
export type { ModelDefinition } from './language-model.ts';
export { llama } from './llama.ts';
export type { LlamaConfig, LlamaModel, LlamaOptions } from './llama.ts';
export { seq2seq } from './seq2seq.ts';
export type { Seq2SeqConfig, Seq2SeqModel, Seq2SeqOptions, Seq2SeqSource, Seq2SeqTarget } from './seq2seq.ts';

/** A causal language model of any architecture here: a definition, without weights. */
export type LanguageModel = GptModel | LlamaModel;
