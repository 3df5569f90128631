import { InferenceSession, Tensor } from 'onnxruntime-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { FormatError } from '../core/index.ts';
import { decodeModel, encodeModel } from './index.ts';
import type { OnnxAttribute, OnnxModel, OnnxTensor } from './index.ts';

const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function modelOf(attributes: readonly OnnxAttribute[] = [], initializers: readonly OnnxTensor[] = []): OnnxModel {
  return {
    irVersion: 10,
    producerName: 'weft',
    producerVersion: '1',
    opsets: [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ],
    metadata: new Map([['author', 'me']]),
    graph: {
      name: 'g',
      nodes: [{ name: 'n', opType: 'Reshape', domain: '', inputs: ['x', 'shape'], outputs: ['y'], attributes }],
      initializers,
      inputs: [{ name: 'x', dataType: 1, shape: ['B', 4] }],
      outputs: [{ name: 'y', dataType: 1, shape: ['B', 2, 2] }],
    },
  };
}

const shape: OnnxTensor = { name: 'shape', dataType: 7, dims: [3], rawData: bytesOf(new BigInt64Array([-1n, 2n, 2n])) };

describe('encodeModel', () => {
  it('writes what ONNX Runtime reads', async () => {
    const session = await InferenceSession.create(encodeModel(modelOf([{ name: 'allowzero', type: 'int', value: 0 }], [shape])), {
      intraOpNumThreads: 1,
    });
    const { y } = await session.run({
      x: new Tensor(
        'float32',
        new Float32Array(8).map((_, i) => i),
        [2, 4],
      ),
    });
    expect(y?.dims).toEqual([2, 2, 2]);
    expect(Array.from(y?.data as Float32Array)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(session.inputMetadata).toMatchObject([{ name: 'x', type: 'float32', shape: ['B', 4] }]);
    await session.release();
  });

  it('gives the bytes of the protobuf encoding, worked out by hand', () => {
    const bytes = encodeModel({
      irVersion: 1,
      producerName: '',
      producerVersion: '',
      opsets: [],
      metadata: new Map(),
      graph: { name: 'g', nodes: [], initializers: [], inputs: [], outputs: [{ name: 'y', dataType: 1, shape: [-1, 'N', '', 0] }] },
    });
    const minusOne = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    const dimensions = [0x0a, 11, 0x08, ...minusOne, 0x0a, 3, 0x12, 1, 0x4e, 0x0a, 0, 0x0a, 2, 0x08, 0];
    const tensorType = [0x08, 1, 0x12, dimensions.length, ...dimensions];
    const type = [0x0a, tensorType.length, ...tensorType];
    const value = [0x0a, 1, 0x79, 0x12, type.length, ...type];
    const graph = [0x12, 1, 0x67, 0x62, value.length, ...value];
    expect(Array.from(bytes)).toEqual([0x08, 1, 0x12, 0, 0x1a, 0, 0x3a, graph.length, ...graph]);
  });

  it('refuses tensors beyond what a protobuf file holds', () => {
    const rawData = new Uint8Array(2 ** 30); // Never touched, so never resident; the tensors share it.
    const tensors = [1, 2, 3].map((index) => ({ name: `w${index}`, dataType: 1, dims: [2 ** 28], rawData }));
    expect(() => encodeModel(modelOf([], tensors))).toThrow(
      'Cannot write the model as ONNX as a protobuf file holds at most 2147483647 bytes: 3221225472 bytes',
    );
  });
});

describe('encodeModel’s integers', () => {
  it('are whole numbers', () => {
    const integer = expect.objectContaining({ code: 'WEFT_ONNX_INTEGER' }) as Error;
    for (const value of [0.5, NaN, Infinity, 2 ** 53]) {
      expect(() => encodeModel(modelOf([{ name: 'axis', type: 'int', value }]))).toThrow(integer);
      expect(() => encodeModel(modelOf([{ name: 'axes', type: 'ints', value: [0, value] }]))).toThrow(integer);
      expect(() => encodeModel(modelOf([], [{ ...shape, dims: [value] }]))).toThrow(integer);
    }
  });
});

describe('decodeModel', () => {
  const attributes: readonly OnnxAttribute[] = [
    { name: 'i', type: 'int', value: -1 },
    { name: 'zero', type: 'int', value: 0 },
    { name: 'large', type: 'int', value: Number.MAX_SAFE_INTEGER },
    { name: 'f', type: 'float', value: 0.5 },
    { name: 's', type: 'string', value: 'grüße' },
    { name: 'is', type: 'ints', value: [-1, 0, 7] },
    { name: 'none', type: 'ints', value: [] },
    { name: 'fs', type: 'floats', value: [1.5, -2] },
    { name: 'ss', type: 'strings', value: ['a', ''] },
    { name: 't', type: 'tensor', value: { ...shape, name: '' } },
    {
      name: 'g',
      type: 'graph',
      value: {
        name: 'body',
        nodes: [],
        initializers: [],
        inputs: [],
        outputs: [
          { name: 'z', dataType: 9, shape: [] },
          { name: 'sequence', dataType: 0 },
        ],
      },
    },
  ];
  const outside: OnnxTensor = { name: 'w', dataType: 1, dims: [2], external: { location: 'weights', offset: 4096, length: 8 } };

  it('gives back every field', () => {
    const model = modelOf(attributes, [shape, outside, { name: 'nothing', dataType: 1, dims: [0], rawData: new Uint8Array() }]);
    const back = decodeModel(encodeModel(model));
    const raw = (tensor: OnnxTensor): unknown => ({
      ...tensor,
      ...(tensor.rawData === undefined ? {} : { rawData: Array.from(tensor.rawData) }),
    });
    const plain = (given: OnnxModel): unknown => ({
      ...given,
      graph: {
        ...given.graph,
        initializers: given.graph.initializers.map(raw),
        nodes: given.graph.nodes.map((node) => ({
          ...node,
          attributes: node.attributes.map((attribute) =>
            attribute.type === 'tensor' ? { ...attribute, value: raw(attribute.value) } : attribute,
          ),
        })),
      },
    });
    expect(plain(back)).toEqual(plain(model));
  });

  it('gives back any integers, names and dimensions', () => {
    const dimension = fc.oneof(fc.maxSafeNat(), fc.string());
    fc.assert(
      fc.property(fc.array(fc.maxSafeInteger()), fc.maxSafeInteger(), fc.array(dimension), fc.string(), (ints, int, dims, name) => {
        const model = modelOf([
          { name, type: 'ints', value: ints },
          { name: 'i', type: 'int', value: int },
        ]);
        const given = { ...model, graph: { ...model.graph, inputs: [{ name, dataType: 1, shape: dims }] } };
        expect(decodeModel(encodeModel(given))).toEqual(given);
      }),
    );
  });

  it('reads elements that a file keeps as numbers, packed or not, as their bytes', () => {
    // TensorProto { dims: [2] (packed), data_type: 1, float_data: [1, -2] unpacked, name: "w" } inside Graph.initializer (5), Model.graph (7).
    const f32 = (value: number): number[] => Array.from(bytesOf(new Float32Array([value])));
    const wrap = (tensor: readonly number[]): Uint8Array => Uint8Array.from([0x3a, tensor.length + 2, 0x2a, tensor.length, ...tensor]);
    const first = (bytes: Uint8Array): number[] => Array.from(decodeModel(bytes).graph.initializers[0]?.rawData ?? []);
    expect(first(wrap([0x0a, 1, 2, 0x10, 1, 0x25, ...f32(1), 0x25, ...f32(-2), 0x42, 1, 0x77]))).toEqual([...f32(1), ...f32(-2)]);
    expect(first(wrap([0x08, 2, 0x10, 7, 0x3a, 2, 5, 6]))).toEqual(Array.from(bytesOf(new BigInt64Array([5n, 6n]))));
    expect(first(wrap([0x08, 2, 0x10, 9, 0x2a, 2, 0, 1]))).toEqual([0, 1]); // bool, in int32_data
    expect(first(wrap([0x08, 1, 0x10, 10, 0x2a, 2, 0x80, 0x78]))).toEqual([0, 0x3c]); // float16 1.0, in int32_data
  });

  it('skips fields that it does not know', () => {
    const known = encodeModel(modelOf());
    const docString = [0x32, 2, 0x68, 0x69]; // Model.doc_string = "hi"
    const functions = [0xca, 0x01, 2, 0x0a, 0]; // Model.functions (25), a message
    expect(decodeModel(Uint8Array.from([...docString, ...known, ...functions]))).toEqual(decodeModel(known));
  });

  it('shares the memory of the bytes', () => {
    const bytes = encodeModel(modelOf([], [shape]));
    expect(decodeModel(bytes).graph.initializers[0]?.rawData?.buffer).toBe(bytes.buffer);
  });

  it('refuses every truncation, and never breaks on a flipped byte', () => {
    const bytes = encodeModel(modelOf(attributes, [shape, outside]));
    const attempt = (broken: Uint8Array): unknown => {
      try {
        return decodeModel(broken);
      } catch (error) {
        return error;
      }
    };
    const whole = decodeModel(bytes);
    for (let length = 0; length < bytes.length; length++) {
      const result = attempt(bytes.subarray(0, length));
      if (!(result instanceof FormatError)) expect(result).not.toEqual(whole); // Cut between two fields: a valid, shorter file.
    }
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (place, value) => {
        const broken = bytes.slice();
        broken[place] = value;
        const result = attempt(broken);
        if (result instanceof Error) expect(result).toBeInstanceOf(FormatError);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it('says what is wrong with a file of another kind', () => {
    expect(() => decodeModel(new Uint8Array())).toThrow('Cannot read the ONNX model as it has no graph: 0 bytes');
    expect(() => decodeModel(new TextEncoder().encode('{"model": {}}'))).toThrow(FormatError);
    expect(() => decodeModel(Uint8Array.from([0x3a, 0xff, 0xff, 0xff, 0xff, 0x07]))).toThrow(FormatError); // A length of 2^31.
    const nested = (depth: number): OnnxModel => {
      let graph: OnnxModel['graph'] = { name: '', nodes: [], initializers: [], inputs: [], outputs: [] };
      for (let i = 0; i < depth; i++)
        graph = {
          ...graph,
          nodes: [
            { name: '', opType: 'If', domain: '', inputs: [], outputs: [], attributes: [{ name: 'then', type: 'graph', value: graph }] },
          ],
        };
      return { ...modelOf(), graph };
    };
    expect(decodeModel(encodeModel(nested(8))).graph.nodes).toHaveLength(1);
    expect(() => encodeModel(nested(200))).toThrow();
  });
});
