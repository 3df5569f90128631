/**
 * Protobuf bytes read into plain ONNX models.
 *
 * What is decided here: whichever field a file keeps a tensor's elements in, they are given as bytes; what the schema of
 * `schema.ts` does not name is skipped. Files are hostile: a declared length is checked against the bytes at hand before
 * anything is allocated.
 */

import { FormatError } from '../core/index.ts';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxTensor, OnnxValue } from './protobuf.ts';
import { ATTRIBUTE_TYPE, EXTERNAL_DATA, modelType } from './schema.ts';

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
  return new FormatError({
    code: 'WEFT_ONNX_FORMAT',
    action: 'read the ONNX model',
    rule,
    value,
    remedy: 'Give a complete .onnx file; export or copy it again.',
    cause,
  });
}

function integer(value: Int64): number {
  const number = typeof value === 'number' ? value : value.toNumber();
  if (!Number.isSafeInteger(number)) throw formatError('integers beyond 2^53 are not held', String(number));
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
  if (tensor.dataLocation !== EXTERNAL_DATA)
    return { ...common, rawData: tensor.rawData.length > 0 ? tensor.rawData : elementBytes(tensor, common) };
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
  const array =
    width === 1
      ? Uint8Array.from(tensor.int32Data)
      : width === 2
        ? Uint16Array.from(tensor.int32Data)
        : width === 4
          ? Int32Array.from(tensor.int32Data)
          : arrays[dataType]?.();
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
