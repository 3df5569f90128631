/** Mistral: Llama whose tokens see a window of the text. Jiang et al. 2023, "Mistral 7B", section 2. */

import type { ModelDefinition } from './language-model.ts';
import { defineLlama } from './llama.ts';
import type { LlamaConfig, LlamaOptions } from './llama.ts';

/** What {@link mistral} makes. */
export type MistralModel = ModelDefinition<'mistral', LlamaConfig>;

/**
 * A Mistral language model.
 *
 * @param options as of `llama`; its `window` has no default, as later versions have none.
 * @throws UsageError as `llama`
 *
 * @example
 * ```ts
 * import { mistral } from 'weft/models';
 *
 * const model = mistral({ layers: 2, heads: 4, kvHeads: 2, width: 64, contextLength: 64, window: 16, vocabSize: 100 });
 * console.log(model.config.window); // 16
 * ```
 */
export function mistral(options: LlamaOptions): MistralModel {
  return defineLlama('mistral', options, 'make a Mistral model');
}
