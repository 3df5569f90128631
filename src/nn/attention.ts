/** Causal self-attention, with rotary positions and with heads that share keys and values where asked. */

import { UsageError } from '../core/index.ts';
import { add, attention, concat, constant, reshape, rotary, scope, scopedName, slice, transpose } from '../graph/index.ts';
import type { AttentionScores, Initializer, Tensor } from '../graph/index.ts';
import { alibiBias } from './alibi.ts';
import { attendOnCache } from './attention-cache.ts';
import { dropoutMaskFor } from './context.ts';
import type { ForwardContext } from './context.ts';
import { linear, rmsNormalization } from './layers.ts';
import type { RotaryAngles } from './rotary-angles.ts';
import { betweenTexts } from './masks.ts';

/** Options of {@link selfAttention}. */
export interface SelfAttentionOptions {
  readonly name: string;
  readonly width: number;
  readonly heads: number;
  /** Heads of keys and values, a divisor of `heads`. Ainslie et al. 2023. */
  readonly kvHeads: number;
  readonly headWidth: number;
  /** Of the projections to queries, keys and values, and of the output unless `outputBias` says otherwise. */
  readonly bias: boolean;
  readonly outputBias?: boolean;
  /** Scores of keys fall with their distance, instead of positions elsewhere. Press et al. 2021 ("ALiBi"). */
  readonly alibi?: boolean;
  /** Epsilon of a root-mean-square normalisation of each head's queries and keys; none without. Henry et al. 2020, Dehghani et al. 2023. */
  readonly queryKeyNorm?: number;
  /** Scores are capped, see `AttentionScores`. */
  readonly softCap?: number;
  /** Tokens that each sees at most, itself among them. */
  readonly window?: number;
  /** Angles of the first so many positions, for rotary positions; none without. */
  readonly angles?: (positions: number) => RotaryAngles;
  /** Of the output projection. */
  readonly outputInitializer: Initializer;
  /** Of attention probabilities, in training. */
  readonly dropoutRate: number;
}

/**
 * Multi-head causal self-attention. Vaswani et al. 2017, section 3.2. B T C -> B T C.
 *
 * @param context Whether probabilities are dropped, the cache to attend to when decoding, and where probabilities are noted.
 * @throws UsageError `WEFT_NN_SCORES` when both `alibi` and `softCap` are asked for: a cache computes slopes inside the product.
 *
 * @example
 * ```ts
 * import { axes, collectParameters, input } from 'weft/graph';
 * import { NORMAL_002, selfAttention } from 'weft/nn';
 *
 * const x = input('x', 'float32', axes('B T C', 2, 8, 32));
 * const sizes = { width: 32, heads: 4, kvHeads: 2, headWidth: 8 };
 * const y = selfAttention(x, { name: 'attention', ...sizes, bias: false, outputInitializer: NORMAL_002, dropoutRate: 0 }, {});
 * console.log(collectParameters([y]).map(({ name }) => name).sort()[0]); // attention.key.weight
 * ```
 */
