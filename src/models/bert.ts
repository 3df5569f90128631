/**
 * BERT: a transformer's encoder that sees a text from both sides, and heads upon it. Devlin et al. 2018, "BERT: Pre-training of Deep
 * Bidirectional Transformers", section 3 and appendix A; sizes and names of parts as in google-research/bert, `modeling.py`.
 */

import { UsageError, checkOptions } from '../core/index.ts';
import { add, axes, collectParameters, gather, gelu, input, matmul, parameter, relu, reshape, scope, slice, tanh } from '../graph/index.ts';
import type { ParameterSpec, Tensor } from '../graph/index.ts';
import { NORMAL_002, block, dropout, embeddingTable, encoderLayer, layerNormalization, linear } from '../nn/index.ts';
import type { AttentionMasks, ForwardContext } from '../nn/index.ts';
import { requireCounts, requireDivisor, requireOption } from './language-model.ts';

/**
 * What stands upon the encoder: nothing but the pooled first token; logits of masked tokens; whether the second sentence follows the
 * first (`pair`); both, as in pre-training; classes of a text or of a pair; the start and end of an answer.
 */
export type BertHead = 'none' | 'masked' | 'pair' | 'pretraining' | 'classification' | 'span';

/** Configuration of {@link bert}. */
export interface BertConfig {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Width inside the feed-forward blocks. */
  readonly hidden: number;
  readonly contextLength: number;
  readonly vocabSize: number;
  /** Kinds of tokens: of the first sentence and of the second. */
  readonly types: number;
  readonly activation: 'gelu' | 'geluTanh' | 'relu';
  readonly normEpsilon: number;
  readonly dropout: number;
  /** Of attention's probabilities. */
  readonly attentionDropout: number;
  readonly head: BertHead;
  /** Classes of the head `classification`. */
  readonly classes: number;
}

/** Options of {@link bert}: sizes, and whatever departs from its defaults. */
export type BertOptions = Pick<BertConfig, 'layers' | 'heads' | 'width' | 'contextLength' | 'vocabSize'> & Partial<BertConfig>;

/** A text for BERT, and what of it is padding. */
export interface BertText extends AttentionMasks {
  /** int32, B T. */
  readonly ids: Tensor;
  /** int32, B T: which sentence each token is of; default 0. */
  readonly types?: Tensor;
}

/** What {@link bert} makes: a definition, without weights. Each head is there only where the configuration asks for it. */
export interface BertModel {
  readonly architecture: 'bert';
  readonly config: BertConfig;
  readonly vocabSize: number;
  readonly contextLength: number;
  /** Its parameters in the order of their use. */
  readonly parameters: readonly ParameterSpec[];
  /** A text (B T) to the last layer's output (B T C). */
  hidden(text: BertText, context: ForwardContext): Tensor;
  /** The first token of the last layer's output (B T C), through a layer and tanh: B C. */
  pooled(hidden: Tensor): Tensor;
  /** Logits of the token at each place, … C -> … V. Heads `masked` and `pretraining`. */
  maskedLogits(hidden: Tensor): Tensor;
  /** Logits of "the second sentence follows the first" and "it does not", B T C -> B 2. Heads `pair` and `pretraining`. */
  pairLogits(hidden: Tensor): Tensor;
  /** Logits of classes, B T C -> B N. Head `classification`. */
  classLogits(hidden: Tensor, context: ForwardContext): Tensor;
  /** Logits of each place as the start and as the end of an answer, B T C -> B T 2. Head `span`. */
  spanLogits(hidden: Tensor): Tensor;
}

const ACTION = 'make a BERT model';
const HEADS: readonly BertHead[] = ['none', 'masked', 'pair', 'pretraining', 'classification', 'span'];
const DEFAULTS = {
  types: 2,
  activation: 'gelu',
  normEpsilon: 1e-12,
  dropout: 0.1,
  attentionDropout: 0.1,
  head: 'none',
  classes: 2,
} as const;

/**
 * A BERT model.
 *
 * @param options `hidden` defaults to 4 · width, `types` to 2, `head` to `none`, dropout to 0.1, `normEpsilon` to 1e-12.
 * @throws UsageError `WEFT_MODEL_HEADS` when the heads don't divide the width, `WEFT_MODEL_SIZE` and `WEFT_MODEL_OPTION` when an option
 *   is out of its range; `WEFT_MODEL_HEAD` when a head is used that the configuration does not have.
 *
 * @example
 * ```ts
 * import { bert } from 'weft/models';
 *
 * const base = bert({ layers: 12, heads: 12, width: 768, contextLength: 512, vocabSize: 30_522 });
 * const count = base.parameters.reduce((sum, { shape }) => sum + shape.reduce((product, { size }) => product * Number(size), 1), 0);
 * console.log(count); // 109482240
 * ```
 */
