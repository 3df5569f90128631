/**
 * Attention on the CPU as two products and a softmax. ONNX Runtime's own operators keep no probabilities, which the backward
 * pass needs.
 */

import { hostTensor } from '../core/index.ts';
import type { Node } from '../graph/index.ts';
import { int64Vector, number, reshapeTo } from './emitter.ts';
import type { LoweringContext, LoweringRule } from './emitter.ts';

/** 0 where a query may see a key, -∞ after it and before its window; rows repeat for heads that share keys. */
function causalMask(
  repeat: number,
  { queries, keys, window }: { readonly queries: number; readonly keys: number; readonly window: number },
): Float32Array {
  const mask = new Float32Array(repeat * queries * keys);
  for (let row = 0; row < repeat * queries; row++) {
    const end = (row % queries) + 1 + keys - queries;
    mask.fill(-Infinity, row * keys + end, (row + 1) * keys);
    if (end > window) mask.fill(-Infinity, row * keys, row * keys + end - window);
  }
  return mask;
}

/** The rule for `attention`. */
export const lowerAttention: LoweringRule<Node<'attention'>> = (
  c,
  { attributes: { causal, scale, softCap, window = Infinity, biased = false } },
) => {
  const [q, k] = [c.x(0).shape, c.x(1).shape];
  const [heads, groups, time, keys] = [q[1], k[1], q[2], k[2]].map((axis) => Number(axis?.size));
  if (heads === undefined || groups === undefined || time === undefined || keys === undefined) throw new RangeError('four axes are needed');
  const repeat = heads / groups;
  // Heads that share keys are rows of one product: B H T D is the same memory as B G (H/G·T) D.
  const group = (value: string, last: number): string => (repeat === 1 ? value : reshapeTo(c, value, [0, groups, repeat * time, last]));
  const ungroup = (value: string, last: number, name: string): void => {
    c.emit('Reshape', [value, c.constant(int64Vector([0, heads, time, last]))], { outputs: [name] });
  };
  const headWidth = Number(q[3]?.size);
  const products = c.emit('FusedMatMul', [group(c.in(0), headWidth), c.in(1)], {
    attributes: { transB: 1, alpha: { float: softCap === undefined ? scale : scale / softCap } },
    domain: 'com.microsoft',
  });
  const scores = softCap === undefined ? products : c.emit('Mul', [c.emit('Tanh', [products]), number(c, softCap)]);
  const mask = (rows: number): string =>
    c.constant(hostTensor('float32', [rows * time, keys], causalMask(rows, { queries: time, keys, window })));
  const masked = biased
    ? addBias(c, scores, { repeat, ungroup, group, mask: causal ? mask(1) : undefined, keys })
    : causal
      ? c.emit('Add', [scores, mask(repeat)])
      : scores;
  const probabilities = repeat === 1 ? c.out(1) : c.fresh('probabilities');
  c.emit('Softmax', [masked], { outputs: [probabilities], attributes: { axis: -1 } });
  if (repeat !== 1 && c.used(1)) ungroup(probabilities, keys, c.out(1));
  const dropoutAt = biased ? 4 : 3;
  const dropped = c.arity > dropoutAt ? c.emit('Mul', [probabilities, group(c.in(dropoutAt), keys)]) : probabilities;
  const output = repeat === 1 ? c.out(0) : c.fresh('output');
  c.emit('MatMul', [dropped, c.in(2)], { outputs: [output] });
  if (repeat !== 1) ungroup(output, Number(c.x(2).shape[3]?.size), c.out(0));
};

/** Adds the operand behind the values, joined with a causal mask first: there it is one for all heads as a rule, and so smaller than the scores. */
function addBias(
  c: LoweringContext,
  scores: string,
  {
    repeat,
    ungroup,
    group,
    mask,
    keys,
  }: {
    readonly repeat: number;
    readonly ungroup: (value: string, last: number, name: string) => void;
    readonly group: (value: string, last: number) => string;
    readonly mask: string | undefined;
    readonly keys: number;
  },
): string {
  const bias = mask === undefined ? c.in(3) : c.emit('Add', [c.in(3), mask]);
  if (repeat === 1) return c.emit('Add', [scores, bias]);
  const byHead = c.fresh('scores');
  ungroup(scores, keys, byHead);
  return group(c.emit('Add', [byHead, bias]), keys);
}
