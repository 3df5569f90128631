export { gpt } from './gpt.ts';
export type { GptConfig, GptOptions } from './gpt.ts';
export type { GptModel, LanguageModel, LlamaModel } from './language-model.ts';
export { llama } from './llama.ts';
export type { LlamaConfig, LlamaOptions } from './llama.ts';
