/** The shape rule of attention: what queries, keys and values must have in common. */

import { formatShape } from './axis.ts';
import type { Shape, Size } from './axis.ts';
import type { OpAttributes } from './op-kinds.ts';
import { axisOf, operand } from './shape-checks.ts';
import { shapeError } from './shape-error.ts';
import type { Tensor, TensorType } from './tensor.ts';

/** The operands of attention by their names. */
export function attentionOperands(
  inputs: readonly Tensor[],
  { biased = false }: OpAttributes['attention'],
): { readonly bias: Tensor | undefined; readonly mask: Tensor | undefined } {
  return biased ? { bias: inputs[3], mask: inputs[4] } : { bias: undefined, mask: inputs[3] };
}

/** B H T D on B G S D and B G S D: the output and the probabilities. */
export function attentionShapes(inputs: readonly Tensor[], attributes: OpAttributes['attention']): readonly TensorType[] {
  const { causal, window, softCap } = attributes;
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
  if (window !== undefined && !(causal && Number.isSafeInteger(window) && window >= 1))
    fail('a window must be a whole number of at least 1, of causal attention', String(window), 'Leave the window out, or attend causally.');
  if (softCap !== undefined && !(softCap > 0)) fail('a cap on scores must be above 0', String(softCap), 'Leave it out for none.');
  const scores = [...q.shape.slice(0, 3), { name: 'S', size: at(k, 2) }];
  const { bias, mask } = attentionOperands(inputs, attributes);
  for (const [name, x] of [
    ['what is added to the scores', bias],
    ['what multiplies the probabilities', mask],
  ] as const)
    if (x !== undefined && !stretchesTo(x.shape, scores))
      fail(
        `${name} must stretch to ${formatShape(scores)}`,
        formatShape(x.shape),
        'Give a mask of these sizes, or 1 where it is the same for all.',
      );
  return [
    { dtype: q.dtype, shape: [...scores.slice(0, 3), axisOf(v.shape, 3)] },
    { dtype: q.dtype, shape: scores },
  ];
}

/** Whether NumPy's broadcasting stretches one shape to the other. */
function stretchesTo(shape: Shape, target: Shape): boolean {
  const from = target.length - shape.length;
  return from >= 0 && shape.every(({ size }, index) => size === 1 || size === target[from + index]?.size);
}
