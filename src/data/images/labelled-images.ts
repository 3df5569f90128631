/** Images and their classes, as MNIST's files hold them. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { FormatError, hostTensor } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';
import { readIdx } from './read-idx.ts';

/** Images (uint8, N C Y X) and a class for each. */
export interface LabelledImages {
  readonly images: HostTensor<'uint8'>;
  readonly labels: Int32Array;
}

/** Images to learn from and images to be judged by. */
export interface ImageDataset {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
}

/**
 * Reads MNIST, or a data set in its form (Fashion-MNIST, KMNIST), from its four files, compressed or not.
 *
 * @param folder Where `train-images-idx3-ubyte(.gz)` and the others lie.
 * @throws WeftError `WEFT_DATA_MISSING` when a file is missing; FormatError `WEFT_DATA_IDX` when one is damaged, or images and
 *   labels do not belong together.
 *
 * @example
 * ```ts
 * import { readMnist } from 'weft/data';
 *
 * try {
 *   await readMnist('no-such-folder');
 * } catch (error) {
 *   console.log((error as Error).message); // Cannot read no-such-folder/train-images-idx3-ubyte.gz as it cannot be opened
 * }
 * ```
 */
export async function readMnist(folder: string): Promise<ImageDataset> {
  const [train, test] = await Promise.all(['train', 't10k'].map((part) => readPart(folder, part)));
  return { train: train as LabelledImages, test: test as LabelledImages };
}

async function readPart(folder: string, part: string): Promise<LabelledImages> {
  const pathOf = (kind: string): string => {
    const plain = join(folder, `${part}-${kind}-ubyte`);
    return existsSync(plain) ? plain : `${plain}.gz`;
  };
  const [images, labels] = await Promise.all([readIdx(pathOf('images-idx3')), readIdx(pathOf('labels-idx1'))]);
  const [count = 0, rows = 0, columns = 0] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new FormatError({
      code: 'WEFT_DATA_IDX',
      action: `read ${folder}`,
      rule: 'there must be a label for each image of rows and columns',
      value: `images ${images.shape.join(' × ')}, labels ${labels.shape.join(' × ')}`,
      remedy: 'Put images and labels of one data set into the folder.',
    });
  }
  return { images: hostTensor('uint8', [count, 1, rows, columns], images.data), labels: Int32Array.from(labels.data) };
}
