/**
 * ONNX models as plain data, written to protobuf bytes (and read from them by `decode-model.ts`).
 *
 * What is decided here: numbers are JavaScript numbers (int64 values of real models are far below 2^53; larger ones are
 * refused, never rounded), and a tensor's elements are always its little-endian bytes (`rawData`).
 */

import { UsageError } from '../core/index.ts';
import { ATTRIBUTE_TYPE, EXTERNAL_DATA, modelType } from './schema.ts';

/** A whole model. */
export interface OnnxModel {
  /** Version of the file format. */
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  /** Operator sets the nodes are taken from; the domain of the standard one is ''. */
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  /** Free key-value pairs. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: OnnxGraph;
}

/** A graph: nodes in an order in which they can run. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** One operator applied to named values. An input that is left out is ''. */
export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** '' for the standard operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
}

/** A named attribute of a node, told apart by `type`. */
export type OnnxAttribute = { readonly name: string } & (
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'graph'; readonly value: OnnxGraph }
);

/** A constant tensor: its bytes, or where they are outside the model. */
export interface OnnxTensor {
  readonly name: string;
  /** Element type, a number of TensorProto.DataType (1 is float32, 7 int64, …). */
  readonly dataType: number;
  readonly dims: readonly number[];
  /** Elements, row-major and little-endian; absent when `external` is given. */
  readonly rawData?: Uint8Array;
  /** The file and the bytes in it that hold the elements. */
  readonly external?: { readonly location: string; readonly offset?: number; readonly length?: number };
}

/** Name, element type and shape of an input or output. */
export interface OnnxValue {
  readonly name: string;
  /** As in {@link OnnxTensor}; 0 when the value is no tensor (a sequence, a map, …). */
  readonly dataType: number;
  /** A number for a fixed size, a name for one that is given at run time ('' when it has none); absent when not even the rank is known. */
  readonly shape?: readonly (number | string)[];
}

/** Protobuf lengths are 32-bit signed. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * The protobuf bytes of a model.
 *
 * @throws UsageError `WEFT_ONNX_TOO_LARGE` when the model's tensors exceed the 2 GiB of a protobuf file,
 * `WEFT_ONNX_INTEGER` when a size or an integer attribute is not a whole number.
 * @example
 * ```ts
 * import { decodeModel, encodeModel } from 'weft/onnx';
 *
 * const bytes = encodeModel({
 *   irVersion: 10, producerName: 'me', producerVersion: '', opsets: [{ domain: '', version: 21 }], metadata: new Map(),
 *   graph: {
 *     name: 'negate', initializers: [],
 *     nodes: [{ name: 'n', opType: 'Neg', domain: '', inputs: ['x'], outputs: ['y'], attributes: [] }],
 *     inputs: [{ name: 'x', dataType: 1, shape: ['N', 2] }],
 *     outputs: [{ name: 'y', dataType: 1, shape: ['N', 2] }],
 *   },
 * });
 * console.log(decodeModel(bytes).graph.inputs[0]?.shape); // [ 'N', 2 ]
 * ```
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const bytes = graphBytes(model.graph);
  if (bytes > MAX_BYTES) throw tooLarge(bytes);
  const message = {
    irVersion: model.irVersion,
    producerName: model.producerName,
    producerVersion: model.producerVersion,
    opsetImport: model.opsets,
    metadataProps: Array.from(model.metadata, ([key, value]) => ({ key, value })),
    graph: graphMessage(model.graph),
  };
  const encoded = modelType().encode(message).finish();
  if (encoded.length > MAX_BYTES) throw tooLarge(encoded.length);
  return encoded;
}

function tooLarge(bytes: number): UsageError {
  return new UsageError({
    code: 'WEFT_ONNX_TOO_LARGE',
    action: 'write the model as ONNX',
    rule: `a protobuf file holds at most ${MAX_BYTES} bytes`,
    value: `${bytes} bytes`,
    remedy: 'Keep the weights outside the model: as inputs, or as initializers with external data.',
  });
}

/** A number that is written as int64; protobuf would cut off a fraction without a word. */
function whole(value: number, name: string): number {
  if (Number.isSafeInteger(value)) return value;
  throw new UsageError({
    code: 'WEFT_ONNX_INTEGER',
    action: 'write the model as ONNX',
    rule: `${name} takes whole numbers`,
    value: String(value),
    remedy: 'Give a whole number, or an attribute of type float.',
  });
}

function graphBytes(graph: OnnxGraph): number {
  const tensors = [
    ...graph.initializers,
    ...graph.nodes.flatMap((node) => node.attributes.flatMap((attribute) => (attribute.type === 'tensor' ? [attribute.value] : []))),
  ];
  return tensors.reduce((sum, tensor) => sum + (tensor.rawData?.length ?? 0), 0);
}

function graphMessage(graph: OnnxGraph): object {
  return {
    name: graph.name,
    node: graph.nodes.map(({ inputs, outputs, name, opType, domain, attributes }) => ({
      input: inputs,
      output: outputs,
      name,
      opType,
      ...(domain === '' ? {} : { domain }),
      attribute: attributes.map(attributeMessage),
    })),
    initializer: graph.initializers.map(tensorMessage),
    input: graph.inputs.map(valueMessage),
    output: graph.outputs.map(valueMessage),
  };
}

function attributeMessage(attribute: OnnxAttribute): object {
  const common = { name: attribute.name, type: ATTRIBUTE_TYPE[attribute.type] };
  switch (attribute.type) {
    case 'int':
      return { ...common, i: whole(attribute.value, attribute.name) };
    case 'float':
      return { ...common, f: attribute.value };
    case 'string':
      return { ...common, s: Buffer.from(attribute.value) };
    case 'strings':
      return { ...common, strings: attribute.value.map((text) => Buffer.from(text)) };
    case 'tensor':
      return { ...common, t: tensorMessage(attribute.value) };
    case 'graph':
      return { ...common, g: graphMessage(attribute.value) };
    case 'ints':
      return { ...common, ints: attribute.value.map((value) => whole(value, attribute.name)) };
    case 'floats':
      return { ...common, floats: attribute.value };
  }
}

function tensorMessage({ name, dataType, dims, rawData, external }: OnnxTensor): object {
  const common = { name, dataType, dims: dims.map((size) => whole(size, name)) };
  if (external === undefined) return { ...common, rawData: rawData ?? new Uint8Array() };
  const entries = Object.entries(external).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: String(value) }]));
  return { ...common, dataLocation: EXTERNAL_DATA, externalData: entries };
}

function valueMessage({ name, dataType, shape }: OnnxValue): object {
  const dimension = (size: number | string): object =>
    typeof size === 'number' ? { dimValue: whole(size, name) } : size === '' ? {} : { dimParam: size };
  const tensorType = { elemType: dataType, ...(shape === undefined ? {} : { shape: { dim: shape.map(dimension) } }) };
  return dataType === 0 ? { name } : { name, type: { tensorType } };
}
