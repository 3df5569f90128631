/**
 * A conditional generative adversarial network (Goodfellow et al. 2014; Mirza and Osindero 2014) of the shape of DCGAN (Radford
 * et al. 2015): transposed convolutions with batch normalisation that draw, convolutions that judge. The class scales and shifts
 * the generator's channels behind each norm (Dumoulin et al. 2016), and is told to the judge by projection (Miyato and Koyama
 * 2018). The judge's weights are kept at spectral norm 1 (Miyato et al. 2018), and both learn by the hinge loss (Lim and Ye 2017).
 *
 * The noise alone enters the first layer, whose norm gives it variance 1: where a class was beside it, the class drowned it, and
 * every image of a class came out the same (docs/decisions/072-images.md).
 */

import { checkOptions } from '../core/index.ts';
import {
  add,
  axes,
  gather,
  input,
  matmul,
  maximum,
  minimum,
  multiply,
  negate,
  parameter,
  relu,
  reshape,
  scope,
  sigmoid,
  subtract,
  sum,
} from '../graph/index.ts';
import type { Axis, Tensor } from '../graph/index.ts';
import { batchNormalization, conv2d, convTranspose2d, embedding, linear, noise, spectralNormalized } from '../nn/index.ts';
import type { ForwardContext } from '../nn/index.ts';
import { MNIST_SIZE, requireImage, specsOf } from './image-model.ts';
import type { ImageModelDefinition, ImageSize } from './image-model.ts';
import { requireCounts, requireOption } from './language-model.ts';

/** Configuration of {@link gan}. */
export interface GanConfig {
  readonly image: ImageSize;
  readonly classes: number;
  /** Random numbers that an image is drawn from. */
  readonly latent: number;
  /** Channels of each stage of the discriminator, which halves rows and columns; the generator has them in reverse. */
  readonly widths: readonly number[];
}

/** What {@link gan} makes. Its parameters begin with `generator.` and `discriminator.`. */
export interface GanModel extends ImageModelDefinition<'gan', GanConfig> {
  /** Noise (B Z) and classes (int32, B) to images (B C Y X). */
  generate(latents: Tensor, labels: Tensor, context: ForwardContext): Tensor;
  /** Images (B C Y X) and their classes (int32, B) to how real they seem: B, above 0 for real. */
  discriminate(images: Tensor, labels: Tensor, context: ForwardContext): Tensor;
  /** Both losses of each example of a batch (B): of real images, and of as many drawn from fed noise for the same classes. */
  losses(images: Tensor, labels: Tensor, context: ForwardContext): { readonly generator: Tensor; readonly discriminator: Tensor };
}

/**
 * What the judge's verdict is multiplied by. With every layer at spectral norm 1 it changes by so little from image to image that the
 * hinge's margin is hardly reached.
 */
const SHARPNESS = 4;
/** Scale and shift of a class differ from those of others from the start, so that classes are learned sooner (docs/log.md). */
const CLASS = { kind: 'normal', standardDeviation: 0.3 } as const;
/** DCGAN's initial weights. Radford et al. 2015, section 3. */
const INITIAL = { kind: 'normal', standardDeviation: 0.02 } as const;
const SLOPE = 0.2;
/** A little wider than from 0 to 1, and cut there: black and white are reached as real images have them. */
const EDGE = 0.02;
const withinBytes = (x: Tensor): Tensor => minimum(relu(subtract(multiply(x, 1 + 2 * EDGE), EDGE)), 1);
const leaky = (x: Tensor): Tensor => maximum(multiply(x, SLOPE), x);

/**
 * A conditional GAN.
 *
 * @param options `image` defaults to MNIST's 1 × 28 × 28, `classes` to 10, `latent` to 64, `widths` to 64 and 128.
 * @throws UsageError `WEFT_MODEL_SIZE` when a size is no whole number of at least 1, `WEFT_MODEL_OPTION` when rows and columns are no
 *   multiples of what the stages halve.
 *
 * @example
 * ```ts
 * import { gan } from 'weft/models';
 *
 * const model = gan({ widths: [8, 16] });
 * console.log(model.parameters.filter(({ name }) => name.startsWith('generator.')).length); // 12
 * ```
 */
