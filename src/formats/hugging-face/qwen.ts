/** `Qwen2ForCausalLM` and `Qwen3ForCausalLM`. Source: huggingface/transformers 5.18, `models/{qwen2,qwen3}/`. */

import { qwen2, qwen3 } from '../../models/index.ts';
import type { LlamaConfig, Qwen2Model, Qwen3Model } from '../../models/index.ts';
import type { Architecture } from './architecture.ts';
import { LLAMA_WEIGHTS, beyond, readLlamaFields, writeLlamaFields } from './llama-family.ts';

/** A window in the fields that both have: in all layers or in none. */
function windowFields({ window, layers }: LlamaConfig): Readonly<Record<string, unknown>> {
  const kind = window === undefined ? 'full_attention' : 'sliding_attention';
  return {
    use_sliding_window: window !== undefined,
    sliding_window: window ?? null,
    max_window_layers: window === undefined ? layers : 0,
    layer_types: Array.from({ length: layers }, () => kind),
  };
}

/** {@link Architecture} of Qwen2. */
export const QWEN2: Architecture<Qwen2Model> = {
  classNames: ['Qwen2ForCausalLM'],
  modelType: 'qwen2',
  readConfig(json, path) {
    const { options, window, unsupported } = readLlamaFields(json, path, { slides: false });
    return { model: qwen2({ ...options, ...window }), unsupported };
  },
  writeConfig: ({ config }) => ({ ...writeLlamaFields(config), ...windowFields(config) }),
  unsaid: ({ config }) => beyond(config, { queryKeyValueBias: true, window: true }),
  weights: LLAMA_WEIGHTS,
};

/** {@link Architecture} of Qwen3. */
export const QWEN3: Architecture<Qwen3Model> = {
  classNames: ['Qwen3ForCausalLM'],
  modelType: 'qwen3',
  readConfig(json, path) {
    const { options, headWidth = 128, attentionBias, window, unsupported } = readLlamaFields(json, path, { slides: false });
    return { model: qwen3({ ...options, headWidth, ...(attentionBias ? { attentionBias: 'all' } : {}), ...window }), unsupported };
  },
  writeConfig: ({ config }) => ({
    ...writeLlamaFields(config),
    ...windowFields(config),
    attention_bias: config.attentionBias !== undefined,
  }),
  unsaid: ({ config }) => beyond(config, { allBias: true, window: true, queryKeyNorm: true }),
  weights: LLAMA_WEIGHTS,
};
