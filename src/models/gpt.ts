/**
 * GPT-2: learned positions, pre-LayerNorm blocks, GELU. Radford et al. 2019, "Language Models are Unsupervised Multitask
 * Learners", section 2.3; initialisation after its section 2.3 (residual projections scaled by 1/√(2L)).
 */

import { checkOptions } from '../core/index.ts';
import { add, constant, gather, multiply, scope, slice, tanh } from '../graph/index.ts';
import type { Initializer, Tensor } from '../graph/index.ts';
import {
  block,
  dropout,
  embeddingTable,
  feedForward,
  layerNormalization,
  linear,
  selfAttention,
  sinusoidalPositions,
  tiedHead,
} from '../nn/index.ts';
import type { FeedForwardActivation, ForwardContext, SelfAttentionOptions } from '../nn/index.ts';
import { defineLanguageModel, requireCounts, requireDivisor, requireOption } from './language-model.ts';
import type { ModelDefinition } from './language-model.ts';

const ACTIVATIONS: readonly FeedForwardActivation[] = ['gelu', 'geluTanh', 'relu', 'reluSquared'];

/** Configuration of {@link gpt}. */
export interface GptConfig {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Width inside the feed-forward blocks. */
  readonly hidden: number;
  readonly contextLength: number;
  readonly vocabSize: number;
  /** Biases in linear layers and LayerNorm. */
  readonly bias: boolean;
  /** The exact form of GELU or its tanh approximation, which GPT-2's published weights use; ReLU; its square (So et al. 2021, "Primer"). */
  readonly activation: FeedForwardActivation;
  readonly normEpsilon: number;
  /** Rate of dropout in training, of embeddings, attention probabilities and block outputs. */
  readonly dropout: number;
  /** The output layer is the token embedding. */
  readonly tiedHead: boolean;
  /** Positions in the embedding, learned (the default) or sinusoidal; or none there, and scores that fall with the distance (ALiBi). */
  readonly positions?: 'learned' | 'sinusoidal' | 'alibi';
  /** Each head's queries and keys are normalised by their root mean square; default false. Henry et al. 2020. */
  readonly queryKeyNorm?: boolean;
  /** Attention's scores stay within ± this, by a tanh; default they go where they may. Gemma 2, section 2. */
  readonly scoreSoftCap?: number;
  /** Logits stay within ± this; default they go where they may. */
  readonly logitSoftCap?: number;
}

/** What {@link gpt} makes. */
export type GptModel = ModelDefinition<'gpt', GptConfig>;

/** Options of {@link gpt}: sizes, and whatever departs from GPT-2. */
export type GptOptions = Pick<GptConfig, 'layers' | 'heads' | 'width' | 'contextLength' | 'vocabSize'> & Partial<GptConfig>;

/**
 * A GPT-2 language model.
 *
 * @param options `hidden` defaults to 4 · width, `bias` to true, `activation` to `geluTanh`, `normEpsilon` to 1e-5, `dropout` to 0, `tiedHead` to true.
 * @throws UsageError `WEFT_MODEL_HEADS` when the heads don't divide the width, `WEFT_MODEL_SIZE` and `WEFT_MODEL_OPTION` when an option is out of its range.
 *
 * @example
 * ```ts
 * import { gpt } from 'weft/models';
 *
 * const model = gpt({ layers: 2, heads: 2, width: 32, contextLength: 64, vocabSize: 100 });
 * console.log(model.parameters.length); // 36
 * ```
 */
