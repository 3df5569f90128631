/**
 * A variational autoencoder: Kingma and Welling 2013, "Auto-Encoding Variational Bayes", with a Gaussian encoder and Bernoulli
 * pixels (its appendix C). Grey pixels count as probabilities, as is usual for MNIST.
 */

import { checkOptions } from '../core/index.ts';
import { add, axes, exp, input, multiply, relu, reshape, scope, subtract, sum } from '../graph/index.ts';
import type { Axis, Tensor } from '../graph/index.ts';
import { binaryCrossEntropy, fanInUniform, linear, noise } from '../nn/index.ts';
import type { ForwardContext } from '../nn/index.ts';
import { MNIST_SIZE, requireImage, specsOf } from './image-model.ts';
import type { ImageModelDefinition, ImageSize } from './image-model.ts';
import { requireCounts } from './language-model.ts';

/** Configuration of {@link vae}. */
export interface VaeConfig {
  readonly image: ImageSize;
  /** Numbers that an image is described by. */
  readonly latent: number;
  /** Widths of the encoder's hidden layers; the decoder has them in reverse. */
  readonly hidden: readonly number[];
}

/** The encoder's distribution of an image: independent normal numbers, B Z each. */
export interface LatentDistribution {
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/** What {@link vae} makes. */
export interface VaeModel extends ImageModelDefinition<'vae', VaeConfig> {
  /** Images (B C Y X) to their distributions of latents (B Z). */
  encode(images: Tensor): LatentDistribution;
  /** Latents (B Z) to a logit a pixel (B C Y X). */
  decode(latents: Tensor): Tensor;
  /**
   * The two parts of the negative evidence lower bound of each image, nats (B): with one sample from the encoder by fed noise
   * in a context, with its mean without one.
   */
  negativeElbo(images: Tensor, context?: ForwardContext): { readonly reconstruction: Tensor; readonly divergence: Tensor };
}

/**
 * A variational autoencoder.
 *
 * @param options `image` defaults to MNIST's 1 × 28 × 28, `latent` to 20, `hidden` to 512 and 256.
 * @throws UsageError `WEFT_MODEL_SIZE` when a size is no whole number of at least 1.
 *
 * @example
 * ```ts
 * import { vae } from 'weft/models';
 *
 * const model = vae({ latent: 2, hidden: [64] });
 * console.log(model.parameters.length); // 10
 * ```
 */
export function vae(options: Partial<VaeConfig> = {}): VaeModel {
  const action = 'make a VAE';
  checkOptions(action, options, ['image', 'latent', 'hidden']);
  const config: VaeConfig = { image: MNIST_SIZE, latent: 20, hidden: [512, 256], ...options };
  const { image, latent, hidden } = config;
  requireImage(action, image);
  requireCounts(action, { latent, layers: hidden.length, ...Object.fromEntries(hidden.map((width, at) => [`hidden[${at}]`, width])) });
  const pixels = image.channels * image.rows * image.columns;

  const layer = (x: Tensor, name: string, [from, to]: readonly [number, number]): Tensor => {
    const initializer = fanInUniform(from);
    return linear(x, { name, in: from, out: to, bias: true, initializer, biasInitializer: initializer });
  };
  /** Layers of these widths with ReLU between them. */
  const layers = (x: Tensor, widths: readonly number[]): Tensor =>
    widths.slice(1).reduce((y, width, at) => relu(layer(y, `layers.${at}`, [widths[at] ?? 0, width])), x);
  const backwards = hidden.toReversed();
  const last = hidden.at(-1) ?? pixels;

  const encode = (images: Tensor): LatentDistribution =>
    scope('encoder', () => {
      const [batch] = images.shape as readonly [Axis];
      const seen = layers(reshape(images, [batch, { name: 'C', size: pixels }]), [pixels, ...hidden]); // B C Y X -> B F
      return { mean: layer(seen, 'mean', [last, latent]), logVariance: layer(seen, 'logVariance', [last, latent]) }; // B F -> B Z
    });
  const decode = (latents: Tensor): Tensor =>
    scope('decoder', () => {
      const seen = layers(latents, [latent, ...backwards]); // B Z -> B F
      const drawn = layer(seen, 'pixels', [hidden[0] ?? latent, pixels]); // B F -> B (C·Y·X)
      const { channels, rows, columns } = image;
      return reshape(drawn, [...latents.shape.slice(0, 1), ...axes('C Y X', channels, rows, columns)]);
    });
  const negativeElbo = (images: Tensor, context?: ForwardContext): ReturnType<VaeModel['negativeElbo']> => {
    const { mean, logVariance } = encode(images);
    // z = mean + deviation · noise: the sample, with a gradient by both (section 2.4).
    const sample = context === undefined ? mean : add(mean, multiply(exp(multiply(logVariance, 0.5)), noise('latent', mean.shape)));
    const reconstruction = sum(binaryCrossEntropy(decode(sample), images), { axes: [1, 2, 3] });
    // KL(N(mean, variance) ‖ N(0, 1)) = ½ Σ (mean² + variance - 1 - ln variance), appendix B
    const terms = subtract(add(multiply(mean, mean), exp(logVariance)), add(logVariance, 1));
    return { reconstruction, divergence: multiply(sum(terms, { axes: [1] }), 0.5) };
  };
  const { reconstruction, divergence } = negativeElbo(
    input('images', 'float32', axes('B C Y X', 1, image.channels, image.rows, image.columns)),
  );
  return { architecture: 'vae', config, ...specsOf([reconstruction, divergence]), encode, decode, negativeElbo };
}
