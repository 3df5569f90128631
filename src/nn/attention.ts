/** Causal self-attention, with rotary positions and with heads that share keys and values where asked. */

import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { attention, cachedAttention, concat, constant, pad, reshape, rotary, scope, slice, transpose } from '../graph/index.ts';
import type { Initializer, Tensor } from '../graph/index.ts';
import { dropoutMaskFor, layerCache } from './context.ts';
import type { ForwardContext } from './context.ts';
import { linear } from './layers.ts';
import { segmentBias } from './segments.ts';

/** Options of {@link selfAttention}. */
export interface SelfAttentionOptions {
  readonly name: string;
  readonly width: number;
  readonly heads: number;
  /** Heads of keys and values, a divisor of `heads`. Ainslie et al. 2023. */
  readonly kvHeads: number;
  readonly headWidth: number;
  readonly bias: boolean;
  /** Angles of the first so many positions, for rotary positions; none without. */
  readonly angles?: (positions: number) => RotaryAngles;
  /** Of the output projection. */
  readonly outputInitializer: Initializer;
  /** Of attention probabilities, in training. */
  readonly dropoutRate: number;
}

/** Cosines and sines of positions × half a head. */
export interface RotaryAngles {
  readonly cos: HostTensor<'float32'>;
  readonly sin: HostTensor<'float32'>;
}

/**
 * Angles `position · theta^(-2i/D)`, computed in float64. Su et al. 2021, section 3.2.2.
 *
 * @example
 * ```ts
 * import { rotaryAngles } from 'weft/nn';
 *
 * const { cos } = rotaryAngles(256, 64, 10_000);
 * console.log(cos.shape); // [ 256, 32 ]
 * ```
 */
export function rotaryAngles(positions: number, headWidth: number, theta: number): RotaryAngles {
  const half = headWidth / 2;
  const [cos, sin] = [new Float32Array(positions * half), new Float32Array(positions * half)];
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < half; pair++) {
      const angle = position * theta ** ((-2 * pair) / headWidth);
      cos[position * half + pair] = Math.cos(angle);
      sin[position * half + pair] = Math.sin(angle);
    }
  }
  return { cos: hostTensor('float32', [positions, half], cos), sin: hostTensor('float32', [positions, half], sin) };
}

/**
 * Multi-head causal self-attention. Vaswani et al. 2017, section 3.2. B T C -> B T C.
 *
 * @param context Whether probabilities are dropped, and the cache to attend to when decoding.
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
  const { name, width, heads, kvHeads, headWidth, bias, angles, outputInitializer, dropoutRate } = options;
  return scope(name, () => {
    const project = (part: string, count: number): Tensor => linear(x, { name: part, in: width, out: count * headWidth, bias }, context); // B T C -> B T (H·D)
    const [queries, keys, values] = [project('query', heads), project('key', kvHeads), project('value', kvHeads)];
    const scale = 1 / Math.sqrt(headWidth);
    const length = context.cache === undefined ? x.shape[1]?.size : context.cache.length;
    const made = angles?.(Number(length));
    const angleTensors = made === undefined ? undefined : { cos: constant(made.cos, 'T D'), sin: constant(made.sin, 'T D') };
    const output = (mixed: Tensor): Tensor =>
      linear(mixed, { name: 'output', in: heads * headWidth, out: width, bias, initializer: outputInitializer }, context);

    if (context.cache !== undefined) {
      const { cachedWidth, widen, narrow } = cachedHeads(headWidth, angleTensors !== undefined);
      const past = layerCache(context.cache, kvHeads, cachedWidth);
      const { lastPositions, totalLength, updates } = context.cache;
      const wideAngles =
        angleTensors === undefined ? {} : { angles: { cos: widen.angles(angleTensors.cos), sin: widen.angles(angleTensors.sin) } };
      const [mixed, newKeys, newValues] = cachedAttention(
        {
          queries: widen.heads(queries, heads),
          keys: widen.heads(keys, kvHeads),
          values: widen.heads(values, kvHeads),
          pastKeys: past.keys,
          pastValues: past.values,
          lastPositions,
          totalLength,
          ...wideAngles,
        },
        { heads, kvHeads, scale },
      );
      updates.set(past.names[0], newKeys as Tensor).set(past.names[1], newValues as Tensor);
      return output(narrow(mixed as Tensor, heads));
    }

    const split = (tensor: Tensor, count: number): Tensor => transpose(splitHeads(tensor, count, headWidth), [0, 2, 1, 3]); // B T (H·D) -> B H T D
    const turn = (tensor: Tensor): Tensor => (angleTensors === undefined ? tensor : rotary(tensor, angleTensors));
    const [q, k, v] = [turn(split(queries, heads)), turn(split(keys, kvHeads)), split(values, kvHeads)];
    const [batch, , time] = q.shape;
    if (batch === undefined || time === undefined) throw new RangeError('four axes are needed');
    const apart = context.segments === undefined ? undefined : segmentBias(context.segments); // B 1 T S
    const mixed = attendCausally([q, k, v], { scale, dropoutRate: context.dropout === true ? dropoutRate : 0, bias: apart }); // B H T D
    return output(reshape(transpose(mixed, [0, 2, 1, 3]), [batch, time, { name: 'C', size: heads * headWidth }])); // -> B T C
  });
}

/** Texts of at least this length attend in two halves. */
const TWO_HALVES_FROM = 128;

