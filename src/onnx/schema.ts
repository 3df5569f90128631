/**
 * The part of the ONNX protobuf schema that Weft reads and writes: field numbers and types.
 *
 * Source: the ONNX specification, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3. Fields that are not in this
 * table are skipped when a file is read. Repeated numbers are read packed and unpacked, as old writers do either.
 */

import protobuf from 'protobufjs/light.js';
import type { Type } from 'protobufjs';

/** Field name (camel case, as in protobuf's JSON) to "[repeated|packed] type number". */
const MESSAGES: { readonly [message: string]: { readonly [field: string]: string } } = {
  Model: {
    irVersion: 'int64 1',
    producerName: 'string 2',
    producerVersion: 'string 3',
    graph: 'Graph 7',
    opsetImport: 'repeated OperatorSet 8',
    metadataProps: 'repeated StringEntry 14',
  },
  OperatorSet: { domain: 'string 1', version: 'int64 2' },
  StringEntry: { key: 'string 1', value: 'string 2' },
  Graph: {
    node: 'repeated Node 1',
    name: 'string 2',
    initializer: 'repeated Tensor 5',
    input: 'repeated Value 11',
    output: 'repeated Value 12',
  },
  Node: {
    input: 'repeated string 1',
    output: 'repeated string 2',
    name: 'string 3',
    opType: 'string 4',
    attribute: 'repeated Attribute 5',
    domain: 'string 7',
  },
  Attribute: {
    name: 'string 1',
    f: 'float 2',
    i: 'int64 3',
    s: 'bytes 4',
    t: 'Tensor 5',
    g: 'Graph 6',
    floats: 'repeated float 7',
    ints: 'repeated int64 8',
    strings: 'repeated bytes 9',
    type: 'int32 20', // An enumeration in the specification: the same bytes.
  },
  Tensor: {
    dims: 'repeated int64 1',
    dataType: 'int32 2',
    floatData: 'packed float 4',
    int32Data: 'packed int32 5',
    int64Data: 'packed int64 7',
    name: 'string 8',
    rawData: 'bytes 9',
    doubleData: 'packed double 10',
    uint64Data: 'packed uint64 11',
    externalData: 'repeated StringEntry 13',
    dataLocation: 'int32 14',
  },
  Value: { name: 'string 1', type: 'ValueType 2' },
  ValueType: { tensorType: 'TensorType 1' },
  TensorType: { elemType: 'int32 1', shape: 'TensorShape 2' },
  TensorShape: { dim: 'repeated Dimension 1' },
  Dimension: { dimValue: 'int64 1', dimParam: 'string 2' },
};

/** TensorProto.DataLocation: the elements are in another file. */
export const EXTERNAL_DATA = 1;

/** ONNX AttributeProto.AttributeType, by the name that an `OnnxAttribute` has. */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;

/** Presence is explicit, as in onnx.proto (proto2), which ONNX Runtime is built with: a dimension of 0 is written, not left out. */
const EDITION = 'proto2';

let model: Type | undefined;

/** The type of a whole file, ModelProto; built at the first call, as importing has no side effect. */
export function modelType(): Type {
  if (model !== undefined) return model;
  const nested = Object.fromEntries(
    Object.entries(MESSAGES).map(([message, fields]) => [
      message,
      { edition: EDITION, fields: Object.fromEntries(Object.entries(fields).map(field)) },
    ]),
  );
  model = protobuf.Root.fromJSON({ nested }).lookupType('Model');
  return model;
}

function field([name, spec]: [string, string]): [string, { rule?: string; type: string; id: number; options?: { packed: true } }] {
  const [id = '', type = '', rule] = spec.split(' ').reverse();
  return [
    name,
    {
      type,
      id: Number(id),
      ...(rule === undefined ? {} : { rule: 'repeated' }),
      ...(rule === 'packed' ? { options: { packed: true } } : {}),
    },
  ];
}
