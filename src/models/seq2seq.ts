/**
 * The encoder-decoder transformer. Vaswani et al. 2017, "Attention Is All You Need"; argument for argument what PyTorch's
 * `nn.Transformer` has (https://docs.pytorch.org/docs/stable/generated/torch.nn.Transformer.html), with the embeddings, positions
 * and output layer that it leaves to its user.
 *
 * As in the paper and unlike a bare `nn.Transformer`, the target never sees what stands after it.
 */

import { checkOptions } from '../core/index.ts';
import { add, axes, collectParameters, constant, gather, input, matmul, multiply, parameter, scope, slice } from '../graph/index.ts';
import type { Initializer, ParameterSpec, Tensor } from '../graph/index.ts';
import {
  block,
  decoderLayer,
  decoderMemory,
  dropout,
  embeddingTable,
  encoderLayer,
  layerNormalization,
  linear,
  sinusoidalPositions,
} from '../nn/index.ts';
import type { AttentionMasks, ForwardContext, KeyValueHeads, TransformerLayerOptions } from '../nn/index.ts';
import { requireCounts, requireDivisor, requireOption } from './language-model.ts';

/** Configuration of {@link seq2seq}. */
export interface Seq2SeqConfig {
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly heads: number;
  readonly width: number;
  /** Width inside the feed-forward blocks. */
  readonly hidden: number;
  readonly sourceVocabSize: number;
  readonly targetVocabSize: number;
  /** The longest source and the longest target, in tokens. */
  readonly contextLength: number;
  readonly positions: 'learned' | 'sinusoidal';
  /** Source and target have one table of tokens. */
  readonly sharedEmbeddings: boolean;
  /** Source and target have one table of learned positions. */
  readonly sharedPositions: boolean;
  /** The output layer's weight is the target's table of tokens. */
  readonly tiedHead: boolean;
  /** The output layer has a bias. */
  readonly headBias: boolean;
  /** Rows of tokens are multiplied by √width. Section 3.4. */
  readonly scaledEmbeddings: boolean;
  readonly dropout: number;
  readonly activation: 'relu' | 'gelu';
  /** Normalisation before each block instead of behind it. Xiong et al. 2020. */
  readonly normFirst: boolean;
  /** A normalisation behind the last encoder and decoder layer, as PyTorch has in both arrangements. */
  readonly finalNorms: boolean;
  readonly normEpsilon: number;
  /** Of linear layers and normalisations, the output layer excepted. */
  readonly bias: boolean;
}

/** Options of {@link seq2seq}. */
export type Seq2SeqOptions = Pick<Seq2SeqConfig, 'contextLength'> &
  Partial<Seq2SeqConfig> & {
    /** Of both texts. */
    readonly vocabSize?: number;
  };

/** A source text and what of it is not to be seen. */
export interface Seq2SeqSource extends AttentionMasks {
  /** int32, B S. */
  readonly ids: Tensor;
  /** int32, S or B S: its positions, for a length that is known at run time only and for several texts in a row; default 0, 1, …. */
  readonly positions?: Tensor;
}

/** A target text, what it is about, and what of both is not to be seen. */
export interface Seq2SeqTarget extends AttentionMasks {
  /** int32, B T. */
  readonly ids: Tensor;
  /** int32, B T: its positions; default 0, 1, …, or those of the cache. */
  readonly positions?: Tensor;
  /** What {@link Seq2SeqModel.encode} gave (B S C); or what {@link Seq2SeqModel.memory} made of it, for `hypotheses` targets a source. */
  readonly memory: Tensor | { readonly layers: readonly KeyValueHeads[]; readonly hypotheses: number };
  /** Memory that is padding, B S. */
  readonly memoryPadding?: Tensor;
  /** Of the target on the memory: T S, or anything that stretches to B H T S. */
  readonly memoryMask?: Tensor;
}

/** What {@link seq2seq} makes: a definition, without weights. */
export interface Seq2SeqModel {
  readonly architecture: 'seq2seq';
  readonly config: Seq2SeqConfig;
  /** Of the target. */
  readonly vocabSize: number;
  /** The longest source and the longest target, in tokens. */
  readonly contextLength: number;
  /** Its parameters in the order of their use. */
  readonly parameters: readonly ParameterSpec[];
  /** The source (B S) to the memory (B S C). */
  encode(source: Seq2SeqSource, context: ForwardContext): Tensor;
  /** The memory to keys and values of each decoder layer, which do not change while a target is written. */
  memory(memory: Tensor): readonly KeyValueHeads[];
  /** The target (B T) to the last layer's output (B T C). */
  decode(target: Seq2SeqTarget, context: ForwardContext): Tensor;
  /** The last layer's output (… C) to logits (… V). */
  logits(hidden: Tensor): Tensor;
}