export function selfAttention(x: Tensor, options: SelfAttentionOptions, context: ForwardContext): Tensor {
  const { name, width, heads, kvHeads, headWidth, bias, outputBias = bias, alibi = false, queryKeyNorm, softCap, window } = options;
  const { angles, outputInitializer, dropoutRate } = options;
  if (alibi && softCap !== undefined) {
    throw new UsageError({
      code: 'WEFT_NN_SCORES',
      action: 'attend',
      rule: 'scores that fall with the distance cannot be capped',
      value: `softCap ${softCap}`,
      remedy: 'Leave alibi or softCap out.',
    });
  }
  return scope(name, () => {
    const project = (part: string, count: number): Tensor => linear(x, { name: part, in: width, out: count * headWidth, bias }, context); // B T C -> B T (H·D)
    const normed = (tensor: Tensor, part: string): Tensor =>
      queryKeyNorm === undefined
        ? tensor
        : reshape(rmsNormalization(splitHeads(tensor, headWidth), { name: part, width: headWidth, epsilon: queryKeyNorm }), tensor.shape);
    const queries = normed(project('query', heads), 'queryNorm');
    const [keys, values] = [normed(project('key', kvHeads), 'keyNorm'), project('value', kvHeads)];
    const scores: AttentionScores = {
      scale: 1 / Math.sqrt(headWidth),
      ...(softCap === undefined ? {} : { softCap }),
      ...(window === undefined ? {} : { window }),
    };
    const length = context.cache === undefined ? x.shape[1]?.size : context.cache.longest;
    const made = angles?.(Number(length));
    const angleTensors = made === undefined ? undefined : { cos: constant(made.cos, 'T D'), sin: constant(made.sin, 'T D') };
    const output = (mixed: Tensor): Tensor =>
      linear(mixed, { name: 'output', in: heads * headWidth, out: width, bias: outputBias, initializer: outputInitializer }, context);

    if (context.cache !== undefined)
      return output(attendOnCache([queries, keys, values], { heads, kvHeads, headWidth, scores, angles: made, alibi }, context.cache));
    const split = (tensor: Tensor): Tensor => transpose(splitHeads(tensor, headWidth), [0, 2, 1, 3]); // B T (H·D) -> B H T D
    const turn = (tensor: Tensor): Tensor => (angleTensors === undefined ? tensor : rotary(tensor, angleTensors));
    const [q, k, v] = [turn(split(queries)), turn(split(keys)), split(values)];
    const [batch, , time] = q.shape;
    if (batch === undefined || time === undefined) throw new RangeError('four axes are needed');
    const dropped = context.dropout === true ? dropoutRate : 0;
    const apart = context.segments === undefined ? undefined : betweenTexts(context.segments.ids, context.segments.ids); // B 1 T S
    const maps = context.attentionMaps;
    const [mixed, probabilities] = attendCausally([q, k, v], { scores, alibi, dropoutRate: dropped, apart, whole: maps !== undefined }); // B H T D
    if (probabilities !== undefined) maps?.set(scopedName(), probabilities);
    return output(reshape(transpose(mixed, [0, 2, 1, 3]), [batch, time, { name: 'C', size: heads * headWidth }])); // -> B T C
  });
}

/** Texts of at least this length attend in two halves. */
const TWO_HALVES_FROM = 128;

/**
 * Causal attention: the output, and the probabilities where it attends in one piece. The first half of a long text is attended
 * to by itself: a quarter of the products, exponentials and passes over T × S is never computed, which is more than the cutting
 * and joining costs.
 */
function attendCausally(
  [q, k, v]: readonly [Tensor, Tensor, Tensor],
  { scores, alibi, dropoutRate, apart, whole }: CausalOptions,
): readonly [Tensor, Tensor?] {
  const attend = (name: string, { queries, keys, values, apart: own }: AttentionPart): readonly [Tensor, Tensor] => {
    const [heads, length] = [Number(queries.shape[1]?.size), Number(keys.shape[2]?.size)];
    const shape = [...queries.shape.slice(0, 3), { name: 'S', size: length }];
    const mask = dropoutRate > 0 ? dropoutMaskFor(name, shape, dropoutRate) : undefined;
    const slopes = alibi ? alibiBias(heads, length) : undefined;
    const bias = own !== undefined && slopes !== undefined ? add(own, slopes) : (own ?? slopes);
    return attention([queries, keys, values], { causal: true, ...scores, bias }, mask) as [Tensor, Tensor];
  };
  const time = q.shape[2]?.size;
  if (whole || typeof time !== 'number' || time < TWO_HALVES_FROM)
    return attend('probabilities', { queries: q, keys: k, values: v, apart });
  const middle = Math.ceil(time / 2);
  const first = (tensor: Tensor): Tensor => slice(tensor, 2, { start: 0, end: middle });
  const second = (tensor: Tensor): Tensor => slice(tensor, 2, { start: middle, end: time });
  const firstApart = apart === undefined ? undefined : slice(first(apart), 3, { start: 0, end: middle });
  const halves = [
    attend('firstHalf', { queries: first(q), keys: first(k), values: first(v), apart: firstApart }),
    attend('secondHalf', { queries: second(q), keys: k, values: v, apart: apart === undefined ? undefined : second(apart) }),
  ];
  return [
    concat(
      halves.map(([mixed]) => mixed),
      2,
    ),
  ];
}

interface CausalOptions {
  readonly scores: AttentionScores;
  readonly alibi: boolean;
  readonly dropoutRate: number;
  /** Added to the scores, to keep texts that share a sequence apart: B 1 T S. */
  readonly apart: Tensor | undefined;
  /** In one piece, however long: its probabilities are asked for. */
  readonly whole: boolean;
}

interface AttentionPart {
  readonly queries: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly apart: Tensor | undefined;
}

function splitHeads(x: Tensor, headWidth: number): Tensor {
  return reshape(x, [
    ...x.shape.slice(0, -1),
    { name: 'H', size: Number(x.shape.at(-1)?.size) / headWidth },
    { name: 'D', size: headWidth },
  ]);
}
