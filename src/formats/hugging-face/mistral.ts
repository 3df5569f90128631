/** `MistralForCausalLM`. Source: huggingface/transformers 5.18, `models/mistral/`. */

import { mistral } from '../../models/index.ts';
import type { MistralModel } from '../../models/index.ts';
import type { Architecture } from './architecture.ts';
import { LLAMA_WEIGHTS, beyond, readLlamaFields, writeLlamaFields } from './llama-family.ts';

/** {@link Architecture} of Mistral. */
export const MISTRAL: Architecture<MistralModel> = {
  classNames: ['MistralForCausalLM'],
  modelType: 'mistral',
  readConfig(json, path) {
    const { options, window, unsupported } = readLlamaFields(json, path, { slides: true });
    return { model: mistral({ ...options, ...window }), unsupported };
  },
  writeConfig: ({ config }) => ({ ...writeLlamaFields(config), sliding_window: config.window ?? null }),
  unsaid: ({ config }) => beyond(config, { window: true }),
  weights: LLAMA_WEIGHTS,
};