/**
 * Causal attention. The first half of a long text is attended to by itself: a quarter of the products, exponentials and
 * passes over T × S is never computed, which is more than the cutting and joining costs.
 */
function attendCausally(
  [q, k, v]: readonly [Tensor, Tensor, Tensor],
  { scale, dropoutRate, bias }: { readonly scale: number; readonly dropoutRate: number; readonly bias: Tensor | undefined },
): Tensor {
  const attend = (name: string, { queries, keys, values, bias: own }: AttentionPart): Tensor => {
    const shape = [...queries.shape.slice(0, 3), { name: 'S', size: Number(keys.shape[2]?.size) }];
    const mask = dropoutRate > 0 ? dropoutMaskFor(name, shape, dropoutRate) : undefined;
    return attention([queries, keys, values], { causal: true, scale, bias: own }, mask)[0] as Tensor;
  };
  const time = q.shape[2]?.size;
  if (typeof time !== 'number' || time < TWO_HALVES_FROM) return attend('probabilities', { queries: q, keys: k, values: v, bias });
  const middle = Math.ceil(time / 2);
  const first = (tensor: Tensor): Tensor => slice(tensor, 2, { start: 0, end: middle });
  const second = (tensor: Tensor): Tensor => slice(tensor, 2, { start: middle, end: time });
  const firstBias = bias === undefined ? undefined : slice(first(bias), 3, { start: 0, end: middle });
  return concat(
    [
      attend('firstHalf', { queries: first(q), keys: first(k), values: first(v), bias: firstBias }),
      attend('secondHalf', { queries: second(q), keys: k, values: v, bias: bias === undefined ? undefined : second(bias) }),
    ],
    2,
  );
}

interface AttentionPart {
  readonly queries: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  /** Added to the scores. */
  readonly bias: Tensor | undefined;
}

function splitHeads(x: Tensor, heads: number, headWidth: number): Tensor {
  return reshape(x, [...x.shape.slice(0, -1), { name: 'H', size: heads }, { name: 'D', size: headWidth }]);
}

interface CachedHeads {
  readonly cachedWidth: number;
  readonly widen: { heads(x: Tensor, count: number): Tensor; angles(x: Tensor): Tensor };
  narrow(x: Tensor, count: number): Tensor;
}

/**
 * How heads are cached: GroupQueryAttention of ONNX Runtime 1.30 takes widths that are multiples of 8, and of 16 where it
 * rotates; others are widened with zeros, which change neither scores nor output. Where it rotates, each half is widened, as
 * it pairs element i with element i + D/2.
 */
function cachedHeads(headWidth: number, rotates: boolean): CachedHeads {
  const parts = rotates ? 2 : 1;
  const from = headWidth / parts;
  const to = Math.ceil(from / 8) * 8;
  const none = from === to;
  const regroup = (x: Tensor, groups: number, width: number): Tensor =>
    reshape(x, [...x.shape.slice(0, 2), { name: 'H', size: groups }, { name: 'D', size: width }]);
  const join = (x: Tensor, width: number): Tensor => reshape(x, [...x.shape.slice(0, 2), { name: 'C', size: width }]);
  return {
    cachedWidth: to * parts,
    widen: {
      heads: (x, count) => (none ? x : join(pad(regroup(x, count * parts, from), -1, { before: 0, after: to - from }), count * parts * to)), // B T (H·D) -> B T (H·D')
      angles: (x) => (none ? x : pad(x, -1, { before: 0, after: to - from })),
    },
    narrow: (x, count) => (none ? x : join(slice(regroup(x, count * parts, to), -1, { start: 0, end: from }), count * parts * from)),
  };
}
