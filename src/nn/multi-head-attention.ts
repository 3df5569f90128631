/**
 * Multi-head attention of one text on another or on itself, argument for argument what PyTorch's `MultiheadAttention` has.
 * Vaswani et al. 2017, section 3.2.2. https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
 */

import { hostTensor } from '../core/index.ts';
import { attention, axes, concat, constant, expand, parameter, pad, reshape, scope, transpose } from '../graph/index.ts';
import type { Axis, Initializer, Tensor } from '../graph/index.ts';
import { attendOnCache } from './attention-cache.ts';
import { dropoutMaskFor } from './context.ts';
import type { ForwardContext } from './context.ts';
import { uniformFanIn, xavierUniform } from './initializers.ts';
import { linear } from './layers.ts';
import type { LinearOptions } from './layers.ts';
import { maskBias } from './masks.ts';
import type { AttentionMasks } from './masks.ts';

/** Options of {@link multiHeadAttention}; PyTorch's names in brackets. */
export interface MultiHeadAttentionOptions extends AttentionMasks {
  readonly name: string;
  /** Of queries and of the output [embed_dim]. */
  readonly width: number;
  /** A divisor of the width [num_heads]. */
  readonly heads: number;
  /** Of the keys given [kdim]; default the width. */
  readonly keyWidth?: number;
  /** Of the values given [vdim]; default the width. */
  readonly valueWidth?: number;
  /** Default true [bias]. */
  readonly bias?: boolean;
  /** A learned key and value that every query sees [add_bias_kv]; default false. */
  readonly learnedKey?: boolean;
  /** A key and value of zeros that every query sees [add_zero_attn]; default false. */
  readonly zeroKey?: boolean;
  /** The last query sees all keys, each one before it a key less [is_causal]; default false. */
  readonly causal?: boolean;
  /** Of the probabilities, in training [dropout]; default 0. */
  readonly dropoutRate?: number;
  /** Of the three projections' weights; default Xavier-uniform, as PyTorch's. */
  readonly initializer?: Initializer | undefined;
  /** Of the output's weight; default U(±1/√C), as PyTorch's. */
  readonly outputInitializer?: Initializer;
}

