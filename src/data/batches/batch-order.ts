/** Which examples a batch has. */

import { demandOption } from '../data-error.ts';
import { createPermutation } from './permutation.ts';

/** Options of batches of examples. */
export interface BatchOrderOptions {
  /** Examples of a batch. */
  readonly batchSize: number;
  /** `shuffled`, the default: each example once an epoch, in an order of its own, but for the few that don't fill a batch. `sequential`, for evaluation: each once, in order, the last batch not full. */
  readonly order?: 'shuffled' | 'sequential';
  /** Of the order; default 1. */
  readonly seed?: number;
}

/** The names of {@link BatchOrderOptions}. */
export const ORDER_OPTIONS: readonly (keyof BatchOrderOptions)[] = ['batchSize', 'order', 'seed'];

/** The examples of batches, by number. */
export interface BatchOrder {
  readonly batchesPerEpoch: number;
  /** The examples of a batch, from 0. */
  examplesOf(index: number): readonly number[];
}

/** The order of some examples. */
export function batchOrder(action: string, examples: number, { batchSize, order = 'shuffled', seed = 1 }: BatchOrderOptions): BatchOrder {
  demandOption(Number.isSafeInteger(batchSize) && batchSize >= 1, action, { rule: 'batchSize is a positive integer', value: batchSize });
  demandOption(Number.isSafeInteger(seed), action, { rule: 'seed is an integer', value: seed });
  demandOption(order === 'shuffled' || order === 'sequential', action, { rule: "order is 'shuffled' or 'sequential'", value: order });
  demandOption(examples >= 1, action, { rule: 'there is an example or more', value: examples });
  const shuffled = order === 'shuffled';
  const batchesPerEpoch = shuffled ? Math.max(1, Math.floor(examples / batchSize)) : Math.ceil(examples / batchSize);
  let epoch = -1;
  let place = createPermutation(examples, seed, 0);
  return {
    batchesPerEpoch,
    examplesOf(index) {
      demandOption(Number.isSafeInteger(index) && index >= 0, 'read a batch', { rule: 'its number is an integer from 0', value: index });
      const wanted = Math.floor(index / batchesPerEpoch);
      if (shuffled && wanted !== epoch) {
        epoch = wanted;
        place = createPermutation(examples, seed, epoch);
      }
      const first = (index % batchesPerEpoch) * batchSize;
      const count = shuffled ? batchSize : Math.min(batchSize, examples - first);
      return Array.from({ length: count }, (_, row) => (shuffled ? place((first + row) % examples) : first + row));
    },
  };
}