const ACTION = 'make a sequence-to-sequence model';
const DEFAULTS = {
  encoderLayers: 6,
  decoderLayers: 6,
  heads: 8,
  width: 512,
  hidden: 2048,
  positions: 'sinusoidal',
  sharedPositions: true,
  headBias: true,
  dropout: 0.1,
  activation: 'relu',
  normFirst: false,
  finalNorms: true,
  normEpsilon: 1e-5,
  bias: true,
} as const;

/**
 * An encoder-decoder transformer.
 *
 * @param options `contextLength`, and `vocabSize` or the two vocabularies. Sizes default to the paper's base model, dropout to 0.1,
 * `positions` to sinusoidal, `sharedEmbeddings` to whether the vocabularies are one, `tiedHead` and `scaledEmbeddings` to the same.
 * @throws UsageError `WEFT_MODEL_HEADS` when the heads don't divide the width, `WEFT_MODEL_SIZE` and `WEFT_MODEL_OPTION` when an option
 *   is out of its range.
 *
 * @example
 * ```ts
 * import { seq2seq } from 'weft/models';
 *
 * const paper = seq2seq({ vocabSize: 37_000, contextLength: 256 });
 * const count = paper.parameters.reduce((sum, { shape }) => sum + shape.reduce((product, { size }) => product * Number(size), 1), 0);
 * console.log((count / 1e6).toFixed(0)); // 63
 * ```
 */
export function seq2seq(options: Seq2SeqOptions): Seq2SeqModel {
  const config = configOf(options);
  const { encoderLayers, decoderLayers, width, contextLength, finalNorms, normEpsilon, bias, dropout: rate } = config;
  const sizes: TransformerLayerOptions = config;
  // The paper's tables are multiplied by √C, which makes what goes into the layers N(0, 1) as in PyTorch's Embedding.
  const initializer: Initializer = { kind: 'normal', standardDeviation: config.scaledEmbeddings ? width ** -0.5 : 1 };
  const sourceTokens = (): Tensor =>
    embeddingTable({ name: config.sharedEmbeddings ? 'tokens' : 'source.tokens', rows: config.sourceVocabSize, width, initializer });
  const targetTokens = (): Tensor =>
    embeddingTable({ name: config.sharedEmbeddings ? 'tokens' : 'target.tokens', rows: config.targetVocabSize, width, initializer });
  // Made once, when it is needed first.
  let sinusoids: Tensor | undefined;
  const positionTable = (side: string): Tensor =>
    config.positions === 'sinusoidal'
      ? (sinusoids ??= constant(sinusoidalPositions(contextLength, width), 'T C'))
      : embeddingTable({ name: config.sharedPositions ? 'positions' : `${side}.positions`, rows: contextLength, width, initializer });

  const embed = (side: 'source' | 'target', ids: Tensor, positions: Tensor | undefined, context: ForwardContext): Tensor => {
    const rows = gather(side === 'source' ? sourceTokens() : targetTokens(), ids); // B T C
    const scaled = config.scaledEmbeddings ? multiply(rows, Math.sqrt(width)) : rows;
    const table = positionTable(side);
    const placed = positions === undefined ? firstRows(table, ids) : gather(table, positions);
    return dropout(add(scaled, placed), { name: `${side}.embedding`, rate }, context);
  };
  const finalNorm = (x: Tensor): Tensor => (finalNorms ? layerNormalization(x, { name: 'norm', width, epsilon: normEpsilon, bias }) : x);

  const forward: Pick<Seq2SeqModel, 'encode' | 'memory' | 'decode' | 'logits'> = {
    encode({ ids, positions, mask, keyPadding }, context) {
      let x = embed('source', ids, positions, context);
      return scope('encoder', () => {
        for (let layer = 0; layer < encoderLayers; layer++)
          x = scope(`blocks.${layer}`, () => block(() => encoderLayer(x, { ...sizes, mask, keyPadding }, context), context));
        return finalNorm(x);
      });
    },
    memory: (memory) =>
      Array.from({ length: decoderLayers }, (_, layer) => scope(`decoder.blocks.${layer}`, () => decoderMemory(memory, sizes))),
    decode({ ids, positions, memory, mask, keyPadding, memoryMask, memoryPadding }, context) {
      let x = embed('target', ids, positions ?? context.cache?.positions, context);
      const masks = { target: { causal: true, mask, keyPadding }, memory: { mask: memoryMask, keyPadding: memoryPadding } };
      return scope('decoder', () => {
        for (let layer = 0; layer < decoderLayers; layer++) {
          const projected = 'layers' in memory ? memory.layers[layer] : undefined;
          const seen = 'layers' in memory && projected !== undefined ? { projected, hypotheses: memory.hypotheses } : (memory as Tensor);
          x = scope(`blocks.${layer}`, () =>
            block(() => decoderLayer({ target: x, memory: seen }, { ...sizes, ...masks }, context), context),
          );
        }
        return finalNorm(x);
      });
    },
    logits(x) {
      const out = config.targetVocabSize;
      if (!config.tiedHead)
        return linear(x, {
          name: 'head',
          in: width,
          out,
          bias: config.headBias,
          initializer: { kind: 'normal', standardDeviation: width ** -0.5 },
        }); // … C -> … V
      const logits = matmul(x, targetTokens(), { transposeB: true }); // … C -> … V
      return config.headBias ? scope('head', () => add(logits, parameter('bias', axes('V', out), { kind: 'constant', value: 0 }))) : logits;
    },
  };
  const memory = forward.encode({ ids: input('source', 'int32', axes('B S', 1, 1)) }, {});
  const trace = forward.logits(forward.decode({ ids: input('target', 'int32', axes('B T', 1, 1)), memory }, {}));
  return {
    architecture: 'seq2seq',
    config,
    vocabSize: config.targetVocabSize,
    contextLength,
    parameters: collectParameters([trace]),
    ...forward,
  };
}

