/** Operations on images on the CPU. Operators: https://onnx.ai/onnx/operators/, opset 21. */

import { elementCount, hostTensor } from '../core/index.ts';
import type { Node, Pair, PoolingAttributes } from '../graph/index.ts';
import { int64Vector, number, reshapeTo } from './emitter.ts';
import type { AttributeValue, LoweringContext, LoweringRule } from './emitter.ts';

const pads = (padding: Pair): readonly number[] => [...padding, ...padding];
const operandsOf = (c: LoweringContext): readonly string[] => Array.from({ length: c.arity }, (_, index) => c.in(index));
const sizesOf = (c: LoweringContext, index: number): readonly number[] => c.x(index).shape.map(({ size }) => Number(size));

/** A convolution as its operator, which takes a bias too. */
export function lowerConvolution<K extends 'conv2d' | 'convTranspose2d'>(opType: 'Conv' | 'ConvTranspose'): LoweringRule<Node<K>> {
  return (c, { attributes }) => {
    const { stride, padding, dilation, groups, ...rest } = attributes as Node<'convTranspose2d'>['attributes'];
    c.emit(opType, operandsOf(c), {
      outputs: [c.out(0)],
      attributes: {
        kernel_shape: sizesOf(c, 1).slice(2),
        strides: stride,
        pads: pads(padding),
        dilations: dilation,
        group: groups,
        ...(opType === 'ConvTranspose' ? { output_padding: rest.outputPadding } : {}),
      },
    });
  };
}

const windowOf = ({ kernel, stride, padding }: PoolingAttributes): Readonly<Record<string, AttributeValue>> => ({
  kernel_shape: kernel,
  strides: stride,
  pads: pads(padding),
});

export const lowerMaxPool: LoweringRule<Node<'maxPool2d'>> = (c, { attributes }) => {
  c.emit('MaxPool', [c.in(0)], { outputs: [c.out(0)], attributes: windowOf(attributes) });
};

/** Padding counts as zeros. */
export const lowerAveragePool: LoweringRule<Node<'averagePool2d'>> = (c, { attributes }) => {
  c.emit('AveragePool', [c.in(0)], { outputs: [c.out(0)], attributes: { ...windowOf(attributes), count_include_pad: 1 } });
};

/**
 * The gradient goes to the places that MaxPool tells beside its maxima, the first of equal ones; windows that overlap may name
 * a place twice. Windows side by side are done without: MaxPool is twenty times slower where it tells places (8.4 ms against
 * 0.4 for 64 × 32 × 28 × 28, on a busy machine).
 */
export const lowerMaxPoolGradient: LoweringRule<Node<'maxPool2dGradient'>> = (c, { attributes }) => {
  const sizes = sizesOf(c, 0);
  if (liesSideBySide(attributes, sizes.slice(2))) {
    spreadToFirst(c, attributes);
    return;
  }
  const places = c.fresh('places');
  c.emit('MaxPool', [c.in(0)], { outputs: [c.fresh('maxima'), places], attributes: windowOf(attributes) });
  const zeros = c.emit('ConstantOfShape', [c.constant(int64Vector([elementCount(sizes)]))]);
  const sums = c.emit('ScatterElements', [zeros, reshapeTo(c, places, [-1]), reshapeTo(c, c.in(2), [-1])], {
    attributes: { axis: 0, reduction: 'add' },
  });
  c.emit('Reshape', [sums, c.constant(int64Vector(sizes))], { outputs: [c.out(0)] });
};

function liesSideBySide({ kernel, stride, padding }: PoolingAttributes, plane: readonly number[]): boolean {
  return kernel.every((size, axis) => stride[axis] === size && padding[axis] === 0 && (plane[axis] ?? 0) % size === 0);
}

/**
 * Pixels that equal their window's maximum get a number that falls from the first of a window to its last; those whose number
 * is the largest of their window get the window's gradient.
 */
function spreadToFirst(c: LoweringContext, attributes: PoolingAttributes): void {
  const [height, width] = attributes.kernel;
  const [, , rows = 0, columns = 0] = sizesOf(c, 0);
  const scales = c.constant(hostTensor('float32', [4], Float32Array.of(1, 1, height, width)));
  const toPixels = (windows: string): string =>
    c.emit('Resize', [windows, '', scales], {
      attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    });
  const order = Float32Array.from(
    { length: rows * columns },
    (_, place) => height * width - (Math.floor(place / columns) % height) * width - (place % width),
  );
  const largest = c.emit('Equal', [c.in(0), toPixels(c.in(1))]);
  const numbered = c.emit('Where', [largest, c.constant(hostTensor('float32', [rows, columns], order)), number(c, 0)]);
  const first = c.emit('Equal', [numbered, toPixels(c.emit('MaxPool', [numbered], { attributes: windowOf(attributes) }))]);
  c.emit('Where', [first, toPixels(c.in(2)), number(c, 0)], { outputs: [c.out(0)] });
}

/**
 * Statistics by reductions, then the operator as in inference. Its training mode would give statistics too, but it writes them
 * into the memory of its operands 3 and 4, which several nodes may share.
 */
export const lowerBatchNorm: LoweringRule<Node<'batchNorm'>> = (c, { attributes: { epsilon } }) => {
  const { shape } = c.x(0);
  const others = c.constant(int64Vector(shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]))));
  const meanOf = (value: string, output: string): void => {
    c.emit('ReduceMean', [value, others], { outputs: [output], attributes: { keepdims: 0 } });
  };
  meanOf(c.in(0), c.out(1));
  const centred = c.emit('Sub', [c.in(0), reshapeTo(c, c.out(1), [1, -1, ...shape.slice(2).map(() => 1)])]);
  meanOf(c.emit('Mul', [centred, centred]), c.out(2));
  c.emit('BatchNormalization', [c.in(0), c.in(1), c.in(2), c.out(1), c.out(2)], {
    outputs: [c.out(0)],
    attributes: { epsilon: { float: epsilon } },
  });
};
