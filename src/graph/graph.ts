/** A graph: what is fed, what comes out, and the nodes between, each once and in an order that can run. */

import { hash32 } from '../core/index.ts';
import type { Initializer } from './op-kinds.ts';
import type { Shape } from './axis.ts';
import { isKind } from './tensor.ts';
import type { Node, Tensor } from './tensor.ts';

/** Nodes in topological order, without duplicates and without nodes that no output needs. */
export interface Graph {
  readonly inputs: readonly Node<'input'>[];
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** A parameter of a model: its name, shape and how it is filled. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly initializer: Initializer;
}

/**
 * Collects the graph behind named outputs. Equal nodes (kind, attributes, operands) become one; nodes without use vanish.
 *
 * @example
 * ```ts
 * import { add, axes, buildGraph, exp, input } from 'weft/graph';
 *
 * const x = input('x', 'float32', axes('T', 4));
 * const graph = buildGraph({ y: add(exp(x), exp(x)) });
 * console.log(graph.nodes.map((node) => node.kind).join(' ')); // input exp add
 * ```
 */
export function buildGraph(outputs: Readonly<Record<string, Tensor>>): Graph {
  const canonical = new Map<Node, Node>();
  const number = new Map<Node, number>();
  const byKey = new Map<string, Node>();
  const nodes: Node[] = [];
  const constants = new Map<object, number>();

  const resolve = (tensor: Tensor): Tensor => {
    const node = canonical.get(tensor.node) as Node;
    return node === tensor.node ? tensor : { ...tensor, node };
  };
  const intern = (node: Node): void => {
    const inputs = node.inputs.map(resolve);
    const key = `${node.kind}(${inputs.map((x) => `${number.get(x.node)}:${x.index}`).join()})${attributeKey(node, constants)}`;
    let kept = byKey.get(key);
    if (kept === undefined) {
      kept = inputs.every((x, index) => x === node.inputs[index]) ? node : { ...node, inputs };
      byKey.set(key, kept);
      number.set(kept, nodes.length);
      canonical.set(kept, kept);
      nodes.push(kept);
    }
    canonical.set(node, kept);
  };
  // Depth first without recursion: a training step is thousands of nodes deep.
  for (const output of Object.values(outputs)) {
    const stack: Node[] = [output.node];
    while (stack.length > 0) {
      const node = stack.at(-1) as Node;
      const pending = canonical.has(node) ? undefined : node.inputs.findLast((x) => !canonical.has(x.node));
      if (pending !== undefined) {
        for (let index = node.inputs.length - 1; index >= 0; index--) {
          const x = node.inputs[index] as Tensor;
          if (!canonical.has(x.node)) stack.push(x.node);
        }
        continue;
      }
      stack.pop();
      if (!canonical.has(node)) intern(node);
    }
  }
  return {
    inputs: nodes.filter((node): node is Node<'input'> => isKind(node, 'input')),
    nodes,
    outputs: new Map(Object.entries(outputs).map(([name, tensor]) => [name, resolve(tensor)])),
  };
}

/** The parameters behind some outputs, in the order in which the model made use of them. */
export function collectParameters(outputs: readonly Tensor[]): readonly ParameterSpec[] {
  const graph = buildGraph(Object.fromEntries(outputs.map((tensor, index) => [String(index), tensor])));
  return graph.inputs.flatMap(({ attributes: { role, name, shape, initializer } }) =>
    role === 'parameter' && initializer !== undefined ? [{ name, shape, initializer }] : [],
  );
}

/** Equal keys, equal attributes. Large constants count as equal only when they are the same array. */
function attributeKey(node: Node, constants: Map<object, number>): string {
  if (!isKind(node, 'constant')) return JSON.stringify(node.attributes);
  const { dtype, shape, data } = node.attributes.value;
  if (data.length <= 64)
    return `${dtype}[${shape.join()}]${Array.from(data as ArrayLike<number | bigint>, (x) => (Object.is(x, -0) ? '-0' : String(x))).join()}`;
  const id = constants.get(data) ?? constants.size;
  constants.set(data, id);
  return `${dtype}[${shape.join()}]#${hash32(String(id))}.${id}`;
}
