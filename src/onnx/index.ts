export { decodeModel } from './decode-model.ts';
export { encodeModel } from './protobuf.ts';
export type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './protobuf.ts';
export { ONNX_DTYPE, createEmitter, int64Vector, scalarTensor } from './emitter.ts';
export type { AttributeValue, EmittedNode, Emitter, LoweringContext, LoweringRule } from './emitter.ts';
export { CPU_LOWERING, DROPOUT_MULTIPLIER, dropoutThreshold } from './lower-cpu.ts';
export type { LoweringTable } from './lower-cpu.ts';
export { OUTSIDE_LOCATION, lowerGraph } from './lower.ts';
export type { LowerOptions } from './lower.ts';
