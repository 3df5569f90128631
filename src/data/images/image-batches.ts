/** Batches of images by number: batch i depends on the seed and i alone, so that a resumed run goes on with the right one. */

import { checkOptions, createRandom } from '../../core/index.ts';
import { createPermutation } from '../batches/permutation.ts';
import { demandOption } from '../data-error.ts';
import type { LabelledImages } from './labelled-images.ts';

/** Options of {@link imageBatches}. */
export interface ImageBatchOptions {
  readonly batchSize: number;
  readonly seed: number;
  /** `shuffled` (default): each epoch in an order of its own. `sequential`: in the order of the file. */
  readonly order?: 'shuffled' | 'sequential';
  /** Images are moved by up to so many pixels each way, what comes in being black; default 0. */
  readonly shift?: number;
}

/** Images (uint8, B C Y X) with their classes (B). */
export interface ImageBatch {
  readonly images: Uint8Array;
  readonly labels: Int32Array;
  /** How many examples count: all. */
  readonly kept: number;
}

/** Batches by number. */
export interface ImageBatches {
  readonly batchSize: number;
  /** Whole batches of an epoch; what is left over comes in another epoch. */
  readonly batchesPerEpoch: number;
  batch(index: number): ImageBatch;
}

/**
 * Cuts images into batches.
 *
 * @throws UsageError `WEFT_DATA_OPTION` when an option is out of range, or a batch has more images than there are.
 *
 * @example
 * ```ts
 * import { hostTensor } from 'weft';
 * import { imageBatches } from 'weft/data';
 *
 * const images = hostTensor('uint8', [3, 1, 1, 1], Uint8Array.of(10, 20, 30));
 * const batches = imageBatches({ images, labels: Int32Array.of(1, 2, 3) }, { batchSize: 2, seed: 1, order: 'sequential' });
 * console.log([...batches.batch(0).images], [...batches.batch(0).labels]); // [ 10, 20 ] [ 1, 2 ]
 * ```
 */
export function imageBatches({ images, labels }: LabelledImages, options: ImageBatchOptions): ImageBatches {
  const action = 'make batches of images';
  checkOptions(action, options, ['batchSize', 'seed', 'order', 'shift']);
  const { batchSize, seed, order = 'shuffled', shift = 0 } = options;
  const [count = 0, channels = 1, rows = 1, columns = 1] = images.shape;
  demandOption(Number.isSafeInteger(batchSize) && batchSize >= 1 && batchSize <= count, action, {
    rule: `batchSize is a positive integer up to the number of images, ${count}`,
    value: batchSize,
  });
  demandOption(Number.isSafeInteger(seed), action, { rule: 'seed is an integer', value: seed });
  demandOption(order === 'shuffled' || order === 'sequential', action, { rule: "order is 'shuffled' or 'sequential'", value: order });
  demandOption(Number.isSafeInteger(shift) && shift >= 0 && shift < Math.min(rows, columns), action, {
    rule: 'shift is an integer from 0 to below the size of the images',
    value: shift,
  });
  demandOption(labels.length === count, action, { rule: 'there is a label for each image', value: `${labels.length} for ${count}` });
  const batchesPerEpoch = Math.floor(count / batchSize);
  const pixels = channels * rows * columns;
  return {
    batchSize,
    batchesPerEpoch,
    batch(index) {
      demandOption(Number.isSafeInteger(index) && index >= 0, 'read a batch', { rule: 'its number is an integer from 0', value: index });
      const epoch = Math.floor(index / batchesPerEpoch);
      const place = order === 'shuffled' ? createPermutation(count, seed, epoch) : (at: number): number => at;
      const random = createRandom(seed, `shift ${index}`);
      const batch = { images: new Uint8Array(batchSize * pixels), labels: new Int32Array(batchSize), kept: batchSize };
      for (let row = 0; row < batchSize; row++) {
        const from = place((index - epoch * batchesPerEpoch) * batchSize + row);
        batch.labels[row] = labels[from] ?? 0;
        const image = images.data.subarray(from * pixels, (from + 1) * pixels);
        const target = batch.images.subarray(row * pixels, (row + 1) * pixels);
        if (shift === 0) target.set(image);
        else {
          const [down, right] = [random.integer(2 * shift + 1) - shift, random.integer(2 * shift + 1) - shift];
          copyMoved(image, target, { channels, rows, columns, down, right });
        }
      }
      return batch;
    },
  };
}

interface Move {
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  readonly down: number;
  readonly right: number;
}

/** Copies what stays inside when an image is moved; the rest stays black. */
function copyMoved(image: Uint8Array, target: Uint8Array, { channels, rows, columns, down, right }: Move): void {
  const width = columns - Math.abs(right);
  for (let channel = 0; channel < channels; channel++) {
    for (let row = Math.max(0, down); row < Math.min(rows, rows + down); row++) {
      const from = (channel * rows + row - down) * columns + Math.max(0, -right);
      target.set(image.subarray(from, from + width), (channel * rows + row) * columns + Math.max(0, right));
    }
  }
}
