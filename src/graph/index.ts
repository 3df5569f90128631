export { addSizes, axes, axisIndex, formatShape, sizes, staticCount, staticSize } from './axis.ts';
export type { Axis, Shape, Size } from './axis.ts';
export { buildGraph, collectParameters } from './graph.ts';
export type { Graph, ParameterSpec } from './graph.ts';
export { attentionOperands } from './attention-shapes.ts';
export type {
  AttentionScores,
  BlockAttributes,
  ConvolutionAttributes,
  Initializer,
  InputRole,
  OpAttributes,
  OpKind,
  Pair,
  PoolingAttributes,
} from './op-kinds.ts';
export {
  abs,
  add,
  cast,
  divide,
  equal,
  erf,
  exp,
  gelu,
  geluGradient,
  less,
  log,
  maximum,
  minimum,
  multiply,
  negate,
  reciprocal,
  relu,
  sigmoid,
  silu,
  sqrt,
  subtract,
  tanh,
  where,
} from './elementwise.ts';
export type { Operand } from './elementwise.ts';
export { averagePool2d, batchNorm, conv2d, convTranspose2d, maxPool2d, maxPool2dGradient } from './image.ts';
export type { Conv2dOptions, ConvTranspose2dOptions, PoolingOptions } from './image.ts';
export {
  attention,
  blockMatmul,
  cachedAttention,
  crossEntropy,
  crossEntropyGradient,
  dequantizeBlocks,
  dropoutMask,
  layerNorm,
  logSoftmax,
  matmul,
  rmsNorm,
  rotary,
  softmax,
} from './neural.ts';
export type { BlockTensors, CachedAttentionInputs, MatmulOptions } from './neural.ts';
export { constant, input, operation, parameter, scalar, state } from './operation.ts';
export { concat, expand, gather, max, mean, pad, reshape, scatterRows, slice, sum, sumOfSquares, transpose } from './shaping.ts';
export type { ReduceOptions } from './shaping.ts';
export { blockSizes } from './block-shapes.ts';
export { shapeError } from './shape-error.ts';
export { gradientCheckpoint, isKind, named, scope, scopedName } from './tensor.ts';
export type { Node, Tensor, TensorType } from './tensor.ts';
