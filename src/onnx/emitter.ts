/** What a lowering rule writes with: ONNX nodes and constants, names made on the way. */

import { hostTensor } from '../core/index.ts';
import type { DType, HostTensor } from '../core/index.ts';
import type { Node, Tensor } from '../graph/index.ts';

/** ONNX element types, TensorProto.DataType. */
export const ONNX_DTYPE: { readonly [D in DType]: number } = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float64: 11 };

/** The value of an ONNX attribute. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number } | { readonly floats: readonly number[] };

/** One ONNX node as lowerings write it. Attribute numbers are integers unless wrapped in `{ float }`. */
export interface EmittedNode {
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

interface EmitOptions {
  /** Default: one fresh name. */
  readonly outputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Default: the standard operators. */
  readonly domain?: '' | 'com.microsoft';
}

/** Collects the nodes and constants of one model. */
export interface Emitter {
  readonly nodes: readonly EmittedNode[];
  readonly constants: ReadonlyMap<string, HostTensor>;
  /** Writes a node; returns its first output's name. */
  emit(opType: string, inputs: readonly string[], options?: EmitOptions): string;
  /** The name of a constant; equal small constants share one. */
  constant(value: HostTensor): string;
  /** A name that no other value has. */
  fresh(hint: string): string;
}

export function createEmitter(): Emitter {
  const nodes: EmittedNode[] = [];
  const constants = new Map<string, HostTensor>();
  const byContent = new Map<string, string>();
  const byArray = new Map<object, string>();
  const written = new Map<string, string>();
  let count = 0;
  const fresh = (hint: string): string => `/${hint}_${count++}`;
  return {
    nodes,
    constants,
    fresh,
    emit(opType, inputs, { outputs, attributes = {}, domain = '' } = {}) {
      // Rules of different nodes may need the same step, such as a transposed operand: it is written once.
      const key = outputs === undefined ? JSON.stringify([opType, domain, inputs, attributes]) : '';
      const known = written.get(key);
      if (known !== undefined) return known;
      const results = outputs ?? [fresh(opType)];
      nodes.push({ opType, domain, inputs, outputs: results, attributes });
      const first = results[0] ?? '';
      if (key !== '') written.set(key, first);
      return first;
    },
    constant(value) {
      const small = value.data.length <= 64;
      const key = small
        ? `${value.dtype}[${value.shape.join()}]${Array.from(value.data as ArrayLike<number | bigint>, (x) => (Object.is(x, -0) ? '-0' : String(x))).join()}`
        : '';
      const known = small ? byContent.get(key) : byArray.get(value.data);
      if (known !== undefined) return known;
      const name = fresh('constant');
      constants.set(name, value);
      if (small) byContent.set(key, name);
      else byArray.set(value.data, name);
      return name;
    },
  };
}

/** A constant number, as the emitter takes it. */
export function scalarTensor(value: number, dtype: DType = 'float32'): HostTensor {
  const tensor = hostTensor(dtype, []);
  tensor.data[0] = dtype === 'int64' ? BigInt(value) : value;
  return tensor;
}

/** A constant int64 vector: shapes, axes and ranges. */
export function int64Vector(values: readonly number[]): HostTensor {
  return hostTensor('int64', [values.length], BigInt64Array.from(values, BigInt));
}

/** What a lowering rule sees: its node, the names of operands and results, and the emitter. */
export interface LoweringContext extends Emitter {
  /** The operand itself, for its shape. */
  x(index: number): Tensor;
  /** The name of an operand. */
  in(index: number): string;
  /** The name of a result. */
  out(index: number): string;
  /** Whether anything reads a result. */
  used(index: number): boolean;
  /** Number of operands. */
  readonly arity: number;
}

/** Writes the ONNX nodes of one graph node. */
export type LoweringRule<N extends Node> = (context: LoweringContext, node: N) => void;

/** The name of a constant float32 number. */
export function number(c: LoweringContext, value: number): string {
  return c.constant(scalarTensor(value));
}

/** The name of a value in another shape: 0 copies the axis at the same place, -1 is inferred. */
export function reshapeTo(c: LoweringContext, value: string, shape: readonly number[]): string {
  return c.emit('Reshape', [value, c.constant(int64Vector(shape))]);
}
