import type { GptModel } from './gpt.ts';
import type { LlamaModel } from './llama.ts';

export { gpt } from './gpt.ts';
export type { GptConfig, GptModel, GptOptions } from './gpt.ts';
export { linearLayers, withAdapters, withBlockWeights } from './in-context.ts';
export type { LinearLayer } from './in-context.ts';
export type { ModelDefinition } from './language-model.ts';
export { llama } from './llama.ts';
export type { LlamaConfig, LlamaModel, LlamaOptions } from './llama.ts';

/** A causal language model of any architecture here: a definition, without weights. */
export type LanguageModel = GptModel | LlamaModel;