/** Keys and values of a text that was projected before, B H S D. */
export interface KeyValueHeads {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** Who attends to what: queries B T C on keys and values B S C, which are the queries themselves when left out. */
export interface AttentionTexts {
  readonly queries: Tensor;
  readonly keys?: Tensor;
  readonly values?: Tensor;
  /** Instead of keys and values, from {@link projectKeyValues}. */
  readonly projected?: KeyValueHeads;
  /** Texts of queries to each text that was projected, beside each other in the batch: the hypotheses of a beam; default 1. */
  readonly hypotheses?: number;
}

/**
 * Multi-head attention. Queries, keys and values have parameters of their own, `query`, `key`, `value` and `output`.
 *
 * @param texts see {@link AttentionTexts}
 * @param options see {@link MultiHeadAttentionOptions}
 * @param context Whether probabilities are dropped; with a cache, causal attention of a text on itself goes on from it
 * @returns `[output (B T C), probabilities (B H T S)]`; on a cache the output alone
 * @throws ShapeError `WEFT_SHAPE_ATTENTION` when a mask does not fit; UsageError `WEFT_NN_MASK` when a mask of padding is not B S
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { multiHeadAttention, paddingOf } from 'weft/nn';
 *
 * const [queries, keys] = [input('x', 'float32', axes('B T C', 2, 3, 8)), input('memory', 'float32', axes('B S C', 2, 5, 8))];
 * const keyPadding = paddingOf(input('ids', 'int32', axes('B S', 2, 5)), 0);
 * const [y] = multiHeadAttention({ queries, keys }, { name: 'cross', width: 8, heads: 2, keyPadding }, {});
 * console.log(formatShape(y!.shape)); // B T C = 2 3 8
 * ```
 */
export function multiHeadAttention(texts: AttentionTexts, options: MultiHeadAttentionOptions, context: ForwardContext): readonly Tensor[] {
  const { name, width, heads, bias = true, causal = false, dropoutRate = 0, outputInitializer = uniformFanIn(width) } = options;
  const headWidth = width / heads;
  const scores = { scale: 1 / Math.sqrt(headWidth) };
  const { queries: given, projected, hypotheses = 1 } = texts;
  return scope(name, () => {
    const output = (mixed: Tensor): Tensor =>
      linear(mixed, { name: 'output', in: width, out: width, bias, initializer: outputInitializer });
    const queries = linear(given, projection('query', width, options));
    if (context.cache !== undefined && causal) {
      const [keys, values] = projectTexts(texts, options) as [Tensor, Tensor];
      return [output(attendOnCache([queries, keys, values], { heads, kvHeads: heads, headWidth, scores }, context.cache))];
    }
    const memory = projected ?? keyValueHeads(texts, options);
    // Hypotheses of one text, beside each other in the batch, are as many queries of it.
    const [batch, time] = queries.shape as [Axis, Axis];
    const rows =
      projected === undefined ? [batch, time] : [memory.keys.shape[0] as Axis, { name: 'T', size: hypotheses * Number(time.size) }];
    const q = transpose(reshape(queries, [...rows, ...axes('H D', heads, headWidth)]), [0, 2, 1, 3]); // B T C -> B H T D
    const shape = [...q.shape.slice(0, 3), { name: 'S', size: memory.keys.shape[2]?.size ?? 0 }];
    const mask = context.dropout === true && dropoutRate > 0 ? dropoutMaskFor('probabilities', shape, dropoutRate) : undefined;
    const attended = attention([q, memory.keys, memory.values], { causal, ...scores, bias: extendedBias(options) }, mask);
    const [mixed, probabilities] = attended as [Tensor, Tensor];
    const joined = reshape(transpose(mixed, [0, 2, 1, 3]), [...queries.shape.slice(0, 2), { name: 'C', size: width }]); // B H T D -> B T C
    return [output(joined), probabilities];
  });
}

/** Keys and values of a text, split into heads (B H S D), for attention that comes again and again to one text. Options as of the attention. */
export function projectKeyValues(keys: Tensor, options: MultiHeadAttentionOptions): KeyValueHeads {
  return scope(options.name, () => keyValueHeads({ queries: keys }, options));
}

function projection(part: string, from: number, options: MultiHeadAttentionOptions): LinearOptions {
  const { width, keyWidth = width, valueWidth = width, bias = true } = options;
  // PyTorch fills the three as one matrix where their widths are the same.
  const together = keyWidth === width && valueWidth === width;
  return { name: part, in: from, out: width, bias, initializer: options.initializer ?? xavierUniform(from, together ? 3 * width : width) };
}

function projectTexts({ queries, keys = queries, values = keys }: AttentionTexts, options: MultiHeadAttentionOptions): readonly Tensor[] {
  const { width, keyWidth = width, valueWidth = width } = options;
  return [linear(keys, projection('key', keyWidth, options)), linear(values, projection('value', valueWidth, options))];
}

function keyValueHeads(texts: AttentionTexts, options: MultiHeadAttentionOptions): KeyValueHeads {
  const { width, heads, learnedKey = false, zeroKey = false } = options;
  const split = (part: string, x: Tensor): Tensor => {
    const [batch, time] = x.shape as [Axis, Axis];
    const more = (row: Tensor): Tensor => expand(row, [batch, ...axes('S C', 1, width)]);
    const learned = (): Tensor =>
      more(parameter(`${part}Bias`, axes('B S C', 1, 1, width), { kind: 'normal', standardDeviation: Math.sqrt(2 / (width + 1)) }));
    const zero = (): Tensor => more(constant(hostTensor('float32', [1, 1, width])));
    const rows = concat([x, ...(learnedKey ? [learned()] : []), ...(zeroKey ? [zero()] : [])], 1);
    const longer = learnedKey || zeroKey ? rows : x;
    const length = learnedKey || zeroKey ? (rows.shape[1] as Axis) : time;
    return transpose(reshape(longer, [batch, length, ...axes('H D', heads, width / heads)]), [0, 2, 1, 3]); // B S C -> B H S D
  };
  const [keys, values] = projectTexts(texts, options) as [Tensor, Tensor];
  return { keys: split('key', keys), values: split('value', values) };
}

/** Masks as what is added to the scores, longer by nothing hidden for keys that were added. */
function extendedBias(options: MultiHeadAttentionOptions): Tensor | undefined {
  const bias = maskBias(options);
  const added = Number(options.learnedKey ?? false) + Number(options.zeroKey ?? false);
  return bias === undefined || added === 0 ? bias : pad(bias, -1, { before: 0, after: added });
}
