export { decodeModel, encodeModel } from './protobuf.ts';
export type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './protobuf.ts';
