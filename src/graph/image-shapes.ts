/** The shape rules of operations on images: what image, kernel and window must have in common. Formulas: PyTorch's documentation. */

import { formatShape } from './axis.ts';
import type { Axis, Size } from './axis.ts';
import type { ConvolutionAttributes, OpAttributes, Pair, PoolingAttributes } from './op-kinds.ts';
import { axisOf, operand, sameDtype } from './shape-checks.ts';
import { describe, shapeError } from './shape-error.ts';
import type { Tensor, TensorType } from './tensor.ts';

interface Failure {
  readonly rule: string;
  readonly value: string;
  readonly remedy: string;
}

type Fail = (failure: Failure) => never;

/** Throws about the operands of an operation. */
function failing(action: string, inputs: readonly Tensor[], names: readonly string[]): Fail {
  return (failure) => {
    throw shapeError(
      'WEFT_SHAPE_IMAGE',
      { action: `${action} ${describe(operand(inputs, 0), 'an image')}`, ...failure },
      inputs.map((tensor, index) => [describe(tensor, names[index] ?? ''), tensor]),
    );
  };
}

/** Channels, rows and columns of an image: numbers. */
function imageSizes(x: Tensor, fail: Fail): readonly [number, number, number] {
  const sizes = x.shape.slice(1).map(({ size }) => size);
  const [channels, rows, columns] = sizes;
  if (x.shape.length !== 4 || typeof channels !== 'number' || typeof rows !== 'number' || typeof columns !== 'number') {
    return fail({
      rule: 'it must be B C Y X, with channels, rows and columns of known size',
      value: formatShape(x.shape),
      remedy: 'Reshape it to batch, channels, rows and columns.',
    });
  }
  return [channels, rows, columns];
}

function requireWhole(values: Readonly<Record<string, Pair | number>>, least: number, fail: Fail): void {
  for (const [name, value] of Object.entries(values)) {
    const list = typeof value === 'number' ? [value] : value;
    if (list.every((each) => Number.isSafeInteger(each) && each >= least)) continue;
    fail({
      rule: `${name} must be whole, at least ${least}`,
      value: list.join(' and '),
      remedy: `Give ${name} as a number, or as one for rows and one for columns.`,
    });
  }
}

const image = (x: Tensor, channels: Axis | Size, [rows, columns]: Pair): TensorType => ({
  dtype: x.dtype,
  shape: [
    axisOf(x.shape, 0),
    typeof channels === 'object' ? channels : { name: 'C', size: channels },
    { name: 'Y', size: rows },
    { name: 'X', size: columns },
  ],
});

const each = (size: (axis: 0 | 1) => number): Pair => [size(0), size(1)];

/** A positive result size, or an error that says what the kernel needs. */
function requireFit(size: Pair, [rows, columns]: Pair, fail: Fail): Pair {
  if (size[0] >= 1 && size[1] >= 1) return size;
  return fail({
    rule: 'the kernel must fit into the image',
    value: `${rows} × ${columns} pixels`,
    remedy: 'Give a larger image, more padding, or a smaller kernel, dilation or window.',
  });
}

/** What both convolutions ask of their operands; `weightInputs` says which of the kernel's first axes takes the image's channels. */
function convolutionOperands(
  inputs: readonly Tensor[],
  { stride, padding, dilation, groups }: ConvolutionAttributes,
  fail: Fail,
): { readonly x: Tensor; readonly sizes: Pair; readonly channels: number; readonly kernel: readonly [number, number, ...Pair] } {
  const [x, weight] = [operand(inputs, 0), operand(inputs, 1)];
  requireWhole({ stride, dilation, groups }, 1, fail);
  requireWhole({ padding }, 0, fail);
  const [channels, rows, columns] = imageSizes(x, fail);
  const kernel = weight.shape.map(({ size }) => Number(size));
  if (kernel.length !== 4 || !kernel.every((size) => Number.isSafeInteger(size))) {
    fail({ rule: 'the kernel must have four axes of known size', value: formatShape(weight.shape), remedy: 'Give a kernel O I Y X.' });
  }
  sameDtype('convolve', inputs);
  return { x, sizes: [rows, columns], channels, kernel: kernel as unknown as readonly [number, number, ...Pair] };
}

function requireChannels(axis: string, expected: number, actual: number, fail: Fail): void {
  if (expected === actual) return;
  fail({
    rule: `${axis} of the kernel must fit the image's channels and the groups`,
    value: `${actual} instead of ${expected}`,
    remedy: 'Make the layer for the channels of its input, and groups a divisor of both channel counts.',
  });
}

