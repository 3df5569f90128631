/** What every model of images here is: plain data, a configuration and functions over symbolic tensors. */

import { buildGraph, cast, multiply } from '../graph/index.ts';
import type { ParameterSpec, Tensor } from '../graph/index.ts';
import { requireCounts } from './language-model.ts';

/** Sizes of the images of a model. */
export interface ImageSize {
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
}

/** A model of images of one architecture: a definition, without weights. Images are B C Y X, from 0 (black) to 1 (white). */
export interface ImageModelDefinition<A extends string, C extends { readonly image: ImageSize }> {
  readonly architecture: A;
  readonly config: C;
  /** Its parameters in the order of their use. */
  readonly parameters: readonly ParameterSpec[];
  /** States that it changes itself in training and that are saved with the parameters: running statistics. */
  readonly buffers: readonly ParameterSpec[];
}

/** MNIST's images. LeCun et al. 1998. */
export const MNIST_SIZE: ImageSize = { channels: 1, rows: 28, columns: 28 };

/** Parameters and buffers of what was built. */
export function specsOf(outputs: readonly Tensor[]): Pick<ImageModelDefinition<string, never>, 'parameters' | 'buffers'> {
  const { inputs } = buildGraph(Object.fromEntries(outputs.map((tensor, index) => [String(index), tensor])));
  const specs = (wanted: 'parameter' | 'state'): readonly ParameterSpec[] =>
    inputs.flatMap(({ attributes: { role, name, shape, initializer } }) =>
      role === wanted && initializer !== undefined ? [{ name, shape, initializer }] : [],
    );
  return { parameters: specs('parameter'), buffers: specs('state') };
}

/** Throws unless the sizes of images are whole numbers of at least 1. */
export function requireImage(action: string, { channels, rows, columns }: ImageSize): void {
  requireCounts(action, { 'image.channels': channels, 'image.rows': rows, 'image.columns': columns });
}

/**
 * Bytes of grey or colour as numbers from 0 to 1.
 *
 * @param bytes uint8, of any shape.
 *
 * @example
 * ```ts
 * import { axes, input } from 'weft/graph';
 * import { pixelsOf } from 'weft/models';
 *
 * console.log(pixelsOf(input('images', 'uint8', axes('B C Y X', 8, 1, 28, 28))).dtype); // float32
 * ```
 */
export function pixelsOf(bytes: Tensor): Tensor {
  return multiply(cast(bytes, 'float32'), 1 / 255);
}
