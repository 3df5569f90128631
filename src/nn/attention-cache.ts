/** Causal self-attention of new tokens on a cache of keys and values, for decoding. */

import { hostTensor } from '../core/index.ts';
import { add, axes, cachedAttention, cast, concat, constant, gather, multiply, pad, reshape, slice } from '../graph/index.ts';
import type { AttentionScores, Tensor } from '../graph/index.ts';
import { alibiSlopes } from './alibi.ts';
import { layerCache } from './context.ts';
import type { AttentionCache } from './context.ts';
import type { RotaryAngles } from './rotary-angles.ts';

/** What is attended with, in the scope of the layer that it belongs to. */
export interface CachedAttention {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  readonly scores: AttentionScores;
  /** Angles of all positions of the cache. */
  readonly angles?: RotaryAngles | undefined;
  /** Scores fall with the distance of keys. */
  readonly alibi?: boolean;
}

/** Queries B T (H·D), keys and values B T (G·D) of new tokens -> B T (H·D). What the caches become is noted in the cache. */
export function attendOnCache(
  [queries, keys, values]: readonly [Tensor, Tensor, Tensor],
  { heads, kvHeads, headWidth, scores, angles, alibi = false }: CachedAttention,
  cache: AttentionCache,
): Tensor {
  if (alibi) {
    // A score that falls with the distance is one more product: slope · position of the key. Only differences matter to a softmax.
    const positions = reshape(cast(cache.positions, 'float32'), [...cache.positions.shape, ...axes('H D', 1, 1)]); // B T 1 1
    const slopes = hostTensor(
      'float32',
      [1, 1, heads, 1],
      alibiSlopes(heads).map((slope) => slope / scores.scale),
    );
    const zeros = multiply(positions, 0);
    const longer = (x: Tensor, count: number, last: Tensor): Tensor => {
      const split = reshape(x, [...x.shape.slice(0, 2), ...axes('H D', count, headWidth)]);
      const column = add(last, constant(hostTensor('float32', [1, 1, count, 1])));
      return reshape(concat([split, column], 3), [...x.shape.slice(0, 2), { name: 'C', size: count * (headWidth + 1) }]);
    };
    const mixed = attendOnCache(
      [longer(queries, heads, add(zeros, constant(slopes))), longer(keys, kvHeads, positions), longer(values, kvHeads, zeros)],
      { heads, kvHeads, headWidth: headWidth + 1, scores },
      cache,
    );
    const byHead = slice(reshape(mixed, [...mixed.shape.slice(0, 2), ...axes('H D', heads, headWidth + 1)]), 3, {
      start: 0,
      end: headWidth,
    });
    return reshape(byHead, [...mixed.shape.slice(0, 2), { name: 'C', size: heads * headWidth }]);
  }
  const { cachedWidth, widen, narrow } = cachedHeads(headWidth, angles !== undefined);
  const past = layerCache(cache, kvHeads, cachedWidth);
  const { lastPositions, totalLength, parents, updates } = cache;
  // The texts of a beam go on from the caches of those that they are continuations of.
  const inherited = (tensor: Tensor): Tensor => (parents === undefined ? tensor : gather(tensor, parents));
  const wideAngles =
    angles === undefined
      ? {}
      : { angles: { cos: widen.angles(constant(angles.cos, 'T D')), sin: widen.angles(constant(angles.sin, 'T D')) } };
  const [mixed, newKeys, newValues] = cachedAttention(
    {
      queries: widen.heads(queries, heads),
      keys: widen.heads(keys, kvHeads),
      values: widen.heads(values, kvHeads),
      pastKeys: inherited(past.keys),
      pastValues: inherited(past.values),
      lastPositions,
      totalLength,
      ...wideAngles,
    },
    { heads, kvHeads, ...scores },
  );
  updates.set(past.names[0], newKeys as Tensor).set(past.names[1], newValues as Tensor);
  return narrow(mixed as Tensor, heads);
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
