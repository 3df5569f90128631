export { addSizes, axes, axisIndex, formatShape, sizes, staticCount, staticSize } from './axis.ts';
export type { Axis, Shape, Size } from './axis.ts';
export { buildGraph, collectParameters } from './graph.ts';
export type { Graph, ParameterSpec } from './graph.ts';
export type { Initializer, InputRole, OpAttributes, OpKind } from './op-kinds.ts';
export {
  abs, add, attention, cachedAttention, cast, concat, constant, crossEntropy, crossEntropyGradient, divide, dropoutMask, equal, erf, exp, expand, gather, gelu, geluGradient, input, layerNorm, less, log, logSoftmax,
  matmul, max, maximum, mean, minimum, multiply, negate, operation, pad, parameter, reciprocal, relu, reshape, rmsNorm, rotary, scalar, scatterRows, sigmoid, silu,
  slice, softmax, sqrt, state, subtract, sum, sumOfSquares, tanh, transpose, where,
} from './ops.ts';
export type { CachedAttentionInputs, MatmulOptions } from './ops.ts';
export { shapeError } from './shape-error.ts';
export { isKind, named, scope, scopedName } from './tensor.ts';
export type { Node, Tensor, TensorType } from './tensor.ts';
