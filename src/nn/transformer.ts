/**
 * The layers of the encoder-decoder transformer, as PyTorch's `TransformerEncoderLayer` and `TransformerDecoderLayer`.
 * Vaswani et al. 2017, section 3; with the normalisation first, Xiong et al. 2020.
 *
 * As in PyTorch's `Transformer`, every matrix begins Xavier-uniform, biases of attention at 0 and the others U(±1/√in).
 */

import { add, gelu, relu, scope } from '../graph/index.ts';
import type { Initializer, Tensor } from '../graph/index.ts';
import { dropout } from './context.ts';
import type { ForwardContext } from './context.ts';
import { uniformFanIn, xavierUniform } from './initializers.ts';
import { layerNormalization, linear } from './layers.ts';
import type { LinearOptions } from './layers.ts';
import type { AttentionMasks } from './masks.ts';
import { multiHeadAttention, projectKeyValues } from './multi-head-attention.ts';
import type { KeyValueHeads, MultiHeadAttentionOptions } from './multi-head-attention.ts';

/** Sizes and kind of a transformer's layers; PyTorch's names in brackets. */
export interface TransformerLayerOptions {
  /** [d_model] */
  readonly width: number;
  /** [nhead] */
  readonly heads: number;
  /** Width inside the feed-forward blocks [dim_feedforward]. */
  readonly hidden: number;
  /** Of attention's probabilities, inside the feed-forward blocks and of what both add. */
  readonly dropout: number;
  readonly activation: 'relu' | 'gelu' | ((x: Tensor) => Tensor);
  /** Normalise what goes into a block instead of the sum behind it [norm_first]. */
  readonly normFirst: boolean;
  /** Added to the variance [layer_norm_eps]. */
  readonly normEpsilon: number;
  /** Of all linear layers and normalisations. */
  readonly bias: boolean;
  /** Of attention's probabilities where it is not `dropout`. */
  readonly attentionDropout?: number;
  /** Of all matrices, with biases at 0, instead of PyTorch's. */
  readonly initializer?: Initializer;
}

/** Masks of an encoder layer. */
export interface EncoderMasks extends AttentionMasks {
  /** Each sees itself and what stands before it [is_causal]; default false. */
  readonly causal?: boolean;
}

/** Masks of a decoder layer: of the target on itself, and of the target on the memory. */
export interface DecoderMasks {
  readonly target?: EncoderMasks;
  readonly memory?: AttentionMasks;
}

/** What a decoder layer attends to: the encoder's output (B S C), or keys and values made of it before. */
export type DecoderMemory = Tensor | { readonly projected: KeyValueHeads; readonly hypotheses: number };

/**
 * Self-attention and a feed-forward block, B S C -> B S C.
 *
 * @param x B S C
 * @param options sizes, and masks where something is not to be seen
 * @param context whether activations are dropped
 *
 * @example
 * ```ts
 * import { axes, collectParameters, input } from 'weft/graph';
 * import { encoderLayer } from 'weft/nn';
 *
 * const x = input('x', 'float32', axes('B S C', 2, 5, 512));
 * const paper = { heads: 8, width: 512, hidden: 2048, dropout: 0.1, activation: 'relu', normFirst: false, normEpsilon: 1e-5, bias: true } as const;
 * const parameters = collectParameters([encoderLayer(x, paper, {})]);
 * console.log(parameters.reduce((sum, { shape }) => sum + shape.reduce((count, { size }) => count * Number(size), 1), 0)); // 3152384
 * ```
 */
export function encoderLayer(x: Tensor, options: TransformerLayerOptions & EncoderMasks, context: ForwardContext): Tensor {
  const { mask, keyPadding, causal = false } = options;
  const attended = block(x, { ...options, part: 'attention' }, context, (y) =>
    attend(y, { ...options, causal, mask, keyPadding }, context),
  );
  return block(attended, { ...options, part: 'feedForward' }, context, (y) => feed(y, options, context));
}

/**
 * Self-attention, attention on the memory and a feed-forward block, B T C -> B T C.
 *
 * @param texts the target (B T C) and the {@link DecoderMemory}
 * @param options sizes, and {@link DecoderMasks} where something is not to be seen
 * @param context whether activations are dropped; with a cache, the target goes on from what it holds
 */
export function decoderLayer(
  { target, memory }: { readonly target: Tensor; readonly memory: DecoderMemory },
  options: TransformerLayerOptions & DecoderMasks,
  context: ForwardContext,
): Tensor {
  const own = options.target ?? {};
  const attended = block(target, { ...options, part: 'attention' }, context, (y) => attend(y, { ...options, ...own }, context));
  const crossed = block(attended, { ...options, part: 'crossAttention' }, context, (y) => {
    const texts = 'projected' in memory ? { queries: y, ...memory } : { queries: y, keys: memory };
    return multiHeadAttention(texts, crossAttention(options), context)[0] as Tensor;
  });
  return block(crossed, { ...options, part: 'feedForward' }, context, (y) => feed(y, options, context));
}

/** Keys and values of the memory for one decoder layer, in its scope: what does not change while a text is written. */
export function decoderMemory(memory: Tensor, options: TransformerLayerOptions): KeyValueHeads {
  return projectKeyValues(memory, crossAttention(options));
}

function crossAttention(options: TransformerLayerOptions & DecoderMasks): MultiHeadAttentionOptions {
  return { name: 'crossAttention', ...attentionSizes(options), ...options.memory };
}

function attend(
  x: Tensor,
  { mask, keyPadding, causal = false, ...options }: TransformerLayerOptions & EncoderMasks,
  context: ForwardContext,
): Tensor {
  return multiHeadAttention(
    { queries: x },
    { name: 'attention', ...attentionSizes(options), mask, keyPadding, causal },
    context,
  )[0] as Tensor;
}

function attentionSizes(options: TransformerLayerOptions): Omit<MultiHeadAttentionOptions, 'name'> {
  const { width, heads, bias, dropout: rate, attentionDropout: dropoutRate = rate, initializer } = options;
  return { width, heads, bias, dropoutRate, initializer, outputInitializer: initializer ?? xavierUniform(width, width) };
}

function feed(x: Tensor, options: TransformerLayerOptions, context: ForwardContext): Tensor {
  const { width, hidden, dropout: rate, activation, bias, initializer } = options;
  const layer = (name: string, from: number, out: number): LinearOptions => {
    const size = { name, in: from, out, bias };
    return initializer === undefined
      ? { ...size, initializer: xavierUniform(from, out), biasInitializer: uniformFanIn(from) }
      : { ...size, initializer };
  };
  const active = typeof activation === 'function' ? activation : activation === 'relu' ? relu : (y: Tensor): Tensor => gelu(y);
  return scope('feedForward', () => {
    const up = active(linear(x, layer('up', width, hidden))); // B T C -> B T F
    return linear(dropout(up, { name: 'hidden', rate }, context), layer('down', hidden, width)); // B T F -> B T C
  });
}

/** A residual connection around `layer`, with the normalisation before or behind it. */
function block(
  x: Tensor,
  { part, width, dropout: rate, normFirst, normEpsilon, bias }: TransformerLayerOptions & { readonly part: string },
  context: ForwardContext,
  layer: (x: Tensor) => Tensor,
): Tensor {
  const norm = (y: Tensor): Tensor => layerNormalization(y, { name: `${part}Norm`, width, epsilon: normEpsilon, bias });
  const added = dropout(layer(normFirst ? norm(x) : x), { name: part, rate }, context);
  return normFirst ? add(x, added) : norm(add(x, added));
}
