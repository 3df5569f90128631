/**
 * Attention on a cache as ONNX Runtime's GroupQueryAttention, which writes new keys and values into the cache and skips
 * what a causal mask would hide.
 *
 * The operator takes heads whose width is a multiple of 8, and turns them by position where it is a multiple of 16
 * (group_query_attention_helper.h). Other heads are turned before it, and padded with zeros, which change no product; their
 * caches are copied at each call, so a model that is to decode fast keeps caches of a width that fits (see `nn`).
 */

import type { Node } from '../graph/index.ts';
import { int64Vector, scalarTensor } from './emitter.ts';
import type { LoweringContext, LoweringRule } from './emitter.ts';

/** The rule for `cachedAttention`. */
export const lowerCachedAttention: LoweringRule<Node<'cachedAttention'>> = (c, { attributes }) => {
  const { heads, kvHeads, rotary } = attributes;
  const width = Number(c.x(3).shape.at(-1)?.size);
  const padded = Math.ceil(width / 8) * 8;
  const turnsInside = rotary && width % 16 === 0;
  const positions = rotary && !turnsInside ? positionsOf(c) : '';
  const operand = (index: number, count: number): string => {
    const turned =
      positions === '' || index === 2
        ? c.in(index)
        : c.emit('RotaryEmbedding', [c.in(index), positions, c.in(7), c.in(8)], { domain: 'com.microsoft' });
    return padded === width ? turned : padHeads(c, turned, { count, width, padded });
  };
  const cache = (index: number): string => (padded === width ? c.in(index) : padLast(c, c.in(index), padded - width));
  const inputs = [
    operand(0, heads),
    operand(1, kvHeads),
    operand(2, kvHeads),
    cache(3),
    cache(4),
    c.in(5),
    c.in(6),
    ...(turnsInside ? [c.in(7), c.in(8)] : []),
  ];
  const outputs = [0, 1, 2].map((index) => (padded === width ? c.out(index) : c.fresh('padded')));
  const written = {
    num_heads: heads,
    kv_num_heads: kvHeads,
    scale: { float: attributes.scale },
    do_rotary: turnsInside ? 1 : 0,
    ...(attributes.softCap === undefined ? {} : { softcap: { float: attributes.softCap } }),
    ...(attributes.window === undefined ? {} : { local_window_size: attributes.window }),
  };
  c.emit('GroupQueryAttention', inputs, { outputs, attributes: written, domain: 'com.microsoft' });
  if (padded === width) return;
  const [mixed = '', keys = '', values = ''] = outputs;
  const split = c.emit('Reshape', [mixed, c.constant(int64Vector([0, 0, heads, padded]))]);
  c.emit('Reshape', [cutLast(c, split, width), c.constant(int64Vector([0, 0, heads * width]))], { outputs: [c.out(0)] });
  cutLast(c, keys, width, c.out(1));
  cutLast(c, values, width, c.out(2));
};

/** The position of each new token (B T): they are the last of each text; a shorter first text is padded behind. */
function positionsOf(c: LoweringContext): string {
  const [zero, one] = [0, 1].map((value) => c.constant(scalarTensor(value, 'int64'))) as [string, string];
  const shape = c.emit('Shape', [c.in(0)], { attributes: { start: 1, end: 2 } });
  const time = c.emit('Squeeze', [shape]);
  const last = c.emit('Cast', [c.in(5)], { attributes: { to: INT64 } });
  const first = c.emit('Max', [c.emit('Sub', [c.emit('Add', [last, one]), time]), zero]);
  return c.emit('Add', [c.emit('Unsqueeze', [first, c.constant(int64Vector([1]))]), c.emit('Range', [zero, time, one])]);
}

/** TensorProto.DataType.INT64. */
const INT64 = 7;

/** B T (H·D) -> B T (H·padded). */
function padHeads(
  c: LoweringContext,
  value: string,
  { count, width, padded }: { readonly count: number; readonly width: number; readonly padded: number },
): string {
  const split = c.emit('Reshape', [value, c.constant(int64Vector([0, 0, count, width]))]);
  return c.emit('Reshape', [padLast(c, split, padded - width), c.constant(int64Vector([0, 0, count * padded]))]);
}

function padLast(c: LoweringContext, value: string, amount: number): string {
  return c.emit('Pad', [value, c.constant(int64Vector([0, amount])), c.constant(scalarTensor(0)), c.constant(int64Vector([-1]))]);
}

function cutLast(c: LoweringContext, value: string, width: number, output: string = c.fresh('cut')): string {
  return c.emit('Slice', [value, ...[0, width, -1].map((number) => c.constant(int64Vector([number])))], { outputs: [output] });
}
