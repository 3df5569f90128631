/**
 * Llama: RMSNorm, rotary positions, SwiGLU, grouped-query attention. Touvron et al. 2023, "LLaMA: Open and Efficient
 * Foundation Language Models", section 2.2; grouped-query attention after Llama 2 (2023).
 */

import { UsageError, checkOptions } from '../core/index.ts';
import { add, gather, scope } from '../graph/index.ts';
import type { Initializer, Tensor } from '../graph/index.ts';
import { block, embeddingTable, gatedFeedForward, linear, rmsNormalization, rotaryAngles, selfAttention, tiedHead } from '../nn/index.ts';
import type { ForwardContext, RopeScaling, RotaryAngles, SelfAttentionOptions } from '../nn/index.ts';
import { defineLanguageModel, requireCounts, requireDivisor, requireOption } from './language-model.ts';
import type { ModelDefinition } from './language-model.ts';

/** Configuration of {@link llama}. */
export interface LlamaConfig {
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values. */
  readonly kvHeads: number;
  readonly width: number;
  /** Width inside the feed-forward blocks. */
  readonly hidden: number;
  /** Width of one head. */
  readonly headWidth: number;
  readonly contextLength: number;
  readonly vocabSize: number;
  /** Base of the rotary angles. */
  readonly ropeTheta: number;
  readonly normEpsilon: number;
  /** The output layer is the token embedding. */
  readonly tiedHead: boolean;
  /** Biases of attention: of queries, keys and values, or of the output as well; default none. */
  readonly attentionBias?: 'queryKeyValue' | 'all';
  /** Biases in the feed-forward blocks; default false. */
  readonly feedForwardBias?: boolean;
  /** Each head's queries and keys are normalised before they are turned; default false. */
  readonly queryKeyNorm?: boolean;
  /** Tokens that each sees at most, itself among them; default all. */
  readonly window?: number;
  /** Default none. */
  readonly ropeScaling?: RopeScaling;
}

/** What {@link llama} makes. */
export type LlamaModel = ModelDefinition<'llama', LlamaConfig>;

/** Options of {@link llama}: sizes, and whatever departs from its defaults. */
export type LlamaOptions = Pick<LlamaConfig, 'layers' | 'heads' | 'width' | 'contextLength' | 'vocabSize'> & Partial<LlamaConfig>;

/**
 * A Llama language model.
 *
 * @param options `kvHeads` defaults to heads, `hidden` to 8/3 · width rounded up to a multiple of 32, `headWidth` to
 * width / heads, `ropeTheta` to 10,000, `normEpsilon` to 1e-5, `tiedHead` to false; no biases, no window, angles not stretched.
 * @throws UsageError `WEFT_MODEL_HEADS` when heads and widths don't fit, `WEFT_MODEL_SIZE` and `WEFT_MODEL_OPTION` when an option is out of its range.
 *
 * @example
 * ```ts
 * import { llama } from 'weft/models';
 *
 * const model = llama({ layers: 2, heads: 4, kvHeads: 2, width: 64, contextLength: 64, vocabSize: 100 });
 * console.log(model.config.hidden); // 192
 * ```
 */
export function llama(options: LlamaOptions): LlamaModel {
  return defineLlama('llama', options, 'make a Llama model');
}

const OPTIONS: readonly (keyof LlamaConfig)[] = [
  'layers',
  'heads',
  'kvHeads',
  'width',
  'hidden',
  'headWidth',
  'contextLength',
  'vocabSize',
  'ropeTheta',
  'normEpsilon',
  'tiedHead',
  'attentionBias',
  'feedForwardBias',
  'queryKeyNorm',
  'window',
  'ropeScaling',
];

/** A model of Llama's kind under any name; its relatives differ in their defaults. */
export function defineLlama<A extends string>(architecture: A, options: LlamaOptions, action: string): ModelDefinition<A, LlamaConfig> {
  checkOptions(action, options, OPTIONS);
  const defaults = {
    kvHeads: options.heads,
    hidden: Math.ceil((options.width * 8) / 3 / 32) * 32,
    ropeTheta: 10_000,
    normEpsilon: 1e-5,
    tiedHead: false,
  };
  if (options.headWidth === undefined) requireDivisor(action, ['heads', options.heads], ['width', options.width]);
  const config: LlamaConfig = { headWidth: options.width / options.heads, ...defaults, ...options };
  const { layers, heads, kvHeads, width, hidden, headWidth, contextLength, vocabSize, ropeTheta, normEpsilon, window } = config;
  requireCounts(action, { layers, heads, kvHeads, width, hidden, headWidth, contextLength, vocabSize });
  requireDivisor(action, ['kvHeads', kvHeads], ['heads', heads]);
  if (window !== undefined) requireCounts(action, { window });
  for (const [name, value] of Object.entries({ normEpsilon, ropeTheta }))
    requireOption(action, [name, value], { rule: 'above 0', holds: value > 0 });
  if (headWidth % 2 !== 0) {
    throw new UsageError({
      code: 'WEFT_MODEL_HEADS',
      action,
      rule: 'rotary positions need an even head width',
      value: String(headWidth),
      remedy: 'Choose width and heads so that width / heads is even.',
    });
  }
  const tokens = (): Tensor => embeddingTable({ name: 'tokens', rows: vocabSize, width });
  const outputInitializer: Initializer = { kind: 'normal', standardDeviation: 0.02 / Math.sqrt(2 * layers) };
  const norm = (x: Tensor, name: string): Tensor => rmsNormalization(x, { name, width, epsilon: normEpsilon });
  // One table a length, so that all blocks of a graph share one constant; none before it is needed.
  const tables = new Map<number, RotaryAngles>();
  const angles = (positions: number): RotaryAngles => {
    const table = tables.get(positions) ?? rotaryAngles(positions, headWidth, { theta: ropeTheta, scaling: config.ropeScaling });
    tables.set(positions, table);
    return table;
  };

  const attention: SelfAttentionOptions = {
    name: 'attention',
    width,
    heads,
    kvHeads,
    headWidth,
    bias: config.attentionBias !== undefined,
    outputBias: config.attentionBias === 'all',
    angles,
    outputInitializer,
    dropoutRate: 0,
    ...(config.queryKeyNorm === true ? { queryKeyNorm: normEpsilon } : {}),
    ...(window === undefined ? {} : { window }),
  };
  const feedForward = { name: 'feedForward', width, hidden, bias: config.feedForwardBias ?? false, outputInitializer };
  const blockOf = (x: Tensor, context: ForwardContext): Tensor => {
    const y = add(x, selfAttention(norm(x, 'attentionNorm'), attention, context)); // B T C
    return add(y, gatedFeedForward(norm(y, 'feedForwardNorm'), feedForward, context)); // B T C
  };

  return defineLanguageModel(architecture, config, {
    hidden: (ids, context) => {
      let x = gather(tokens(), ids); // B T C
      for (let layer = 0; layer < layers; layer++) x = scope(`blocks.${layer}`, () => block(() => blockOf(x, context), context));
      return norm(x, 'norm');
    },
    logits: (x, context) =>
      config.tiedHead ? tiedHead(x, tokens(), context) : linear(x, { name: 'head', in: width, out: vocabSize }, context), // … C -> … V
  });
}
