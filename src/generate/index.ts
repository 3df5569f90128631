export { createTextModel } from './create-text-model.ts';
export type { TextModelOptions, TextModelParts } from './create-text-model.ts';
export { decodeGraph } from './graphs.ts';
export type { DecodeGraphOptions } from './graphs.ts';
export { inferenceModel } from './inference-model.ts';
export type { InferenceModelOptions } from './inference-model.ts';
export { loadTextModel } from './load-text-model.ts';
export type { SamplingOptions } from './sampling/options.ts';
export type { GeneratedToken, TextModel, TokenAlternative } from './text-model.ts';