function configOf({ vocabSize, ...options }: Seq2SeqOptions): Seq2SeqConfig {
  const known = ['sourceVocabSize', 'targetVocabSize', 'contextLength', 'sharedEmbeddings', 'tiedHead', 'scaledEmbeddings'];
  checkOptions(ACTION, options, [...Object.keys(DEFAULTS), ...known]);
  const one = vocabSize !== undefined;
  const config: Seq2SeqConfig = {
    ...DEFAULTS,
    sourceVocabSize: vocabSize ?? 0,
    targetVocabSize: vocabSize ?? 0,
    sharedEmbeddings: one,
    tiedHead: one,
    scaledEmbeddings: one,
    ...options,
  };
  const { encoderLayers, decoderLayers, heads, width, hidden, sourceVocabSize, targetVocabSize, contextLength } = config;
  requireCounts(ACTION, { encoderLayers, decoderLayers, heads, width, hidden, sourceVocabSize, targetVocabSize, contextLength });
  requireDivisor(ACTION, ['heads', heads], ['width', width]);
  const rules = [
    ['dropout', config.dropout, 'at least 0 and below 1', config.dropout >= 0 && config.dropout < 1],
    ['activation', config.activation, 'relu or gelu', ['relu', 'gelu'].includes(config.activation)],
    ['positions', config.positions, 'learned or sinusoidal', ['learned', 'sinusoidal'].includes(config.positions)],
    ['normEpsilon', config.normEpsilon, 'above 0', config.normEpsilon > 0],
    [
      'sharedEmbeddings',
      String(config.sharedEmbeddings),
      'false where the vocabularies differ',
      !config.sharedEmbeddings || sourceVocabSize === targetVocabSize,
    ],
  ] as const;
  for (const [name, value, rule, holds] of rules) requireOption(ACTION, [name, value], { rule, holds });
  return config;
}

/** The first rows of a table of positions, one a token. */
function firstRows(table: Tensor, ids: Tensor): Tensor {
  const [rows, time] = [Number(table.shape[0]?.size), ids.shape[1]?.size];
  if (typeof time === 'number') return time === rows ? table : slice(table, 0, { start: 0, end: time }); // T C
  throw new RangeError(`the length of the text must be known, or its positions be given: ${String(time)}`);
}
