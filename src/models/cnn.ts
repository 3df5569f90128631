/**
 * A convolutional classifier of images, in the line of LeCun et al. 1998 ("Gradient-based learning applied to document
 * recognition"): stages of convolution, batch normalisation (Ioffe and Szegedy 2015), ReLU and max-pooling, then a hidden
 * layer with dropout (Srivastava et al. 2014). Weights begin as PyTorch's do.
 */

import { UsageError, checkOptions } from '../core/index.ts';
import { axes, input, maxPool2d, relu, reshape, scope } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { batchNormalization, conv2d, dropout, fanInUniform, linear } from '../nn/index.ts';
import type { ForwardContext } from '../nn/index.ts';
import { MNIST_SIZE, requireImage, specsOf } from './image-model.ts';
import type { ImageModelDefinition, ImageSize } from './image-model.ts';
import { requireCounts, requireOption } from './language-model.ts';

/** Configuration of {@link cnn}. */
export interface CnnConfig {
  readonly image: ImageSize;
  readonly classes: number;
  /** Channels of each stage; a stage halves rows and columns. */
  readonly widths: readonly number[];
  /** Width of the layer before the last. */
  readonly hidden: number;
  /** Rate of dropout before the last layer, in training. */
  readonly dropout: number;
}

/** What {@link cnn} makes. */
export interface CnnModel extends ImageModelDefinition<'cnn', CnnConfig> {
  /** Images (B C Y X) to the hidden layer (B F), what the classifier has seen in them. */
  features(images: Tensor, context: ForwardContext): Tensor;
  /** Images (B C Y X) to a logit a class (B V). */
  logits(images: Tensor, context: ForwardContext): Tensor;
}

/**
 * A convolutional classifier.
 *
 * @param options `image` defaults to MNIST's 1 × 28 × 28, `classes` to 10, `widths` to 32 and 64, `hidden` to 128, `dropout` to 0.5.
 * @throws UsageError `WEFT_MODEL_SIZE` and `WEFT_MODEL_OPTION` when an option is out of its range, `WEFT_MODEL_IMAGE` when the
 *   image has fewer pixels than the stages halve.
 *
 * @example
 * ```ts
 * import { cnn } from 'weft/models';
 *
 * const model = cnn({ widths: [8, 16], hidden: 32 });
 * console.log(model.parameters.map(({ name }) => name).slice(0, 3)); // [ 'stages.0.conv.weight', 'stages.0.norm.weight', 'stages.0.norm.bias' ]
 * ```
 */
export function cnn(options: Partial<CnnConfig> = {}): CnnModel {
  const action = 'make a CNN';
  checkOptions(action, options, ['image', 'classes', 'widths', 'hidden', 'dropout']);
  const config: CnnConfig = { image: MNIST_SIZE, classes: 10, widths: [32, 64], hidden: 128, dropout: 0.5, ...options };
  const { image, classes, widths, hidden } = config;
  requireImage(action, image);
  requireCounts(action, {
    classes,
    hidden,
    stages: widths.length,
    ...Object.fromEntries(widths.map((width, at) => [`widths[${at}]`, width])),
  });
  requireOption(action, ['dropout', config.dropout], { rule: 'at least 0 and below 1', holds: config.dropout >= 0 && config.dropout < 1 });
  const [rows, columns] = [image.rows, image.columns].map((pixels) => Math.floor(pixels / 2 ** widths.length)) as [number, number];
  if (rows < 1 || columns < 1) {
    throw new UsageError({
      code: 'WEFT_MODEL_IMAGE',
      action,
      rule: 'each stage halves the image, which must not vanish',
      value: `${widths.length} stages, ${image.rows} × ${image.columns} pixels`,
      remedy: 'Give fewer widths.',
    });
  }
  const flat = (widths.at(-1) ?? 0) * rows * columns;

  const features = (images: Tensor, context: ForwardContext): Tensor => {
    let x = images;
    for (const [stage, out] of widths.entries()) {
      const channels = widths[stage - 1] ?? image.channels;
      x = scope(`stages.${stage}`, () => {
        const seen = conv2d(x, { name: 'conv', in: channels, out, kernel: 3, padding: 1, bias: false }); // B C Y X -> B C' Y X
        return maxPool2d(relu(batchNormalization(seen, { name: 'norm', width: out }, context)), { kernel: 2 }); // -> B C' Y/2 X/2
      });
    }
    const rowsOfFeatures = reshape(x, [...x.shape.slice(0, 1), { name: 'C', size: flat }]); // B (C·Y·X)
    const initializer = fanInUniform(flat);
    return relu(linear(rowsOfFeatures, { name: 'hidden', in: flat, out: hidden, bias: true, initializer, biasInitializer: initializer })); // B F
  };
  const logits = (images: Tensor, context: ForwardContext): Tensor => {
    const seen = dropout(features(images, context), { name: 'dropout', rate: config.dropout }, context);
    const initializer = fanInUniform(hidden);
    return linear(seen, { name: 'head', in: hidden, out: classes, bias: true, initializer, biasInitializer: initializer }); // B F -> B V
  };
  const trace = logits(input('images', 'float32', axes('B C Y X', 1, image.channels, image.rows, image.columns)), {});
  return { architecture: 'cnn', config, ...specsOf([trace]), features, logits };
}
