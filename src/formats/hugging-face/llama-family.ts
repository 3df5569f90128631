/**
 * What `config.json` and the weights of Llama and its relatives have in common. Source: huggingface/transformers 5.18,
 * `models/{llama,qwen2,qwen3,mistral}/configuration_*.py`, `modeling_rope_utils.py`.
 */

import { z } from 'zod';

import type { LlamaConfig, LlamaOptions } from '../../models/index.ts';
import { checkSchema } from '../json-file.ts';
import { CONFIG_REMEDY, contextSize, layerCount, positive, vocabularySize, width } from './config-fields.ts';
import type { WeightTable } from './weight-rules.ts';

const ROPE = z.looseObject({
  rope_theta: positive.optional(),
  rope_type: z.string().optional(),
  type: z.string().optional(),
  factor: positive.optional(),
  low_freq_factor: positive.optional(),
  high_freq_factor: positive.optional(),
  original_max_position_embeddings: contextSize.optional(),
});

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
  rope_theta: positive.nullish(),
  rope_scaling: ROPE.nullish(),
  /** Where transformers 5 keeps both. */
  rope_parameters: ROPE.nullish(),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  sliding_window: contextSize.nullish(),
  use_sliding_window: z.boolean().nullish(),
  max_window_layers: z.number().int().nonnegative().nullish(),
  layer_types: z.array(z.string()).max(1024).nullish(),
});

type Fields = z.infer<typeof CONFIG>;
type RopeScaling = NonNullable<LlamaConfig['ropeScaling']>;

/** What a `config.json` says: what all relatives have, and what each has in its own way. */
export interface LlamaFields {
  readonly options: LlamaOptions;
  /** Where the file names one. */
  readonly headWidth: number | undefined;
  readonly attentionBias: boolean;
  readonly feedForwardBias: boolean;
  /** The window of all layers, as an option. */
  readonly window: { readonly window?: number };
  /** What Weft cannot compute. */
  readonly unsupported: readonly string[];
}

/**
 * Reads the fields of a `config.json`.
 *
 * @param options `slides`: whether a window counts where the file does not say that it is used
 */
export function readLlamaFields(json: unknown, path: string, { slides }: { readonly slides: boolean }): LlamaFields {
  const fields = checkSchema(CONFIG, json, { path, code: 'WEFT_FORMAT_CONFIG', remedy: CONFIG_REMEDY });
  const scaling = ropeScalingOf(fields);
  const headWidth = fields.head_dim ?? undefined;
  const { unsupported, ...window } = (fields.use_sliding_window ?? slides) ? windowOf(fields) : { unsupported: [] };
  return {
    options: {
      layers: fields.num_hidden_layers,
      heads: fields.num_attention_heads,
      kvHeads: fields.num_key_value_heads ?? fields.num_attention_heads,
      width: fields.hidden_size,
      hidden: fields.intermediate_size,
      headWidth: headWidth ?? fields.hidden_size / fields.num_attention_heads,
      contextLength: fields.max_position_embeddings,
      vocabSize: fields.vocab_size,
      ropeTheta: fields.rope_parameters?.rope_theta ?? fields.rope_theta ?? 10_000,
      normEpsilon: fields.rms_norm_eps,
      tiedHead: fields.tie_word_embeddings,
      ...(typeof scaling === 'object' ? { ropeScaling: scaling } : {}),
    },
    headWidth,
    attentionBias: fields.attention_bias,
    feedForwardBias: fields.mlp_bias,
    window,
    unsupported: [
      ...(typeof scaling === 'string' ? [`rotary positions scaled by ${scaling.slice(0, 40)}`] : []),
      ...(fields.hidden_act === 'silu' ? [] : [`the activation ${fields.hidden_act.slice(0, 40)}`]),
      ...unsupported,
    ],
  };
}

/** How angles are stretched; the name of a way that is not known, or of one that lacks its numbers. */
function ropeScalingOf({
  rope_parameters: newer,
  rope_scaling: older,
  max_position_embeddings: context,
}: Fields): RopeScaling | string | undefined {
  // A file may have the older field beside the newer one; scaling in either is not to be overlooked.
  const rope = [newer, older].find((each) => (each?.rope_type ?? each?.type ?? 'default') !== 'default');
  if (rope === undefined || rope === null) return undefined;
  const type = rope.rope_type ?? rope.type ?? '';
  const { factor, low_freq_factor: lowFrequency, high_freq_factor: highFrequency } = rope;
  if (factor === undefined) return type;
  if (type === 'linear') return { type, factor };
  if (type !== 'llama3' || lowFrequency === undefined || highFrequency === undefined || lowFrequency >= highFrequency) return type;
  return { type, factor, lowFrequency, highFrequency, originalContext: rope.original_max_position_embeddings ?? context };
}

/** The window of all layers; where only some have one, that is said. */
function windowOf({ sliding_window: window, num_hidden_layers: layers, layer_types: types, max_window_layers: from }: Fields): {
  readonly window?: number;
  readonly unsupported: readonly string[];
} {
  if (window === undefined || window === null) return { unsupported: [] };
  const sliding = Array.from({ length: layers }, (_, layer) =>
    types?.[layer] === undefined ? layer >= (from ?? 0) : types[layer] === 'sliding_attention',
  );
  if (!sliding.includes(true)) return { unsupported: [] };
  return sliding.includes(false) ? { unsupported: ['a sliding window in some of the layers'] } : { window, unsupported: [] };
}

