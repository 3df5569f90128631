/** `LlamaForCausalLM`. Source: huggingface/transformers 5.17, `models/llama/{configuration,modeling}_llama.py`. */

import { llama } from '../../models/index.ts';
import type { LlamaModel } from '../../models/index.ts';
import type { Architecture } from './architecture.ts';
import { LLAMA_WEIGHTS, beyond, readLlamaFields, writeLlamaFields } from './llama-family.ts';

/** {@link Architecture} of Llama. */
export const LLAMA: Architecture<LlamaModel> = {
  classNames: ['LlamaForCausalLM'],
  modelType: 'llama',
  readConfig(json, path) {
    const { options, attentionBias, feedForwardBias, unsupported } = readLlamaFields(json, path, { slides: false });
    const biases = { ...(attentionBias ? { attentionBias: 'all' as const } : {}), ...(feedForwardBias ? { feedForwardBias } : {}) };
    return { model: llama({ ...options, ...biases }), unsupported };
  },
  writeConfig: ({ config }) => ({
    ...writeLlamaFields(config),
    attention_bias: config.attentionBias !== undefined,
    mlp_bias: config.feedForwardBias ?? false,
  }),
  unsaid: ({ config }) => beyond(config, { allBias: true, feedForwardBias: true }),
  weights: LLAMA_WEIGHTS,
};