export function bert(options: BertOptions): BertModel {
  checkOptions(ACTION, options, [...Object.keys(DEFAULTS), 'layers', 'heads', 'width', 'hidden', 'contextLength', 'vocabSize']);
  const config: BertConfig = { ...DEFAULTS, hidden: 4 * options.width, ...options };
  requireConfig(config);
  const { layers, width, contextLength, vocabSize, types, normEpsilon, head, classes, dropout: rate } = config;
  const norm = (x: Tensor, name: string): Tensor => layerNormalization(x, { name, width, epsilon: normEpsilon });
  const activation = (x: Tensor): Tensor =>
    config.activation === 'relu' ? relu(x) : gelu(x, config.activation === 'geluTanh' ? 'tanh' : 'erf');
  const sizes = { ...config, activation, normFirst: false, bias: true, initializer: NORMAL_002 };
  const tokens = (): Tensor => embeddingTable({ name: 'tokens', rows: vocabSize, width });
  const layer = (x: Tensor, name: string, out: number): Tensor => linear(x, { name, in: width, out, bias: true });
  const needs = (...heads: readonly BertHead[]): void => {
    if (!heads.includes(head)) throw missingHead(head, heads);
  };

  const forward: Pick<BertModel, 'hidden' | 'pooled' | 'maskedLogits' | 'pairLogits' | 'classLogits' | 'spanLogits'> = {
    hidden({ ids, types: kinds, mask, keyPadding }, context) {
      const time = Number(ids.shape[1]?.size);
      const positions = embeddingTable({ name: 'positions', rows: contextLength, width });
      const placed = add(gather(tokens(), ids), time === contextLength ? positions : slice(positions, 0, { start: 0, end: time })); // B T C
      const table = embeddingTable({ name: 'types', rows: types, width });
      const embedded = add(placed, kinds === undefined ? slice(table, 0, { start: 0, end: 1 }) : gather(table, kinds));
      let x = dropout(norm(embedded, 'embeddingNorm'), { name: 'embedding', rate }, context);
      for (let index = 0; index < layers; index++)
        x = scope(`blocks.${index}`, () => block(() => encoderLayer(x, { ...sizes, mask, keyPadding }, context), context));
      return x;
    },
    pooled(hidden) {
      if (head === 'masked' || head === 'span')
        throw missingHead(
          head,
          HEADS.filter((other) => other !== 'masked' && other !== 'span'),
        );
      const [batch] = hidden.shape;
      const first = reshape(slice(hidden, 1, { start: 0, end: 1 }), [...(batch === undefined ? [] : [batch]), ...axes('C', width)]); // B T C -> B C
      return tanh(layer(first, 'pooler', width));
    },
    maskedLogits(hidden) {
      needs('masked', 'pretraining');
      const table = tokens(); // The output layer is the token embedding.
      return scope('masked', () => {
        const transformed = norm(activation(layer(hidden, 'transform', width)), 'norm');
        return add(
          matmul(transformed, table, { transposeB: true }),
          parameter('bias', axes('V', vocabSize), { kind: 'constant', value: 0 }),
        ); // … C -> … V
      });
    },
    pairLogits(hidden) {
      needs('pair', 'pretraining');
      return layer(forward.pooled(hidden), 'pair', 2);
    },
    classLogits(hidden, context) {
      needs('classification');
      return layer(dropout(forward.pooled(hidden), { name: 'pooled', rate }, context), 'classifier', classes);
    },
    spanLogits(hidden) {
      needs('span');
      return layer(hidden, 'span', 2);
    },
  };
  const hidden = forward.hidden({ ids: input('ids', 'int32', axes('B T', 1, 1)) }, {});
  const outputs: { readonly [H in BertHead]: () => readonly Tensor[] } = {
    none: () => [forward.pooled(hidden)],
    masked: () => [forward.maskedLogits(hidden)],
    pair: () => [forward.pairLogits(hidden)],
    pretraining: () => [forward.maskedLogits(hidden), forward.pairLogits(hidden)],
    classification: () => [forward.classLogits(hidden, {})],
    span: () => [forward.spanLogits(hidden)],
  };
  return { architecture: 'bert', config, vocabSize, contextLength, parameters: collectParameters(outputs[head]()), ...forward };
}

function requireConfig(config: BertConfig): void {
  const { layers, heads, width, hidden, contextLength, vocabSize, types, classes, normEpsilon } = config;
  requireCounts(ACTION, { layers, heads, width, hidden, contextLength, vocabSize, types, classes });
  requireDivisor(ACTION, ['heads', heads], ['width', width]);
  for (const name of ['dropout', 'attentionDropout'] as const)
    requireOption(ACTION, [name, config[name]], { rule: 'at least 0 and below 1', holds: config[name] >= 0 && config[name] < 1 });
  const activations = ['gelu', 'geluTanh', 'relu'];
  requireOption(ACTION, ['activation', config.activation], {
    rule: activations.join(' or '),
    holds: activations.includes(config.activation),
  });
  requireOption(ACTION, ['head', config.head], { rule: HEADS.join(' or '), holds: HEADS.includes(config.head) });
  requireOption(ACTION, ['normEpsilon', normEpsilon], { rule: 'above 0', holds: normEpsilon > 0 });
}

function missingHead(head: BertHead, needed: readonly BertHead[]): UsageError {
  return new UsageError({
    code: 'WEFT_MODEL_HEAD',
    action: 'use a head of BERT',
    rule: `the model must have the head ${needed.join(' or ')}`,
    value: head,
    remedy: 'Make the model with this head.',
  });
}
