/** A part of the data that training never sees. */

import { shuffled } from './shuffled.ts';

/**
 * Splits records into those to learn from and those held out, drawn by the seed; each part keeps its order.
 *
 * @param options `heldOut`: the share that is held out, from 0; one record at least is learnt from.
 *
 * @example
 * ```ts
 * import { chatSplit } from 'weft/finetune';
 *
 * const [learnt, heldOut] = chatSplit([1, 2, 3, 4, 5, 6], { heldOut: 0.5, seed: 1 });
 * console.log(learnt.length, heldOut.length); // 3 3
 * ```
 */
export function chatSplit<T>(
  records: readonly T[],
  { heldOut, seed }: { readonly heldOut: number; readonly seed: number },
): readonly [learnt: readonly T[], heldOut: readonly T[]] {
  const count = Math.min(records.length - 1, Math.round(records.length * heldOut));
  const held = new Set(shuffled(records.length, { seed, purpose: 'held out' }).subarray(0, Math.max(0, count)));
  return [records.filter((_, index) => !held.has(index)), records.filter((_, index) => held.has(index))];
}
