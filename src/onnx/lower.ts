/** From a graph to a standard ONNX model, by the lowering table of a device. */

import { BYTES_PER_ELEMENT, UsageError } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { isKind } from '../graph/index.ts';
import type { Graph, Node, Shape, Tensor } from '../graph/index.ts';
import { ONNX_DTYPE, createEmitter } from './emitter.ts';
import type { AttributeValue, EmittedNode, LoweringContext, LoweringRule } from './emitter.ts';
import { CPU_LOWERING } from './lower-cpu.ts';
import type { LoweringTable } from './lower-cpu.ts';
import type { OnnxAttribute, OnnxModel, OnnxTensor, OnnxValue } from './protobuf.ts';

/** Options of {@link lowerGraph}. */
export interface LowerOptions {
  /** Which device's operators; default the CPU's. */
  readonly table?: LoweringTable;
  /** Weights, and states such as running means, that become initializers of the model instead of its inputs, by name. */
  readonly weights?: ReadonlyMap<string, HostTensor<'float32'>>;
  /** `inside` (default) puts the weights' bytes into the model, `outside` only names them: the session is given them. */
  readonly weightStorage?: 'inside' | 'outside';
  /** The name of the graph in the file; default `weft`. */
  readonly name?: string;
}

/** The place that weights kept outside the model are said to be in; the runtime is given the arrays themselves. */
export const OUTSIDE_LOCATION = 'weights';

/**
 * Lowers a graph to an ONNX model of opset 21.
 *
 * @example
 * ```ts
 * import { axes, buildGraph, exp, input } from 'weft/graph';
 * import { lowerGraph } from 'weft/onnx';
 *
 * const model = lowerGraph(buildGraph({ y: exp(input('x', 'float32', axes('T', 4))) }));
 * console.log(model.graph.nodes.map((node) => node.opType)); // [ 'Exp' ]
 * ```
 */
export function lowerGraph(
  graph: Graph,
  { table = CPU_LOWERING, weights, weightStorage = 'inside', name = 'weft' }: LowerOptions = {},
): OnnxModel {
  const emitter = createEmitter();
  const names = new Map<Node, string[]>();
  const read = new Set<string>();
  const key = (tensor: Tensor): string => names.get(tensor.node)?.[tensor.index] ?? '';
  const uses = new Map<Node, Set<number>>();
  for (const tensor of [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.values()]) {
    uses.set(tensor.node, (uses.get(tensor.node) ?? new Set()).add(tensor.index));
  }
  // A result that is an output of the graph is written under the output's name; a second output of it, or a leaf, is copied.
  const outputNames = new Map<string, Tensor>(graph.outputs);
  const direct = new Map<Node, Map<number, string>>();
  const copies: [string, Tensor][] = [];
  for (const [output, tensor] of outputNames) {
    const taken = direct.get(tensor.node) ?? new Map<number, string>();
    if (isKind(tensor.node, 'input') || isKind(tensor.node, 'constant') || taken.has(tensor.index)) copies.push([output, tensor]);
    else direct.set(tensor.node, taken.set(tensor.index, output));
  }

  const inputs: OnnxValue[] = [];
  const initializers: OnnxTensor[] = [];
  for (const node of graph.nodes) {
    if (isKind(node, 'input')) {
      const { name: inputName, dtype, shape, role } = node.attributes;
      if (read.has(inputName))
        throw new UsageError({
          code: 'WEFT_ONNX_NAME',
          action: 'write the model',
          rule: 'two different inputs have the same name',
          value: inputName,
          remedy: 'Name each input and parameter differently (see scope).',
        });
      if (outputNames.has(inputName))
        throw new UsageError({
          code: 'WEFT_ONNX_NAME',
          action: 'write the model',
          rule: 'an input and an output have the same name',
          value: inputName,
          remedy: 'Name the output differently.',
        });
      read.add(inputName);
      names.set(node, [inputName]);
      const weight = role === 'feed' ? undefined : weights?.get(inputName);
      if (weight === undefined) inputs.push({ name: inputName, dataType: ONNX_DTYPE[dtype], shape: dimensions(shape) });
      else initializers.push(initializer(inputName, weight, weightStorage === 'outside'));
    } else if (isKind(node, 'constant')) {
      names.set(node, [emitter.constant(node.attributes.value)]);
    } else {
      const outputs = node.outputs.map((_, index) => direct.get(node)?.get(index) ?? emitter.fresh(node.kind));
      names.set(node, outputs);
      const context: LoweringContext = {
        ...emitter,
        arity: node.inputs.length,
        x: (index) => node.inputs[index] as Tensor,
        in: (index) => key(node.inputs[index] as Tensor),
        out: (index) => outputs[index] ?? '',
        used: (index) => uses.get(node)?.has(index) ?? false,
      };
      (table[node.kind] as LoweringRule<Node>)(context, node);
    }
  }
  for (const [output, tensor] of copies) emitter.emit('Identity', [key(tensor)], { outputs: [output] });
  for (const [constantName, value] of emitter.constants) initializers.push(initializer(constantName, value, false));

  return {
    irVersion: 10,
    producerName: 'weft',
    producerVersion: '',
    opsets: [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ],
    metadata: new Map(),
    graph: {
      name,
      nodes: emitter.nodes.map((node, index) => ({
        name: `${node.opType}_${index}`,
        opType: node.opType,
        domain: node.domain,
        inputs: node.inputs,
        outputs: node.outputs,
        attributes: attributesOf(node),
      })),
      initializers,
      inputs,
      outputs: [...graph.outputs].map(([output, tensor]) => ({
        name: output,
        dataType: ONNX_DTYPE[tensor.dtype],
        shape: dimensions(tensor.shape),
      })),
    },
  };
}

function dimensions(shape: Shape): readonly (number | string)[] {
  return shape.map(({ size }) => size);
}

function initializer(name: string, { dtype, shape, data }: HostTensor, outside: boolean): OnnxTensor {
  const common = { name, dataType: ONNX_DTYPE[dtype], dims: shape };
  if (outside) return { ...common, external: { location: OUTSIDE_LOCATION, offset: 0, length: data.length * BYTES_PER_ELEMENT[dtype] } };
  return { ...common, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function attributesOf(node: EmittedNode): readonly OnnxAttribute[] {
  return Object.entries(node.attributes).map(([name, value]) => attribute(name, value));
}

function attribute(name: string, value: AttributeValue): OnnxAttribute {
  if (typeof value === 'number') return { name, type: 'int', value };
  if (typeof value === 'string') return { name, type: 'string', value };
  if ('float' in value) return { name, type: 'float', value: value.float };
  if ('floats' in value) return { name, type: 'floats', value: value.floats };
  return { name, type: 'ints', value };
}