export function gan(options: Partial<GanConfig> = {}): GanModel {
  const action = 'make a GAN';
  checkOptions(action, options, ['image', 'classes', 'latent', 'widths']);
  const config: GanConfig = { image: MNIST_SIZE, classes: 10, latent: 64, widths: [64, 128], ...options };
  const { image, classes, latent, widths } = config;
  requireImage(action, image);
  requireCounts(action, {
    classes,
    latent,
    stages: widths.length,
    ...Object.fromEntries(widths.map((width, at) => [`widths[${at}]`, width])),
  });
  const halved = 2 ** widths.length;
  for (const side of ['rows', 'columns'] as const)
    requireOption(action, [`image.${side}`, image[side]], {
      rule: `a multiple of ${halved}, two a stage`,
      holds: image[side] % halved === 0,
    });
  const [rows, columns] = [image.rows / halved, image.columns / halved];
  const deepest = widths.at(-1) ?? 0;
  const flat = deepest * rows * columns;
  const half = { kernel: 4, stride: 2, padding: 1, initializer: INITIAL } as const;

  /** Scale and shift of each channel by the class: Dumoulin et al. 2016, section 2.2. */
  const forClass = (x: Tensor, name: string, labels: Tensor): Tensor =>
    scope(name, () => {
      const [batch, channels] = x.shape as readonly [Axis, Axis];
      const of = (part: string): Tensor =>
        reshape(embedding(labels, { name: part, rows: classes, width: Number(channels.size), initializer: CLASS }), [
          batch,
          channels,
          ...axes('Y X', 1, 1),
        ]);
      return add(multiply(x, add(of('scale'), 1)), of('shift'));
    });
  const generate = (latents: Tensor, labels: Tensor, context: ForwardContext): Tensor =>
    scope('generator', () => {
      const [batch] = latents.shape as readonly [Axis];
      const first = linear(latents, { name: 'first', in: latent, out: flat, initializer: INITIAL }); // B Z -> B (C·Y·X)
      let x = reshape(first, [batch, ...axes('C Y X', deepest, rows, columns)]);
      for (let stage = widths.length - 1; stage >= 0; stage--) {
        const [from, to] = [widths[stage] ?? 0, widths[stage - 1] ?? image.channels];
        x = relu(forClass(batchNormalization(x, { name: `norms.${stage}`, width: from }, context), `classes.${stage}`, labels));
        x = convTranspose2d(x, { name: `stages.${stage}`, in: from, out: to, bias: stage === 0, ...half }); // B C Y X -> B C' 2Y 2X
      }
      return withinBytes(sigmoid(x));
    });
  const discriminate = (images: Tensor, labels: Tensor, context: ForwardContext): Tensor =>
    scope('discriminator', () => {
      let x = multiply(subtract(images, 0.5), 2);
      for (const [stage, out] of widths.entries()) {
        const from = widths[stage - 1] ?? image.channels;
        const normalize = { name: `stages.${stage}`, in: from, out, spectralNorm: context, ...half } as const;
        x = leaky(conv2d(x, normalize)); // B C Y X -> B C' Y/2 X/2
      }
      const seen = reshape(x, [...x.shape.slice(0, 1), { name: 'C', size: flat }]); // B (C·Y·X)
      const normalized = (name: string, count: number): Tensor =>
        scope(name, () => multiply(spectralNormalized(parameter('weight', axes('V C', count, flat), INITIAL), context), SHARPNESS));
      const real = matmul(seen, normalized('head', 1), { transposeB: true }); // B (C·Y·X) -> B 1
      const fits = sum(multiply(seen, gather(normalized('classes', classes), labels)), { axes: [1], keep: true }); // -> B 1
      const bias = parameter('bias', axes('C', 1), { kind: 'constant', value: 0 });
      return reshape(add(add(real, fits), bias), x.shape.slice(0, 1)); // B
    });
  const losses = (images: Tensor, labels: Tensor, context: ForwardContext): ReturnType<GanModel['losses']> => {
    const [batch] = images.shape as readonly [Axis];
    const drawn = generate(noise('latent', [batch, { name: 'Z', size: latent }]), labels, context);
    const [real, fake] = [discriminate(images, labels, context), discriminate(drawn, labels, context)];
    return { generator: negate(fake), discriminator: add(relu(subtract(1, real)), relu(add(1, fake))) };
  };
  const built = losses(
    input('images', 'float32', axes('B C Y X', 2, image.channels, image.rows, image.columns)),
    input('labels', 'int32', axes('B', 2)),
    {},
  );
  return { architecture: 'gan', config, ...specsOf([built.generator, built.discriminator]), generate, discriminate, losses };
}