function requireBias(inputs: readonly Tensor[], channels: number, fail: Fail): void {
  const bias = inputs[2];
  if (bias === undefined || (bias.shape.length === 1 && bias.shape[0]?.size === channels)) return;
  fail({ rule: `the bias must have ${channels} elements`, value: formatShape(bias.shape), remedy: 'Give one number an output channel.' });
}

/** B C Y X by O C/G Y X. */
export function convolutionShape(inputs: readonly Tensor[], attributes: OpAttributes['conv2d']): readonly TensorType[] {
  const fail = failing('convolve', inputs, ['image', 'kernel', 'bias']);
  const { x, sizes, channels, kernel } = convolutionOperands(inputs, attributes, fail);
  const { stride, padding, dilation, groups } = attributes;
  const [outputs, perGroup, ...window] = kernel;
  requireChannels('axis I', channels / groups, perGroup, fail);
  requireChannels('axis O', Math.max(1, Math.round(outputs / groups)) * groups, outputs, fail);
  requireBias(inputs, outputs, fail);
  const size = each((axis) => Math.floor((sizes[axis] + 2 * padding[axis] - dilation[axis] * (window[axis] - 1) - 1) / stride[axis]) + 1);
  return [image(x, outputs, requireFit(size, sizes, fail))];
}

/** B C Y X by C O/G Y X. */
export function convTransposeShape(inputs: readonly Tensor[], attributes: OpAttributes['convTranspose2d']): readonly TensorType[] {
  const fail = failing('convolve', inputs, ['image', 'kernel', 'bias']);
  const { x, sizes, channels, kernel } = convolutionOperands(inputs, attributes, fail);
  const { stride, padding, dilation, groups, outputPadding } = attributes;
  const [own, perGroup, ...window] = kernel;
  requireWhole({ outputPadding }, 0, fail);
  requireChannels('the first axis', channels, own, fail);
  requireChannels('the first axis', Math.max(1, Math.round(own / groups)) * groups, own, fail);
  requireBias(inputs, perGroup * groups, fail);
  if (outputPadding[0] >= stride[0] || outputPadding[1] >= stride[1]) {
    fail({
      rule: 'outputPadding must be smaller than the stride',
      value: `${outputPadding.join(' and ')}, stride ${stride.join(' and ')}`,
      remedy: 'Give a smaller outputPadding, or less padding.',
    });
  }
  const size = each(
    (axis) => (sizes[axis] - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (window[axis] - 1) + outputPadding[axis] + 1,
  );
  return [image(x, perGroup * groups, requireFit(size, sizes, fail))];
}

function poolShape(action: string): (inputs: readonly Tensor[], attributes: PoolingAttributes) => readonly TensorType[] {
  return (inputs, { kernel, stride, padding }) => {
    const fail = failing(action, inputs, ['image']);
    const x = operand(inputs, 0);
    requireWhole({ kernel, stride }, 1, fail);
    requireWhole({ padding }, 0, fail);
    const [, ...sizes] = imageSizes(x, fail);
    if (padding[0] > kernel[0] / 2 || padding[1] > kernel[1] / 2)
      fail({ rule: 'padding must be at most half a window', value: padding.join(' and '), remedy: 'Give less padding.' });
    const size = each((axis) => Math.floor((sizes[axis] + 2 * padding[axis] - kernel[axis]) / stride[axis]) + 1);
    return [image(x, axisOf(x.shape, 1), requireFit(size, sizes, fail))];
  };
}

/** B C Y X -> B C Y' X'. */
export const maxPoolShape: ReturnType<typeof poolShape> = poolShape('take the maximum of windows of');
/** B C Y X -> B C Y' X'. */
export const averagePoolShape: ReturnType<typeof poolShape> = poolShape('average windows of');

/** B C or B C Y X, with C and C: the same, and the statistics. */
export function batchNormShapes(inputs: readonly Tensor[]): readonly TensorType[] {
  const x = operand(inputs, 0);
  const fail = failing('normalise', inputs, ['x', 'weight', 'bias']);
  const channels = x.shape[1];
  if (channels === undefined || (x.shape.length !== 2 && x.shape.length !== 4)) {
    return fail({ rule: 'it must be B C or B C Y X', value: formatShape(x.shape), remedy: 'Reshape it.' });
  }
  for (const weight of inputs.slice(1)) {
    if (weight.shape.length === 1 && weight.shape[0]?.size === channels.size) continue;
    fail({
      rule: `weight and bias must have ${channels.size} elements`,
      value: formatShape(weight.shape),
      remedy: 'Make the layer for the channels of its input.',
    });
  }
  const statistics: TensorType = { dtype: sameDtype('normalise', inputs), shape: [channels] };
  return [{ dtype: x.dtype, shape: x.shape }, statistics, statistics];
}
