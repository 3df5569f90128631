/** A model and its weights as one ONNX file that a stock ONNX Runtime runs. */

import { checkOptions } from '../core/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { encodeGraph } from '../runtime/index.ts';
import type { Weights } from './batching/batch-runner.ts';
import { decodeGraph } from './graphs.ts';

/** Options of {@link inferenceModel}. */
export interface InferenceModelOptions {
  /** Positions that the caches hold; default the model's context length. */
  readonly cacheLength?: number;
}

/**
 * The bytes of an ONNX model (opset 21 and com.microsoft's GroupQueryAttention) that reads new tokens on a cache of keys
 * and values, weights inside.
 *
 * Inputs: `ids` (int32, B T), `positions` (int32, B T; where the model learns positions), `lastPositions` (int32, B: length of
 * each text with the new tokens, minus one), `totalLength` (int32 scalar: the longest of these lengths), `rows` (int32, N: which of
 * the B·T rows to score), and a cache of keys and one of values a layer (float32, B G M D, zeros at first). Outputs: `logits`
 * and `logProbabilities` (N V), and each cache as `next:` and its name.
 *
 * @param model the definition
 * @param weights by the model's own parameter names
 * @throws UsageError `WEFT_ONNX_TOO_LARGE` above the 2 GiB of a protobuf file
 *
 * @example
 * ```ts
 * import { inferenceModel } from 'weft/generate';
 * import { llama } from 'weft/models';
 * import { initialize } from 'weft/nn';
 *
 * const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 16, vocabSize: 40 });
 * const bytes = inferenceModel(model, initialize(model.parameters, { seed: 1 }));
 * console.log(bytes.length > 4 * 40 * 32); // true
 * ```
 */
export function inferenceModel(model: LanguageModel, weights: Weights, options: InferenceModelOptions = {}): Uint8Array {
  checkOptions('write an inference model', options, ['cacheLength']);
  return encodeGraph(decodeGraph(model, options), weights);
}
