import type { GptModel } from './gpt.ts';
import type { LlamaModel } from './llama.ts';

export { cnn } from './cnn.ts';
export type { CnnConfig, CnnModel } from './cnn.ts';
export { gan } from './gan.ts';
export type { GanConfig, GanModel } from './gan.ts';
export { gpt } from './gpt.ts';
export type { GptConfig, GptModel, GptOptions } from './gpt.ts';
export { MNIST_SIZE, pixelsOf } from './image-model.ts';
export type { ImageModelDefinition, ImageSize } from './image-model.ts';
export type { ModelDefinition } from './language-model.ts';
export { llama } from './llama.ts';
export type { LlamaConfig, LlamaModel, LlamaOptions } from './llama.ts';
export { vae } from './vae.ts';
export type { LatentDistribution, VaeConfig, VaeModel } from './vae.ts';

/** A causal language model of any architecture here: a definition, without weights. */
export type LanguageModel = GptModel | LlamaModel;
