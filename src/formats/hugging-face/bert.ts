/**
 * BERT with its heads: `BertModel`, `BertForMaskedLM`, `BertForPreTraining`, `BertForNextSentencePrediction`,
 * `BertForSequenceClassification`, `BertForQuestionAnswering`. Source: huggingface/transformers 5.18, `models/bert/`.
 */

import { z } from 'zod';

import { bert } from '../../models/index.ts';
import type { BertConfig, BertHead, BertModel } from '../../models/index.ts';
import { checkSchema } from '../json-file.ts';
import type { Architecture } from './architecture.ts';
import { CONFIG_REMEDY, contextSize, layerCount, positive, rate, vocabularySize, width } from './config-fields.ts';
import type { WeightRule } from './weight-rules.ts';

const CONFIG = z.looseObject({
  architectures: z.array(z.string()).nullish(),
  num_hidden_layers: layerCount,
  num_attention_heads: width,
  hidden_size: width,
  intermediate_size: width,
  max_position_embeddings: contextSize,
  vocab_size: vocabularySize,
  type_vocab_size: width.default(2),
  layer_norm_eps: positive.default(1e-12),
  hidden_act: z.string().default('gelu'),
  hidden_dropout_prob: rate.default(0.1),
  attention_probs_dropout_prob: rate.default(0.1),
  position_embedding_type: z.string().nullish(),
  is_decoder: z.boolean().nullish(),
  tie_word_embeddings: z.boolean().default(true),
  id2label: z.record(z.string(), z.string()).nullish(),
});

const ACTIVATIONS: Readonly<Record<string, BertConfig['activation']>> = {
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  gelu_python: 'gelu',
  relu: 'relu',
};

/** The class of each head. */
const CLASSES: { readonly [H in BertHead]: string } = {
  none: 'BertModel',
  masked: 'BertForMaskedLM',
  pretraining: 'BertForPreTraining',
  pair: 'BertForNextSentencePrediction',
  classification: 'BertForSequenceClassification',
  span: 'BertForQuestionAnswering',
};

const both = (foreign: string, ours: string): readonly WeightRule[] =>
  ['weight', 'bias'].map((part) => ({ foreign: `${foreign}.${part}`, ours: [`${ours}.${part}`] }));

/** {@link Architecture} of BERT. */
export const BERT: Architecture<BertModel> = {
  classNames: Object.values(CLASSES),
  modelType: 'bert',
  readConfig(json, path) {
    const config = checkSchema(CONFIG, json, { path, code: 'WEFT_FORMAT_CONFIG', remedy: CONFIG_REMEDY });
    const activation = Object.hasOwn(ACTIVATIONS, config.hidden_act) ? ACTIVATIONS[config.hidden_act] : undefined;
    const head = (Object.keys(CLASSES) as BertHead[]).find((each) => CLASSES[each] === config.architectures?.[0]) ?? 'none';
    const labels = Object.keys(config.id2label ?? {}).length;
    const model = bert({
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      width: config.hidden_size,
      hidden: config.intermediate_size,
      contextLength: config.max_position_embeddings,
      vocabSize: config.vocab_size,
      types: config.type_vocab_size,
      activation: activation ?? 'gelu',
      normEpsilon: config.layer_norm_eps,
      dropout: config.hidden_dropout_prob,
      attentionDropout: config.attention_probs_dropout_prob,
      head,
      classes: labels > 0 ? labels : 2,
    });
    const positions = config.position_embedding_type ?? 'absolute';
    const unsupported = [
      ...(activation === undefined ? [`the activation ${config.hidden_act.slice(0, 40)}`] : []),
      ...(positions === 'absolute' ? [] : [`positions of the kind ${positions.slice(0, 40)}`]),
      ...(config.is_decoder === true ? ['a decoder'] : []),
      ...(config.tie_word_embeddings || (head !== 'masked' && head !== 'pretraining') ? [] : ['an output layer of its own']),
    ];
    return { model, unsupported };
  },
  classNameOf: ({ config }) => CLASSES[config.head],
  isBare: ({ config }) => config.head === 'none',
  writeConfig: ({ config }) => ({
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    hidden_size: config.width,
    intermediate_size: config.hidden,
    max_position_embeddings: config.contextLength,
    vocab_size: config.vocabSize,
    type_vocab_size: config.types,
    layer_norm_eps: config.normEpsilon,
    hidden_act: { gelu: 'gelu', geluTanh: 'gelu_new', relu: 'relu' }[config.activation],
    hidden_dropout_prob: config.dropout,
    attention_probs_dropout_prob: config.attentionDropout,
    position_embedding_type: 'absolute',
    tie_word_embeddings: true,
    initializer_range: 0.02,
    ...(config.head === 'classification'
      ? {
          id2label: Object.fromEntries(Array.from({ length: config.classes }, (_, index) => [index, `LABEL_${index}`])),
          label2id: Object.fromEntries(Array.from({ length: config.classes }, (_, index) => [`LABEL_${index}`, index])),
        }
      : {}),
  }),
  weights: {
    prefix: 'bert.',
    rules: [
      { foreign: 'bert.embeddings.word_embeddings.weight', ours: ['tokens.weight'] },
      { foreign: 'bert.embeddings.position_embeddings.weight', ours: ['positions.weight'] },
      { foreign: 'bert.embeddings.token_type_embeddings.weight', ours: ['types.weight'] },
      ...both('bert.embeddings.LayerNorm', 'embeddingNorm'),
      ...both('bert.encoder.layer.*.attention.self.query', 'blocks.*.attention.query'),
      ...both('bert.encoder.layer.*.attention.self.key', 'blocks.*.attention.key'),
      ...both('bert.encoder.layer.*.attention.self.value', 'blocks.*.attention.value'),
      ...both('bert.encoder.layer.*.attention.output.dense', 'blocks.*.attention.output'),
      ...both('bert.encoder.layer.*.attention.output.LayerNorm', 'blocks.*.attentionNorm'),
      ...both('bert.encoder.layer.*.intermediate.dense', 'blocks.*.feedForward.up'),
      ...both('bert.encoder.layer.*.output.dense', 'blocks.*.feedForward.down'),
      ...both('bert.encoder.layer.*.output.LayerNorm', 'blocks.*.feedForwardNorm'),
      ...both('bert.pooler.dense', 'pooler'),
      ...both('cls.predictions.transform.dense', 'masked.transform'),
      ...both('cls.predictions.transform.LayerNorm', 'masked.norm'),
      { foreign: 'cls.predictions.bias', ours: ['masked.bias'] },
      ...both('cls.seq_relationship', 'pair'),
      ...both('classifier', 'classifier'),
      ...both('qa_outputs', 'span'),
    ],
    // Numbers from 0; the tied output layer a second time.
    ignored: [/(^|\.)embeddings\.position_ids$/, /^cls\.predictions\.decoder\.(weight|bias)$/],
    // What TensorFlow called them, in the oldest files.
    aliases: [
      [/LayerNorm\.weight$/, 'LayerNorm.gamma'],
      [/LayerNorm\.bias$/, 'LayerNorm.beta'],
    ],
    // What a model of another head may leave out of a file, and have fresh: see `loadEncoder`.
    heads: /^(?:bert\.)?(?:pooler\.|cls\.|classifier\.|qa_outputs\.)/,
  },
};
