/** `LlamaForCausalLM`. Source: huggingface/transformers 5.17, `models/llama/{configuration,modeling}_llama.py`. */

import { z } from 'zod';

import { llama } from '../../models/index.ts';
import type { LlamaModel } from '../../models/index.ts';
import { checkSchema } from '../json-file.ts';
import type { Architecture } from './architecture.ts';
import { CONFIG_REMEDY, contextSize, layerCount, positive, vocabularySize, width } from './config-fields.ts';

const ROPE = z.looseObject({ rope_theta: positive.optional(), rope_type: z.string().optional(), type: z.string().optional() });

const CONFIG = z.looseObject({
  num_hidden_layers: layerCount,
  num_attention_heads: width,
  num_key_value_heads: width.nullish(),
  hidden_size: width,
  intermediate_size: width,
  head_dim: width.nullish(),
  max_position_embeddings: contextSize,
  vocab_size: vocabularySize,
  rms_norm_eps: positive.default(1e-6),
  rope_theta: positive.optional(),
  rope_scaling: ROPE.nullish(),
  /** Where transformers 5 keeps both. */
  rope_parameters: ROPE.nullish(),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
});

/** {@link Architecture} of Llama. */
export const LLAMA: Architecture<LlamaModel> = {
  className: 'LlamaForCausalLM',
  modelType: 'llama',
  readConfig(json, path) {
    const config = checkSchema(CONFIG, json, { path, code: 'WEFT_FORMAT_CONFIG', remedy: CONFIG_REMEDY });
    // A file may have the older field beside the newer one; scaling in either is not to be overlooked.
    const ropeTypes = [config.rope_parameters, config.rope_scaling].map((rope) => rope?.rope_type ?? rope?.type ?? 'default');
    const scaled = ropeTypes.find((type) => type !== 'default');
    const model = llama({
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      kvHeads: config.num_key_value_heads ?? config.num_attention_heads,
      width: config.hidden_size,
      hidden: config.intermediate_size,
      headWidth: config.head_dim ?? config.hidden_size / config.num_attention_heads,
      contextLength: config.max_position_embeddings,
      vocabSize: config.vocab_size,
      ropeTheta: config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10_000,
      normEpsilon: config.rms_norm_eps,
      tiedHead: config.tie_word_embeddings,
    });
    const unsupported = [
      ...(scaled === undefined ? [] : [`rotary positions scaled by ${scaled.slice(0, 40)}`]),
      ...(config.hidden_act === 'silu' ? [] : [`the activation ${config.hidden_act.slice(0, 40)}`]),
      ...(config.attention_bias ? ['biases in attention'] : []),
      ...(config.mlp_bias ? ['biases in the feed-forward blocks'] : []),
    ];
    return { model, unsupported };
  },
  writeConfig: ({ config }) => ({
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    hidden_size: config.width,
    intermediate_size: config.hidden,
    head_dim: config.headWidth,
    max_position_embeddings: config.contextLength,
    vocab_size: config.vocabSize,
    rms_norm_eps: config.normEpsilon,
    // The first is read by transformers 4 and most other programs, the second by transformers 5.
    rope_theta: config.ropeTheta,
    rope_parameters: { rope_theta: config.ropeTheta, rope_type: 'default' },
    tie_word_embeddings: config.tiedHead,
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: 0,
    initializer_range: 0.02,
    use_cache: true,
  }),
  weights: {
    prefix: 'model.',
    rules: [
      { foreign: 'model.embed_tokens.weight', ours: ['tokens.weight'] },
      { foreign: 'model.layers.*.input_layernorm.weight', ours: ['blocks.*.attentionNorm.weight'] },
      { foreign: 'model.layers.*.self_attn.q_proj.weight', ours: ['blocks.*.attention.query.weight'] },
      { foreign: 'model.layers.*.self_attn.k_proj.weight', ours: ['blocks.*.attention.key.weight'] },
      { foreign: 'model.layers.*.self_attn.v_proj.weight', ours: ['blocks.*.attention.value.weight'] },
      { foreign: 'model.layers.*.self_attn.o_proj.weight', ours: ['blocks.*.attention.output.weight'] },
      { foreign: 'model.layers.*.post_attention_layernorm.weight', ours: ['blocks.*.feedForwardNorm.weight'] },
      { foreign: 'model.layers.*.mlp.gate_proj.weight', ours: ['blocks.*.feedForward.gate.weight'] },
      { foreign: 'model.layers.*.mlp.up_proj.weight', ours: ['blocks.*.feedForward.up.weight'] },
      { foreign: 'model.layers.*.mlp.down_proj.weight', ours: ['blocks.*.feedForward.down.weight'] },
      { foreign: 'model.norm.weight', ours: ['norm.weight'] },
      { foreign: 'lm_head.weight', ours: ['head.weight'] },
    ],
    // Angles that are computed; a tied head written a second time.
    ignored: [/\.rotary_emb\.inv_freq$/, /^lm_head\.weight$/],
  },
};