/** The fields that all relatives have. */
export function writeLlamaFields(config: LlamaConfig): Readonly<Record<string, unknown>> {
  const scaling = config.ropeScaling;
  const rope =
    scaling === undefined
      ? { rope_type: 'default' }
      : scaling.type === 'linear'
        ? { rope_type: 'linear', factor: scaling.factor }
        : {
            rope_type: 'llama3',
            factor: scaling.factor,
            low_freq_factor: scaling.lowFrequency,
            high_freq_factor: scaling.highFrequency,
            original_max_position_embeddings: scaling.originalContext,
          };
  return {
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    hidden_size: config.width,
    intermediate_size: config.hidden,
    head_dim: config.headWidth,
    max_position_embeddings: config.contextLength,
    vocab_size: config.vocabSize,
    rms_norm_eps: config.normEpsilon,
    // The first two are read by transformers 4 and most other programs, the third by transformers 5.
    rope_theta: config.ropeTheta,
    ...(scaling === undefined ? {} : { rope_scaling: rope }),
    rope_parameters: { rope_theta: config.ropeTheta, ...rope },
    tie_word_embeddings: config.tiedHead,
    hidden_act: 'silu',
    attention_dropout: 0,
    initializer_range: 0.02,
    use_cache: true,
  };
}

/** What a configuration has beyond the features that an architecture has. */
export function beyond(
  config: LlamaConfig,
  features: Readonly<Partial<Record<'queryKeyValueBias' | 'allBias' | 'feedForwardBias' | 'window' | 'queryKeyNorm', true>>>,
): readonly string[] {
  const { attentionBias, feedForwardBias = false, window, queryKeyNorm = false } = config;
  const all = [
    [attentionBias === 'queryKeyValue' && features.queryKeyValueBias !== true, 'biases of queries, keys and values alone'],
    [attentionBias === 'all' && features.allBias !== true, 'biases in attention'],
    [attentionBias === undefined && features.queryKeyValueBias === true, 'attention without biases'],
    [feedForwardBias && features.feedForwardBias !== true, 'biases in the feed-forward blocks'],
    [window !== undefined && features.window !== true, 'a sliding window'],
    [
      queryKeyNorm !== (features.queryKeyNorm === true),
      queryKeyNorm ? 'normalised queries and keys' : 'queries and keys that are not normalised',
    ],
  ] as const;
  return all.flatMap(([has, what]) => (has ? [what] : []));
}

/** Names and layout of the weights; biases and norms of heads apply where a model has them. */
export const LLAMA_WEIGHTS: WeightTable = {
  prefix: 'model.',
  rules: [
    { foreign: 'model.embed_tokens.weight', ours: ['tokens.weight'] },
    { foreign: 'model.layers.*.input_layernorm.weight', ours: ['blocks.*.attentionNorm.weight'] },
    { foreign: 'model.layers.*.self_attn.q_proj.weight', ours: ['blocks.*.attention.query.weight'] },
    { foreign: 'model.layers.*.self_attn.k_proj.weight', ours: ['blocks.*.attention.key.weight'] },
    { foreign: 'model.layers.*.self_attn.v_proj.weight', ours: ['blocks.*.attention.value.weight'] },
    { foreign: 'model.layers.*.self_attn.o_proj.weight', ours: ['blocks.*.attention.output.weight'] },
    { foreign: 'model.layers.*.self_attn.q_proj.bias', ours: ['blocks.*.attention.query.bias'] },
    { foreign: 'model.layers.*.self_attn.k_proj.bias', ours: ['blocks.*.attention.key.bias'] },
    { foreign: 'model.layers.*.self_attn.v_proj.bias', ours: ['blocks.*.attention.value.bias'] },
    { foreign: 'model.layers.*.self_attn.o_proj.bias', ours: ['blocks.*.attention.output.bias'] },
    { foreign: 'model.layers.*.self_attn.q_norm.weight', ours: ['blocks.*.attention.queryNorm.weight'] },
    { foreign: 'model.layers.*.self_attn.k_norm.weight', ours: ['blocks.*.attention.keyNorm.weight'] },
    { foreign: 'model.layers.*.post_attention_layernorm.weight', ours: ['blocks.*.feedForwardNorm.weight'] },
    { foreign: 'model.layers.*.mlp.gate_proj.weight', ours: ['blocks.*.feedForward.gate.weight'] },
    { foreign: 'model.layers.*.mlp.up_proj.weight', ours: ['blocks.*.feedForward.up.weight'] },
    { foreign: 'model.layers.*.mlp.down_proj.weight', ours: ['blocks.*.feedForward.down.weight'] },
    { foreign: 'model.layers.*.mlp.gate_proj.bias', ours: ['blocks.*.feedForward.gate.bias'] },
    { foreign: 'model.layers.*.mlp.up_proj.bias', ours: ['blocks.*.feedForward.up.bias'] },
    { foreign: 'model.layers.*.mlp.down_proj.bias', ours: ['blocks.*.feedForward.down.bias'] },
    { foreign: 'model.norm.weight', ours: ['norm.weight'] },
    { foreign: 'lm_head.weight', ours: ['head.weight'] },
  ],
  // Angles that are computed; a tied head written a second time.
  ignored: [/\.rotary_emb\.inv_freq$/, /^lm_head\.weight$/],
};
