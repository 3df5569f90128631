/**
 * ONNX models as plain data, written to and read from protobuf bytes.
 *
 * What is decided here: numbers are JavaScript numbers (int64 values of real models are far below 2^53; larger ones are
 * refused, never rounded), a tensor's elements are always its little-endian bytes (`rawData`), whichever field the file
 * keeps them in, and what the schema of `schema.ts` does not name is skipped. Files are hostile: a declared length is
 * checked against the bytes at hand before anything is allocated.
 */

import { FormatError, UsageError } from '../core/index.ts';
import { ATTRIBUTE_TYPE, modelType } from './schema.ts';

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
const EXTERNAL = 1;

/**
 * The protobuf bytes of a model.
 *
 * @throws UsageError `WEFT_ONNX_TOO_LARGE` when the model's tensors exceed the 2 GiB of a protobuf file.
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

function graphBytes(graph: OnnxGraph): number {
  const tensors = [...graph.initializers, ...graph.nodes.flatMap((node) => node.attributes.flatMap((attribute) => (attribute.type === 'tensor' ? [attribute.value] : [])))];
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
      return { ...common, i: attribute.value };
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
      return { ...common, ints: attribute.value };
    case 'floats':
      return { ...common, floats: attribute.value };
  }
}

function tensorMessage({ name, dataType, dims, rawData, external }: OnnxTensor): object {
  const common = { name, dataType, dims };
  if (external === undefined) return { ...common, rawData: rawData ?? new Uint8Array() };
  const entries = Object.entries(external).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: String(value) }]));
  return { ...common, dataLocation: EXTERNAL, externalData: entries };
}

function valueMessage({ name, dataType, shape }: OnnxValue): object {
  const dimension = (size: number | string): object => (typeof size === 'number' ? { dimValue: size } : size === '' ? {} : { dimParam: size });
  const tensorType = { elemType: dataType, ...(shape === undefined ? {} : { shape: { dim: shape.map(dimension) } }) };
  return dataType === 0 ? { name } : { name, type: { tensorType } };
}

/**
 * What protobufjs gives: 64-bit integers as objects of the `long` package. An absent field reads as its prototype's
 * default: null for a message, an empty value for the rest.
 */
type Int64 = number | { toNumber(): number };
interface TensorMessage {
  dims: Int64[];
  dataType: number;
  name: string;
  rawData: Uint8Array;
  floatData: number[];
  int32Data: number[];
  int64Data: Int64[];
  doubleData: number[];
  uint64Data: Int64[];
  externalData: { key: string; value: string }[];
  dataLocation: number;
}
interface ValueMessage {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: { dimValue: Int64; dimParam: string }[] } | null } | null } | null;
}
interface GraphMessage {
  name: string;
  node: { input: string[]; output: string[]; name: string; opType: string; domain: string; attribute: AttributeMessage[] }[];
  initializer: TensorMessage[];
  input: ValueMessage[];
  output: ValueMessage[];
}
interface AttributeMessage {
  name: string;
  type: number;
  f: number;
  i: Int64;
  s: Uint8Array;
  t: TensorMessage | null;
  g: GraphMessage | null;
  floats: number[];
  ints: Int64[];
  strings: Uint8Array[];
}
interface ModelMessage {
  irVersion: Int64;
  producerName: string;
  producerVersion: string;
  opsetImport: { domain: string; version: Int64 }[];
  metadataProps: { key: string; value: string }[];
  graph: GraphMessage | null;
}

