/** Many images as one, side by side in rows, as a PNG file. */

import { encode } from 'fast-png';

import { UsageError, hostTensor, writeFileAtomic } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';
import { demandOption } from '../data-error.ts';

/** Options of {@link imageGrid} and {@link writeImageGrid}. */
export interface ImageGridOptions {
  /** Images in a row; default as many as make the grid square. */
  readonly columns?: number;
  /** Black pixels between images; default 2. */
  readonly gap?: number;
}

/**
 * Lays images beside each other.
 *
 * @param images N C Y X, grey (C = 1) or red, green and blue (C = 3): bytes, or float32 from 0 (black) to 1 (white).
 * @returns the bytes of the whole, rows × columns × C.
 * @throws UsageError `WEFT_DATA_OPTION` when there are no images of that form.
 *
 * @example
 * ```ts
 * import { hostTensor } from 'weft';
 * import { imageGrid } from 'weft/data';
 *
 * console.log(imageGrid(hostTensor('float32', [4, 1, 28, 28])).shape); // [ 58, 58, 1 ]
 * ```
 */
export function imageGrid(images: HostTensor<'uint8'> | HostTensor<'float32'>, options: ImageGridOptions = {}): HostTensor<'uint8'> {
  const action = 'lay out images';
  const [count = 0, channels = 0, rows = 0, width = 0] = images.shape;
  const { columns = Math.ceil(Math.sqrt(count)), gap = 2 } = options;
  demandOption(images.shape.length === 4 && count > 0 && (channels === 1 || channels === 3), action, {
    rule: 'they are N C Y X with one channel or three',
    value: images.shape.join(' × '),
  });
  for (const [name, value, least] of [
    ['columns', columns, 1],
    ['gap', gap, 0],
  ] as const)
    demandOption(Number.isSafeInteger(value) && value >= least, action, { rule: `${name} is an integer of at least ${least}`, value });
  const lines = Math.ceil(count / columns);
  const shape = [lines * (rows + gap) - gap, columns * (width + gap) - gap, channels] as const;
  const whole = hostTensor('uint8', shape);
  const byteOf =
    images.dtype === 'uint8'
      ? (value: number): number => value
      : (value: number): number => Math.round(255 * Math.min(1, Math.max(0, value)));
  for (let image = 0; image < count; image++) {
    const [top, left] = [Math.floor(image / columns) * (rows + gap), (image % columns) * (width + gap)];
    for (let channel = 0; channel < channels; channel++)
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < width; column++) {
          const value = images.data[((image * channels + channel) * rows + row) * width + column] ?? 0;
          whole.data[((top + row) * shape[1] + left + column) * channels + channel] = byteOf(value);
        }
  }
  return whole;
}

/**
 * Writes images beside each other to a PNG file; the file is never half-written.
 *
 * @param images As for {@link imageGrid}.
 * @throws UsageError `WEFT_DATA_OPTION` when the path does not end in `.png` or there are no images of that form; WeftError `WEFT_WRITE`
 *   when the file cannot be written.
 */
export async function writeImageGrid(
  path: string,
  images: HostTensor<'uint8'> | HostTensor<'float32'>,
  options: ImageGridOptions = {},
): Promise<void> {
  if (!path.toLowerCase().endsWith('.png')) {
    throw new UsageError({
      code: 'WEFT_DATA_OPTION',
      action: 'write images',
      rule: 'the file is a PNG',
      value: path,
      remedy: 'Let the name end in .png.',
    });
  }
  const { shape, data } = imageGrid(images, options);
  const [height = 1, width = 1, channels = 1] = shape;
  await writeFileAtomic(path, encode({ width, height, channels, depth: 8, data }));
}
