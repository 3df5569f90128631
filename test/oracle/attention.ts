/** Attention by its definition: one query, one head at a time. Vaswani et al. 2017, section 3.2.1. */

import type { OpAttributes } from '../../src/graph/index.ts';
import { fill, get, getStretched } from './nd-array.ts';
import type { NdArray, Place } from './nd-array.ts';

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function softmax(scores: readonly number[]): readonly number[] {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  return powers.map((power) => power / sum(powers));
}

const capped = (score: number, softCap: number | undefined): number =>
  softCap === undefined ? score : softCap * Math.tanh(score / softCap);

/** B H T D, B G S D, B G S D (and a bias on the scores, a mask B H T S on the probabilities) -> output B H T D and probabilities B H T S. */
export function attend(
  inputs: readonly NdArray[],
  { causal, scale, softCap, window = Infinity, biased = false }: OpAttributes['attention'],
): readonly NdArray[] {
  const [queries, keys, values] = inputs as readonly [NdArray, NdArray, NdArray];
  const [bias, mask] = biased ? [inputs[3], inputs[4]] : [undefined, inputs[3]];
  const [batch, heads, time, width] = queries.shape as [number, number, number, number];
  const [, groups, length] = keys.shape as [number, number, number, number];
  const groupOf = (head: number): number => Math.floor(head / (heads / groups));
  const rows = new Map<string, readonly number[]>();
  const row = (b: number, h: number, t: number): readonly number[] => {
    const key = [b, h, t].join();
    const known = rows.get(key);
    if (known !== undefined) return known;
    // The last query sees the last key; the ones before it, one key less each.
    const visible = causal ? t + 1 + length - time : length;
    const scores = range(visible).map((s) => {
      if (s < visible - window) return -Infinity;
      const product = scale * sum(range(width).map((d) => get(queries, [b, h, t, d]) * get(keys, [b, groupOf(h), s, d])));
      return capped(product, softCap) + (bias === undefined ? 0 : getStretched(bias, [b, h, t, s]));
    });
    const made = [...softmax(scores), ...range(length - visible).map(() => 0)];
    rows.set(key, made);
    return made;
  };
  const probabilities = fill(queries.dtype, [batch, heads, time, length], ([b = 0, h = 0, t = 0, s = 0]) => row(b, h, t)[s] ?? 0);
  const output = fill(queries.dtype, [batch, heads, time, values.shape[3] ?? 0], ([b = 0, h = 0, t = 0, d = 0]) =>
    sum(
      range(length).map(
        (s) => get(probabilities, [b, h, t, s]) * (mask === undefined ? 1 : get(mask, [b, h, t, s])) * get(values, [b, groupOf(h), s, d]),
      ),
    ),
  );
  return [output, probabilities];
}

/**
 * New tokens on a cache of fixed length, as ONNX Runtime's GroupQueryAttention does it: the new keys and values are written
 * behind those that the text has already, and each new token sees what stands up to itself.
 *
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GroupQueryAttention
 */
export function attendWithCache(
  inputs: readonly NdArray[],
  { heads, kvHeads, scale, rotary, softCap, window = Infinity }: OpAttributes['cachedAttention'],
): readonly NdArray[] {
  const [queries, keys, values, pastKeys, pastValues, lastPositions, totalLength, cos, sin] = inputs as [
    NdArray,
    NdArray,
    NdArray,
    NdArray,
    NdArray,
    NdArray,
    NdArray,
    NdArray?,
    NdArray?,
  ];
  const [, time, queryWidth] = queries.shape as [number, number, number];
  const width = queryWidth / heads;
  // At the first call (nothing but new tokens) every text begins at 0 and shorter ones are padded behind.
  const first = totalLength.data[0] === time;
  const past = (b: number): number => (first ? 0 : get(lastPositions, [b]) + 1 - time);

  const turned = (x: NdArray, [b, t, head, d]: readonly [number, number, number, number]): number => {
    const at = (place: number): number => get(x, [b, t, head * width + place]);
    if (!rotary || cos === undefined || sin === undefined) return at(d);
    const half = width / 2;
    const angle: Place = [past(b) + t, d % half];
    return d < half ? at(d) * get(cos, angle) - at(d + half) * get(sin, angle) : at(d) * get(cos, angle) + at(d - half) * get(sin, angle);
  };
  const written = (old: NdArray, value: (at: readonly [number, number, number, number]) => number): NdArray =>
    fill(old.dtype, old.shape, ([b = 0, g = 0, position = 0, d = 0]) => {
      const t = position - past(b);
      return t >= 0 && t < time ? value([b, t, g, d]) : get(old, [b, g, position, d]);
    });
  const newKeys = written(pastKeys, (at) => turned(keys, at));
  const newValues = written(pastValues, ([b, t, g, d]) => get(values, [b, t, g * width + d]));

  const output = fill(queries.dtype, queries.shape, ([b = 0, t = 0, place = 0]) => {
    const [head, d] = [Math.floor(place / width), place % width];
    const group = Math.floor(head / (heads / kvHeads));
    const seen = range(past(b) + t + 1);
    const scores = seen.map((s) => {
      if (s < seen.length - window) return -Infinity;
      return capped(scale * sum(range(width).map((i) => turned(queries, [b, t, head, i]) * get(newKeys, [b, group, s, i]))), softCap);
    });
    return sum(softmax(scores).map((probability, s) => probability * get(newValues, [b, group, s, d])));
  });
  return [output, newKeys, newValues];
}