/**
 * The model in protobuf bytes. Tensors share the memory of `bytes`: nothing large is copied.
 *
 * @throws FormatError `WEFT_ONNX_FORMAT` when the bytes are truncated, no ONNX model, or use what Weft cannot hold.
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  let message: ModelMessage;
  try {
    message = modelType().decode(bytes) as unknown as ModelMessage;
  } catch (error) {
    throw formatError('the bytes are no protobuf of one, or are cut off', error instanceof Error ? error.message : String(error), error);
  }
  if (message.graph === null) throw formatError('it has no graph', `${bytes.length} bytes`);
  return {
    irVersion: integer(message.irVersion),
    producerName: message.producerName,
    producerVersion: message.producerVersion,
    opsets: message.opsetImport.map(({ domain, version }) => ({ domain, version: integer(version) })),
    metadata: new Map(message.metadataProps.map(({ key, value }) => [key, value])),
    graph: graphOf(message.graph),
  };
}

function formatError(rule: string, value: string, cause?: unknown): FormatError {
  return new FormatError({ code: 'WEFT_ONNX_FORMAT', action: 'read the ONNX model', rule, value, remedy: 'Give a complete .onnx file; export or copy it again.', cause });
}

function integer(value: Int64): number {
  const number = typeof value === 'number' ? value : value.toNumber();
  if (!Number.isSafeInteger(number)) throw formatError('integers beyond 2^53 are not held', String(value));
  return number;
}

function graphOf(graph: GraphMessage): OnnxGraph {
  return {
    name: graph.name,
    nodes: graph.node.map((node) => ({
      name: node.name,
      opType: node.opType,
      domain: node.domain,
      inputs: node.input,
      outputs: node.output,
      attributes: node.attribute.map(attributeOf),
    })),
    initializers: graph.initializer.map(tensorOf),
    inputs: graph.input.map(valueOf),
    outputs: graph.output.map(valueOf),
  };
}

function attributeOf(attribute: AttributeMessage): OnnxAttribute {
  const name = attribute.name;
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
  switch (attribute.type) {
    case ATTRIBUTE_TYPE.int:
      return { name, type: 'int', value: integer(attribute.i) };
    case ATTRIBUTE_TYPE.float:
      return { name, type: 'float', value: attribute.f };
    case ATTRIBUTE_TYPE.string:
      return { name, type: 'string', value: text(attribute.s) };
    case ATTRIBUTE_TYPE.ints:
      return { name, type: 'ints', value: attribute.ints.map(integer) };
    case ATTRIBUTE_TYPE.floats:
      return { name, type: 'floats', value: attribute.floats };
    case ATTRIBUTE_TYPE.strings:
      return { name, type: 'strings', value: attribute.strings.map(text) };
    case ATTRIBUTE_TYPE.tensor:
      if (attribute.t !== null) return { name, type: 'tensor', value: tensorOf(attribute.t) };
      break;
    case ATTRIBUTE_TYPE.graph:
      if (attribute.g !== null) return { name, type: 'graph', value: graphOf(attribute.g) };
  }
  throw formatError(`the attribute ${name} has a kind that is not held`, String(attribute.type));
}

function tensorOf(tensor: TensorMessage): OnnxTensor {
  const common = { name: tensor.name, dataType: tensor.dataType, dims: tensor.dims.map(integer) };
  if (tensor.dataLocation !== EXTERNAL) return { ...common, rawData: tensor.rawData.length > 0 ? tensor.rawData : elementBytes(tensor, common) };
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const place = (key: string): { [key: string]: number } => {
    const value = entries.get(key);
    if (value === undefined) return {};
    if (!/^\d{1,15}$/.test(value)) throw formatError(`the ${key} of external data is no number`, value);
    return { [key]: Number(value) };
  };
  return { ...common, external: { location: entries.get('location') ?? '', ...place('offset'), ...place('length') } };
}

/** Bytes of one element of the types that a file may keep in `int32Data` (TensorProto.int32_data); other types are not held so. */
const INT32_DATA_BYTES: { readonly [dataType: number]: 1 | 2 | 4 } = { 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 9: 1, 10: 2, 16: 2 };
const FLOAT = 1;
const INT64 = 7;
const DOUBLE = 11;
const UINT32 = 12;
const UINT64 = 13;

/** The bytes of elements that a file keeps as numbers. */
function elementBytes(tensor: TensorMessage, { name, dataType, dims }: OnnxTensor): Uint8Array {
  const arrays: { readonly [dataType: number]: () => ArrayBufferView } = {
    [FLOAT]: () => Float32Array.from(tensor.floatData),
    [DOUBLE]: () => Float64Array.from(tensor.doubleData),
    [INT64]: () => BigInt64Array.from(tensor.int64Data, (value) => BigInt(integer(value))),
    [UINT32]: () => Uint32Array.from(tensor.uint64Data, integer),
    [UINT64]: () => BigUint64Array.from(tensor.uint64Data, (value) => BigInt(integer(value))),
  };
  const width = INT32_DATA_BYTES[dataType];
  const array = width === 1 ? Uint8Array.from(tensor.int32Data) : width === 2 ? Uint16Array.from(tensor.int32Data) : width === 4 ? Int32Array.from(tensor.int32Data) : arrays[dataType]?.();
  if (array === undefined) {
    if (dims.includes(0)) return new Uint8Array();
    throw formatError(`the tensor ${name} has no elements of its type`, String(dataType));
  }
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function valueOf({ name, type }: ValueMessage): OnnxValue {
  const dimensions = type?.tensorType?.shape?.dim.map((size) => (Object.hasOwn(size, 'dimValue') ? integer(size.dimValue) : size.dimParam));
  return { name, dataType: type?.tensorType?.elemType ?? 0, ...(dimensions === undefined ? {} : { shape: dimensions }) };
}
