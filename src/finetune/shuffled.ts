/** An order drawn from a seed. */

import { createRandom } from '../core/index.ts';

/** The numbers from 0 to `count` - 1 in an order that depends on the seed and the purpose alone. Fisher and Yates 1938. */
export function shuffled(count: number, { seed, purpose }: { readonly seed: number; readonly purpose: string }): Int32Array {
  const random = createRandom(seed, purpose);
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}
