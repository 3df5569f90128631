/** How different the members of each class are: a class that a generator always draws alike has collapsed. */

import { UsageError } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';

/**
 * The mean squared distance between two members of each class, `E|x - y|²`: twice the sum of the variances.
 *
 * @param features N F.
 * @param labels The class of each point, from 0 to below `classes`.
 * @returns a number a class; compare it with that of real points.
 * @throws UsageError `WEFT_EVAL_COUNT` when there is not a label for each point, or a class has fewer than two points.
 *
 * @example
 * ```ts
 * import { hostTensor } from 'weft';
 * import { classSpread } from 'weft/eval';
 *
 * const points = hostTensor('float32', [4, 1], Float32Array.of(0, 2, 5, 5));
 * console.log(classSpread(points, Int32Array.of(0, 0, 1, 1), 2)); // [ 4, 0 ]
 * ```
 */
export function classSpread({ shape, data }: HostTensor<'float32'>, labels: Int32Array, classes: number): readonly number[] {
  const [count = 0, width = 0] = shape;
  const refuse = (rule: string, value: string): UsageError =>
    new UsageError({
      code: 'WEFT_EVAL_COUNT',
      action: 'compare the members of classes',
      rule,
      value,
      remedy: 'Give two points or more of each class.',
    });
  if (labels.length !== count) throw refuse('there must be a label for each point', `${labels.length} for ${count}`);
  return Array.from({ length: classes }, (_, label) => {
    const members = Array.from(labels.keys()).filter((row) => labels[row] === label);
    if (members.length < 2) throw refuse('a class must have two points or more', `class ${label} has ${members.length}`);
    let total = 0;
    for (let feature = 0; feature < width; feature++) {
      const values = members.map((row) => data[row * width + feature] ?? 0);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      total += values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    }
    return 2 * total;
  });
}
