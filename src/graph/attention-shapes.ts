/** The shape rule of attention: what queries, keys and values must have in common. */

import type { Size } from './axis.ts';
import type { OpAttributes } from './op-kinds.ts';
import { axisOf, operand } from './shape-checks.ts';
import { shapeError } from './shape-error.ts';
import type { Tensor, TensorType } from './tensor.ts';

/** B H T D on B G S D and B G S D: the output and the probabilities. */
export function attentionShapes(inputs: readonly Tensor[], { causal }: OpAttributes['attention']): readonly TensorType[] {
  const [q, k, v] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
  const operands = [
    ['queries', q],
    ['keys', k],
    ['values', v],
  ] as const;
  const fail = (rule: string, value: string, remedy: string): never => {
    throw shapeError('WEFT_SHAPE_ATTENTION', { action: 'attend', rule, value, remedy }, operands);
  };
  for (const [name, x] of operands)
    if (x.shape.length !== 4) fail(`${name} must be B H T D`, `${x.shape.length} axes`, 'Split the heads first.');
  const at = (x: Tensor, axis: number): Size => axisOf(x.shape, axis).size;
  if (at(q, 3) !== at(k, 3))
    fail('queries and keys must have the same head width D', `${at(q, 3)} and ${at(k, 3)}`, 'Project both to the same width.');
  if (at(k, 2) !== at(v, 2))
    fail('keys and values must have the same length S', `${at(k, 2)} and ${at(v, 2)}`, 'Take both from the same text.');
  if (at(k, 1) !== at(v, 1))
    fail('keys and values must have the same number of heads', `${at(k, 1)} and ${at(v, 1)}`, 'Split both into the same heads.');
  const [queries, keys] = [at(q, 2), at(k, 2)];
  if (causal && typeof queries === 'number' && typeof keys === 'number' && queries > keys) {
    fail(
      'causal queries must not be more than the keys',
      `${queries} and ${keys}`,
      'The last query sees the last key: give a key for each query.',
    );
  }
  const [heads, kvHeads] = [at(q, 1), at(k, 1)];
  if (typeof heads === 'number' && typeof kvHeads === 'number' && heads % kvHeads !== 0)
    fail('the key-value heads must divide the heads', `${kvHeads} and ${heads}`, 'Choose kvHeads among the divisors of heads.');
  const shape = q.shape.slice(0, 3);
  return [
    { dtype: q.dtype, shape: [...shape, axisOf(v.shape, 3)] },
    { dtype: q.dtype, shape: [...shape, { name: 'S', size: at(k, 2) }] },
  ];
}
