/** Small ONNX models for the tests of the runtime. */

import { encodeModel } from '../onnx/index.ts';
import type { OnnxAttribute, OnnxNode, OnnxTensor, OnnxValue } from '../onnx/index.ts';

let count = 0;

/** A node of the standard operators. */
export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly OnnxAttribute[] = [],
): OnnxNode {
  return { name: `node_${count++}`, opType, domain: '', inputs, outputs, attributes };
}

export function value(name: string, dataType: number, shape?: readonly (number | string)[]): OnnxValue {
  return { name, dataType, ...(shape === undefined ? {} : { shape }) };
}

export function initializer(name: string, data: Float32Array | BigInt64Array, dims: readonly number[]): OnnxTensor {
  return {
    name,
    dataType: data instanceof Float32Array ? 1 : 7,
    dims,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

/** The bytes of a model of opset 21. */
export function model(
  nodes: readonly OnnxNode[],
  inputs: readonly OnnxValue[],
  outputs: readonly OnnxValue[],
  initializers: readonly OnnxTensor[] = [],
): Uint8Array {
  return encodeModel({
    irVersion: 10,
    producerName: 'test',
    producerVersion: '',
    opsets: [{ domain: '', version: 21 }],
    metadata: new Map(),
    graph: { name: 'test', nodes, initializers, inputs, outputs },
  });
}

const FLOAT = 1;

/** y = −x, of any length. */
export function negate(): Uint8Array {
  return model([node('Neg', ['x'], ['y'])], [value('x', FLOAT, ['N'])], [value('y', FLOAT, ['N'])]);
}

/** out = w − rate · gradient: an update, made to run in place. */
export function update(length: number): Uint8Array {
  return model(
    [node('Mul', ['gradient', 'rate'], ['step']), node('Sub', ['w', 'step'], ['w_next'])],
    [value('w', FLOAT, [length]), value('gradient', FLOAT, [length]), value('rate', FLOAT, [])],
    [value('w_next', FLOAT, [length])],
  );
}

/** y = x · w · w · … (`depth` products of size × size): takes a while. */
export function products(size: number, depth: number): Uint8Array {
  const nodes = Array.from({ length: depth }, (_, index) =>
    node('MatMul', [index === 0 ? 'x' : `h${index}`, 'w'], [index === depth - 1 ? 'y' : `h${index + 1}`]),
  );
  return model(nodes, [value('x', FLOAT, ['N', size]), value('w', FLOAT, [size, size])], [value('y', FLOAT, ['N', size])]);
}
