/**
 * Qwen: Llama with biases on queries, keys and values (Qwen Team 2024, "Qwen2 Technical Report", section 2.2), or with these
 * normalised by head instead (Qwen Team 2025, "Qwen3 Technical Report", section 2).
 */

import type { ModelDefinition } from './language-model.ts';
import { defineLlama } from './llama.ts';
import type { LlamaConfig, LlamaOptions } from './llama.ts';

/** What {@link qwen2} makes. */
export type Qwen2Model = ModelDefinition<'qwen2', LlamaConfig>;
/** What {@link qwen3} makes. */
export type Qwen3Model = ModelDefinition<'qwen3', LlamaConfig>;

const DEFAULTS = { ropeTheta: 1_000_000, normEpsilon: 1e-6 };

/**
 * A Qwen2 language model.
 *
 * @param options as of `llama`; `attentionBias` defaults to queries, keys and values, `ropeTheta` to 1,000,000, `normEpsilon` to 1e-6.
 * @throws UsageError as `llama`
 *
 * @example
 * ```ts
 * import { qwen2 } from 'weft/models';
 *
 * const model = qwen2({ layers: 1, heads: 4, kvHeads: 2, width: 64, contextLength: 64, vocabSize: 100, tiedHead: true });
 * console.log(model.parameters.filter(({ name }) => name.endsWith('bias')).length); // 3
 * ```
 */
export function qwen2(options: LlamaOptions): Qwen2Model {
  return defineLlama('qwen2', { attentionBias: 'queryKeyValue', ...DEFAULTS, ...options }, 'make a Qwen2 model');
}

/**
 * A Qwen3 language model.
 *
 * @param options as of `llama`; `queryKeyNorm` defaults to true, `ropeTheta` to 1,000,000, `normEpsilon` to 1e-6.
 * @throws UsageError as `llama`
 */
export function qwen3(options: LlamaOptions): Qwen3Model {
  return defineLlama('qwen3', { queryKeyNorm: true, ...DEFAULTS, ...options }, 'make a Qwen3 model');
}
