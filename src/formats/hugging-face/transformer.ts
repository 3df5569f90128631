/**
 * The encoder-decoder transformer. transformers has no class of it: `config.json` names the arguments of PyTorch's `nn.Transformer`,
 * and its weights are those of its state dict under `transformer.`, so that PyTorch reads them. Source: pytorch 2.13, `nn/modules/transformer.py`.
 */

import { z } from 'zod';

import { seq2seq } from '../../models/index.ts';
import type { Seq2SeqModel } from '../../models/index.ts';
import { checkSchema } from '../json-file.ts';
import type { Architecture } from './architecture.ts';
import { CONFIG_REMEDY, contextSize, layerCount, positive, rate, vocabularySize, width } from './config-fields.ts';
import type { WeightRule } from './weight-rules.ts';

const CONFIG = z.looseObject({
  num_encoder_layers: layerCount,
  num_decoder_layers: layerCount,
  nhead: width,
  d_model: width,
  dim_feedforward: width,
  dropout: rate.default(0.1),
  activation: z.enum(['relu', 'gelu']).default('relu'),
  norm_first: z.boolean().default(false),
  final_norms: z.boolean().default(true),
  layer_norm_eps: positive.default(1e-5),
  bias: z.boolean().default(true),
  source_vocab_size: vocabularySize,
  target_vocab_size: vocabularySize,
  max_position_embeddings: contextSize,
  positions: z.enum(['learned', 'sinusoidal']),
  shared_embeddings: z.boolean(),
  shared_positions: z.boolean().default(true),
  scale_embedding: z.boolean(),
  tie_word_embeddings: z.boolean(),
  head_bias: z.boolean().default(true),
});

const both = (foreign: string, ours: string): readonly WeightRule[] =>
  ['weight', 'bias'].map((part) => ({ foreign: `${foreign}.${part}`, ours: [`${ours}.${part}`] }));
const attention = (foreign: string, ours: string): readonly WeightRule[] => [
  ...['weight', 'bias'].map((part) => ({
    foreign: `${foreign}.in_proj_${part}`,
    ours: ['query', 'key', 'value'].map((each) => `${ours}.${each}.${part}`),
  })),
  ...both(`${foreign}.out_proj`, `${ours}.output`),
];
const layer = (side: string): readonly WeightRule[] => [
  ...attention(`transformer.${side}.layers.*.self_attn`, `${side}.blocks.*.attention`),
  ...both(`transformer.${side}.layers.*.linear1`, `${side}.blocks.*.feedForward.up`),
  ...both(`transformer.${side}.layers.*.linear2`, `${side}.blocks.*.feedForward.down`),
  ...both(`transformer.${side}.layers.*.norm1`, `${side}.blocks.*.attentionNorm`),
  ...both(`transformer.${side}.norm`, `${side}.norm`),
];

/** {@link Architecture} of the encoder-decoder transformer. */
export const TRANSFORMER: Architecture<Seq2SeqModel> = {
  classNames: ['WeftSeq2Seq'],
  modelType: 'weft_seq2seq',
  readConfig(json, path) {
    const config = checkSchema(CONFIG, json, { path, code: 'WEFT_FORMAT_CONFIG', remedy: CONFIG_REMEDY });
    const model = seq2seq({
      encoderLayers: config.num_encoder_layers,
      decoderLayers: config.num_decoder_layers,
      heads: config.nhead,
      width: config.d_model,
      hidden: config.dim_feedforward,
      dropout: config.dropout,
      activation: config.activation,
      normFirst: config.norm_first,
      finalNorms: config.final_norms,
      normEpsilon: config.layer_norm_eps,
      bias: config.bias,
      sourceVocabSize: config.source_vocab_size,
      targetVocabSize: config.target_vocab_size,
      contextLength: config.max_position_embeddings,
      positions: config.positions,
      sharedEmbeddings: config.shared_embeddings,
      sharedPositions: config.shared_positions,
      scaledEmbeddings: config.scale_embedding,
      tiedHead: config.tie_word_embeddings,
      headBias: config.head_bias,
    });
    return { model, unsupported: [] };
  },
  writeConfig: ({ config }) => ({
    num_encoder_layers: config.encoderLayers,
    num_decoder_layers: config.decoderLayers,
    nhead: config.heads,
    d_model: config.width,
    dim_feedforward: config.hidden,
    dropout: config.dropout,
    activation: config.activation,
    norm_first: config.normFirst,
    final_norms: config.finalNorms,
    layer_norm_eps: config.normEpsilon,
    bias: config.bias,
    is_encoder_decoder: true,
    source_vocab_size: config.sourceVocabSize,
    target_vocab_size: config.targetVocabSize,
    max_position_embeddings: config.contextLength,
    positions: config.positions,
    shared_embeddings: config.sharedEmbeddings,
    shared_positions: config.sharedPositions,
    scale_embedding: config.scaledEmbeddings,
    tie_word_embeddings: config.tiedHead,
    head_bias: config.headBias,
  }),
  weights: {
    prefix: 'transformer.',
    rules: [
      ...['tokens', 'source.tokens', 'target.tokens', 'positions', 'source.positions', 'target.positions'].map((name) => ({
        foreign: `${name}.weight`,
        ours: [`${name}.weight`],
      })),
      ...layer('encoder'),
      ...both('transformer.encoder.layers.*.norm2', 'encoder.blocks.*.feedForwardNorm'),
      ...layer('decoder'),
      ...attention('transformer.decoder.layers.*.multihead_attn', 'decoder.blocks.*.crossAttention'),
      ...both('transformer.decoder.layers.*.norm2', 'decoder.blocks.*.crossAttentionNorm'),
      ...both('transformer.decoder.layers.*.norm3', 'decoder.blocks.*.feedForwardNorm'),
      ...both('head', 'head'),
    ],
    ignored: [],
  },
};
