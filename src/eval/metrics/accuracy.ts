/** Accuracy of a classifier: the share of examples whose class has the highest score. */

import { UsageError } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';

/**
 * The class with the highest score of each example, the first of equal ones.
 *
 * @param scores N V: a score, logit or probability of each class.
 *
 * @example
 * ```ts
 * import { hostTensor } from 'weft';
 * import { bestClasses } from 'weft/eval';
 *
 * console.log([...bestClasses(hostTensor('float32', [2, 3], Float32Array.of(1, 5, 2, 0, -1, -2)))]); // [ 1, 0 ]
 * ```
 */
export function bestClasses({ shape, data }: HostTensor<'float32'>): Int32Array {
  const [count = 0, classes = 0] = shape;
  return Int32Array.from({ length: count }, (_, row) => {
    let best = 0;
    for (let index = 1; index < classes; index++) if ((data[row * classes + index] ?? 0) > (data[row * classes + best] ?? 0)) best = index;
    return best;
  });
}

/**
 * The share of classes that are right, from 0 to 1.
 *
 * @throws UsageError `WEFT_EVAL_COUNT` when there are none, or unequally many.
 *
 * @example
 * ```ts
 * import { accuracy } from 'weft/eval';
 *
 * console.log(accuracy(Int32Array.of(1, 2, 3, 4), Int32Array.of(1, 2, 3, 0))); // 0.75
 * ```
 */
export function accuracy(predicted: Int32Array, labels: Int32Array): number {
  if (predicted.length !== labels.length || labels.length === 0) {
    throw new UsageError({
      code: 'WEFT_EVAL_COUNT',
      action: 'compute the accuracy',
      rule: 'each label needs a prediction, and there must be one at least',
      value: `${predicted.length} for ${labels.length}`,
      remedy: 'Give as many predictions as labels.',
    });
  }
  let right = 0;
  for (const [index, label] of labels.entries()) if (predicted[index] === label) right++;
  return right / labels.length;
}
