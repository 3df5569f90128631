/** What is trained on images: a classifier, a variational autoencoder, two networks against each other. Batches: `imageBatches`. */

import { add, axes, crossEntropy, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { pixelsOf } from '../models/index.ts';
import type { CnnModel, GanModel, ImageSize, VaeModel } from '../models/index.ts';
import { defineObjective } from './objective.ts';
import type { FeedSpec, Objective } from './objective.ts';

const imagesOf = ({ channels, rows, columns }: ImageSize, batchSize: number): FeedSpec => ({
  dtype: 'uint8',
  shape: axes('B C Y X', batchSize, channels, rows, columns),
});
const labelsOf = (batchSize: number): FeedSpec => ({ dtype: 'int32', shape: axes('B', batchSize) });

/**
 * The objective of a classifier: the cross-entropy of each image's class, nats. A negative label is not counted.
 *
 * @example
 * ```ts
 * import { cnn } from 'weft/models';
 * import { imageClassification } from 'weft/train';
 *
 * console.log(Object.keys(imageClassification(cnn()).feeds(8))); // [ 'images', 'labels' ]
 * ```
 */
export function imageClassification(model: CnnModel): Objective<'images' | 'labels'> {
  return defineObjective({
    feeds: (batchSize) => ({ images: imagesOf(model.config.image, batchSize), labels: labelsOf(batchSize) }),
    losses: ({ images, labels }, context) => ({
      losses: [{ total: sum(crossEntropy(model.logits(pixelsOf(images), context), labels)[0] as Tensor) }],
    }),
  });
}

/**
 * The objective of a variational autoencoder: the negative evidence lower bound of each image, nats, estimated with one sample; its two
 * parts are reported as `reconstruction` and `divergence`.
 *
 * @example
 * ```ts
 * import { vae } from 'weft/models';
 * import { imageAutoencoding } from 'weft/train';
 *
 * console.log(Object.keys(imageAutoencoding(vae()).feeds(8))); // [ 'images' ]
 * ```
 */
export function imageAutoencoding(model: VaeModel): Objective<'images'> {
  return defineObjective({
    feeds: (batchSize) => ({ images: imagesOf(model.config.image, batchSize) }),
    losses: ({ images }, context) => {
      const { reconstruction, divergence } = model.negativeElbo(pixelsOf(images), context);
      const metrics = { reconstruction: sum(reconstruction), divergence: sum(divergence) };
      return { losses: [{ total: sum(add(reconstruction, divergence)) }], metrics };
    },
  });
}

/**
 * The objective of a conditional GAN: the generator's loss trains the generator, the discriminator's (reported as `discriminator`) the
 * discriminator, both from one batch.
 *
 * @example
 * ```ts
 * import { gan } from 'weft/models';
 * import { imageGeneration } from 'weft/train';
 *
 * console.log(Object.keys(imageGeneration(gan()).feeds(8))); // [ 'images', 'labels' ]
 * ```
 */
export function imageGeneration(model: GanModel): Objective<'images' | 'labels'> {
  return defineObjective({
    feeds: (batchSize) => ({ images: imagesOf(model.config.image, batchSize), labels: labelsOf(batchSize) }),
    losses: ({ images, labels }, context) => {
      const { generator, discriminator } = model.losses(pixelsOf(images), labels, context);
      const total = sum(discriminator);
      return {
        losses: [
          { total: sum(generator), trains: (name) => name.startsWith('generator.') },
          { total, trains: (name) => name.startsWith('discriminator.') },
        ],
        metrics: { discriminator: total },
      };
    },
  });
}
