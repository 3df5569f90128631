/**
 * `GPT2LMHeadModel`. Source: huggingface/transformers 5.17, `models/gpt2/{configuration,modeling}_gpt2.py`. Its linear layers
 * are `Conv1D`: stored in × out, queries, keys and values in one. It has no model without biases: ours are written with
 * zeros, and `"bias": false` in `config.json`, which others pass over.
 */

import { z } from 'zod';

import { gpt } from '../../models/index.ts';
import type { GptConfig, GptModel } from '../../models/index.ts';
import { checkSchema } from '../json-file.ts';
import type { Architecture } from './architecture.ts';
import { CONFIG_REMEDY, contextSize, layerCount, positive, rate, vocabularySize, width } from './config-fields.ts';
import type { WeightRule } from './weight-rules.ts';

const CONFIG = z.looseObject({
  n_layer: layerCount,
  n_head: width,
  n_embd: width,
  n_inner: width.nullish(),
  n_positions: contextSize,
  vocab_size: vocabularySize,
  layer_norm_epsilon: positive.default(1e-5),
  activation_function: z.string().default('gelu_new'),
  resid_pdrop: rate.default(0.1),
  tie_word_embeddings: z.boolean().default(true),
  bias: z.boolean().default(true),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
});

/** Activations by Hugging Face's names; the first of each is the one that is written. */
const ACTIVATIONS: Readonly<Record<string, GptConfig['activation']>> = {
  gelu_new: 'geluTanh',
  gelu: 'gelu',
  gelu_pytorch_tanh: 'geluTanh',
  gelu_fast: 'geluTanh',
  gelu_python: 'gelu',
  relu: 'relu',
  relu2: 'reluSquared',
};

const linear = (foreign: string, ours: readonly string[]): readonly WeightRule[] => [
  { foreign: `${foreign}.weight`, ours: ours.map((name) => `${name}.weight`), transposed: true },
  { foreign: `${foreign}.bias`, ours: ours.map((name) => `${name}.bias`), zeros: true },
];
const norm = (foreign: string, ours: string): readonly WeightRule[] => [
  { foreign: `${foreign}.weight`, ours: [`${ours}.weight`] },
  { foreign: `${foreign}.bias`, ours: [`${ours}.bias`], zeros: true },
];

/** {@link Architecture} of GPT-2. */
export const GPT2: Architecture<GptModel> = {
  classNames: ['GPT2LMHeadModel'],
  modelType: 'gpt2',
  readConfig(json, path) {
    const config = checkSchema(CONFIG, json, { path, code: 'WEFT_FORMAT_CONFIG', remedy: CONFIG_REMEDY });
    const activation = Object.hasOwn(ACTIVATIONS, config.activation_function) ? ACTIVATIONS[config.activation_function] : undefined;
    const model = gpt({
      layers: config.n_layer,
      heads: config.n_head,
      width: config.n_embd,
      hidden: config.n_inner ?? 4 * config.n_embd,
      contextLength: config.n_positions,
      vocabSize: config.vocab_size,
      bias: config.bias,
      activation: activation ?? 'geluTanh',
      normEpsilon: config.layer_norm_epsilon,
      dropout: config.resid_pdrop,
      tiedHead: config.tie_word_embeddings,
    });
    const unsupported = [
      ...(activation === undefined ? [`the activation ${config.activation_function.slice(0, 40)}`] : []),
      ...(config.scale_attn_weights ? [] : ['attention without its scale']),
      ...(config.scale_attn_by_inverse_layer_idx ? ['attention scaled by layer'] : []),
      ...(config.add_cross_attention ? ['cross-attention'] : []),
    ];
    return { model, unsupported };
  },
  writeConfig: ({ config }) => ({
    n_layer: config.layers,
    n_head: config.heads,
    n_embd: config.width,
    n_inner: config.hidden,
    n_positions: config.contextLength,
    n_ctx: config.contextLength,
    vocab_size: config.vocabSize,
    layer_norm_epsilon: config.normEpsilon,
    activation_function: Object.entries(ACTIVATIONS).find(([, form]) => form === config.activation)?.[0],
    resid_pdrop: config.dropout,
    embd_pdrop: config.dropout,
    attn_pdrop: config.dropout,
    tie_word_embeddings: config.tiedHead,
    bias: config.bias,
    scale_attn_weights: true,
    initializer_range: 0.02,
    use_cache: true,
  }),
  unsaid: ({ config: { positions = 'learned', queryKeyNorm, scoreSoftCap, logitSoftCap } }) => [
    ...(positions === 'learned' ? [] : [`${positions} positions`]),
    ...(queryKeyNorm === true ? ['normalised queries and keys'] : []),
    ...(scoreSoftCap === undefined && logitSoftCap === undefined ? [] : ['capped scores or logits']),
  ],
  weights: {
    prefix: 'transformer.',
    rules: [
      { foreign: 'transformer.wte.weight', ours: ['tokens.weight'] },
      { foreign: 'transformer.wpe.weight', ours: ['positions.weight'] },
      ...norm('transformer.h.*.ln_1', 'blocks.*.attentionNorm'),
      ...linear('transformer.h.*.attn.c_attn', ['blocks.*.attention.query', 'blocks.*.attention.key', 'blocks.*.attention.value']),
      ...linear('transformer.h.*.attn.c_proj', ['blocks.*.attention.output']),
      ...norm('transformer.h.*.ln_2', 'blocks.*.feedForwardNorm'),
      ...linear('transformer.h.*.mlp.c_fc', ['blocks.*.feedForward.up']),
      ...linear('transformer.h.*.mlp.c_proj', ['blocks.*.feedForward.down']),
      ...norm('transformer.ln_f', 'norm'),
      { foreign: 'lm_head.weight', ours: ['head.weight'] },
    ],
    // Causal masks kept as buffers; a tied head written a second time.
    ignored: [/\.attn\.(?:masked_)?bias$/, /^lm_head\.weight$/],
  },
};