export function gpt(options: GptOptions): GptModel {
  checkOptions('make a GPT model', options, [
    'layers',
    'heads',
    'width',
    'hidden',
    'contextLength',
    'vocabSize',
    'bias',
    'activation',
    'normEpsilon',
    'dropout',
    'tiedHead',
    'positions',
    'queryKeyNorm',
    'scoreSoftCap',
    'logitSoftCap',
  ]);
  const config: GptConfig = {
    hidden: 4 * options.width,
    bias: true,
    activation: 'geluTanh',
    normEpsilon: 1e-5,
    dropout: 0,
    tiedHead: true,
    ...options,
  };
  const { layers, heads, width, hidden, contextLength, vocabSize, bias, normEpsilon } = config;
  requireCounts('make a GPT model', { layers, heads, width, hidden, contextLength, vocabSize });
  requireDivisor('make a GPT model', ['heads', heads], ['width', width]);
  requireOption('make a GPT model', ['dropout', config.dropout], {
    rule: 'at least 0 and below 1',
    holds: config.dropout >= 0 && config.dropout < 1,
  });
  requireOption('make a GPT model', ['activation', config.activation], {
    rule: `one of ${ACTIVATIONS.join(', ')}`,
    holds: ACTIVATIONS.includes(config.activation),
  });
  requireOption('make a GPT model', ['normEpsilon', normEpsilon], { rule: 'above 0', holds: normEpsilon > 0 });
  requireOption('make a GPT model', ['positions', config.positions ?? 'learned'], {
    rule: 'learned, sinusoidal or alibi',
    holds: ['learned', 'sinusoidal', 'alibi'].includes(config.positions ?? 'learned'),
  });
  for (const name of ['scoreSoftCap', 'logitSoftCap'] as const)
    requireOption('make a GPT model', [name, config[name] ?? 1], { rule: 'above 0', holds: (config[name] ?? 1) > 0 });
  const tokens = (): Tensor => embeddingTable({ name: 'tokens', rows: vocabSize, width });
  const outputInitializer: Initializer = { kind: 'normal', standardDeviation: 0.02 / Math.sqrt(2 * layers) };
  const norm = (x: Tensor, name: string): Tensor => layerNormalization(x, { name, width, epsilon: normEpsilon, bias });
  const drop = (x: Tensor, name: string, context: ForwardContext): Tensor => dropout(x, { name, rate: config.dropout }, context);

  const attention: SelfAttentionOptions = {
    name: 'attention',
    width,
    heads,
    kvHeads: heads,
    headWidth: width / heads,
    bias,
    outputInitializer,
    dropoutRate: config.dropout,
    alibi: config.positions === 'alibi',
    ...(config.queryKeyNorm === true ? { queryKeyNorm: normEpsilon } : {}),
    ...(config.scoreSoftCap === undefined ? {} : { softCap: config.scoreSoftCap }),
  };
  const sinusoids = config.positions === 'sinusoidal' ? constant(sinusoidalPositions(contextLength, width), 'T C') : undefined;
  const placed = (x: Tensor, ids: Tensor, context: ForwardContext): Tensor => {
    if (config.positions === 'alibi') return x;
    return add(x, positionsOf(sinusoids ?? embeddingTable({ name: 'positions', rows: contextLength, width }), ids, context)); // B T C
  };

  const blockOf = (x: Tensor, context: ForwardContext): Tensor => {
    const attended = selfAttention(norm(x, 'attentionNorm'), attention, context);
    const y = add(x, drop(attended, 'attention', context)); // B T C
    const fed = feedForward(
      norm(y, 'feedForwardNorm'),
      { name: 'feedForward', width, hidden, bias, outputInitializer, activation: config.activation },
      context,
    );
    return add(y, drop(fed, 'feedForward', context)); // B T C
  };

  return defineLanguageModel('gpt', config, {
    hidden: (ids, context) => {
      let x = drop(placed(gather(tokens(), ids), ids, context), 'embedding', context); // B T C
      for (let layer = 0; layer < layers; layer++) x = scope(`blocks.${layer}`, () => block(() => blockOf(x, context), context));
      return norm(x, 'norm');
    },
    logits: (x, context) => {
      const logits = config.tiedHead ? tiedHead(x, tokens(), context) : linear(x, { name: 'head', in: width, out: vocabSize }, context); // … C -> … V
      return config.logitSoftCap === undefined ? logits : multiply(tanh(multiply(logits, 1 / config.logitSoftCap)), config.logitSoftCap);
    },
  });
}

/** The rows of a table (T C) for the places of tokens. */
function positionsOf(table: Tensor, ids: Tensor, context: ForwardContext): Tensor {
  const contextLength = table.shape[0]?.size;
  const given = context.cache?.positions ?? context.segments?.positions;
  if (given !== undefined) return gather(table, given); // B T C
  const time = ids.shape[1]?.size;
  if (typeof time === 'number') return time === contextLength ? table : slice(table, 0, { start: 0, end: time }); // T C
  throw new RangeError(`the length of the text must be known, not ${String(time)}`);
}
