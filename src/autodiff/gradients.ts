/** Reverse-mode differentiation of a graph: a graph in, the same graph and its backward pass out. */

import { WeftError } from '../core/index.ts';
import { add, buildGraph, isKind, multiply, reshape, scalar, scope, slice } from '../graph/index.ts';
import type { Node, Tensor } from '../graph/index.ts';
import { joinGradients } from './joined-gradients.ts';
import { applyRule } from './rules.ts';

/**
 * The gradients of a scalar by some tensors, as symbolic tensors of the same shapes.
 *
 * @param loss A scalar, float32.
 * @param by The tensors to differentiate by: inputs, parameters or anything on the way.
 * @throws WeftError `WEFT_GRADIENT_SCALAR` when the loss has axes, `WEFT_GRADIENT_UNUSED` when it does not depend on one of them.
 *
 * @example
 * ```ts
 * import { gradients } from 'weft/autodiff';
 * import { axes, formatShape, input, multiply, sum } from 'weft/graph';
 *
 * const x = input('x', 'float32', axes('C', 3));
 * const [dx] = gradients(sum(multiply(x, x)), [x]);
 * console.log(formatShape(dx!.shape)); // C = 3
 * ```
 */
export function gradients(loss: Tensor, by: readonly Tensor[]): readonly Tensor[] {
  if (loss.shape.length !== 0) {
    throw new WeftError({
      code: 'WEFT_GRADIENT_SCALAR',
      action: 'differentiate',
      rule: 'the loss must be a scalar',
      value: `${loss.shape.length} axes`,
      remedy: 'Reduce it with sum or mean first.',
    });
  }
  // One build makes equal nodes one, so that parameters called for twice are found once.
  const names = by.map((_, index) => `by${index}`);
  const graph = buildGraph({ loss, ...Object.fromEntries(by.map((tensor, index) => [names[index] ?? '', tensor])) });
  const targets = names.map((name) => graph.outputs.get(name) as Tensor);
  const needed = new Set<Node>(targets.map((tensor) => tensor.node));
  for (const node of graph.nodes) if (node.inputs.some((x) => needed.has(x.node))) needed.add(node);

  const arrived = new Map<Node, Tensor[][]>();
  const accumulate = (tensor: Tensor, gradient: Tensor): void => {
    const lists = arrived.get(tensor.node) ?? [];
    (lists[tensor.index] ??= []).push(gradient);
    arrived.set(tensor.node, lists);
  };
  accumulate(graph.outputs.get('loss') as Tensor, scalar(1, loss.dtype));
  const again = createRecomputer();
  const stop = new Set(targets.map((tensor) => tensor.node));
  for (const node of graph.nodes.toReversed()) {
    const lists = arrived.get(node);
    if (lists === undefined || !needed.has(node) || (stop.has(node) && node.inputs.length === 0)) continue;
    const g = Array.from(lists, (list) => (list === undefined ? undefined : total(list)));
    const results = scope(`${node.scope === '' ? '' : `${node.scope}.`}gradient`, () => {
      const seen = again(node, g.find((gradient) => gradient !== undefined) as Tensor);
      const y = seen.outputs.map((type, index): Tensor => ({ node: seen, index, dtype: type.dtype, shape: type.shape }));
      return applyRule(seen, y, g);
    });
    for (const [index, x] of node.inputs.entries()) {
      const gradient = results[index];
      if (gradient !== undefined && needed.has(x.node)) accumulate(x, gradient);
    }
  }
  return targets.map((tensor) => {
    const list = arrived.get(tensor.node)?.[tensor.index];
    if (list === undefined) {
      throw new WeftError({
        code: 'WEFT_GRADIENT_UNUSED',
        action: `differentiate by ${tensor.label ?? tensor.node.kind}`,
        rule: 'the loss must depend on it',
        remedy: 'Use it in the model, or leave it out.',
      });
    }
    return total(list);
  });
}

/**
 * Nodes as gradients see them: those of a part that is not kept (see `gradientCheckpoint`) are made once more, from what the part was
 * given. That is tied to the first gradient that arrives at the part, by adding it times zero, so that it neither is the same as what was
 * computed before nor can be computed early.
 */
function createRecomputer(): (node: Node, gradient: Tensor) => Node {
  const signals = new Map<number, Tensor>();
  const copies = new Map<Node, Node>();
  const given = new Map<string, Map<Node, Tensor>>();
  const copyOf = (node: Node, segment: number): Node => {
    const known = copies.get(node);
    if (known !== undefined) return known;
    const { segment: _, ...kept } = node;
    const inputs = node.inputs.map((x) => (x.node.segment === segment ? { ...x, node: copyOf(x.node, segment) } : tied(x, segment)));
    const copy: Node = { ...kept, inputs };
    copies.set(node, copy);
    return copy;
  };
  const tied = (x: Tensor, segment: number): Tensor => {
    const isWeight = isKind(x.node, 'input') && x.node.attributes.role !== 'feed';
    if (isWeight || isKind(x.node, 'constant') || x.dtype !== 'float32') return x;
    const byNode = given.get(`${segment} ${x.index}`) ?? new Map<Node, Tensor>();
    given.set(`${segment} ${x.index}`, byNode);
    const known = byNode.get(x.node) ?? add(x, multiply(first(signals.get(segment) as Tensor), 0));
    byNode.set(x.node, known);
    return known;
  };
  return (node, gradient) => {
    const { segment } = node;
    if (segment === undefined) return node;
    if (!signals.has(segment)) signals.set(segment, gradient);
    return copyOf(node, segment);
  };
}

/** The first element of a tensor, as a scalar. */
function first(x: Tensor): Tensor {
  const corner = x.shape.reduce((rest, _, axis) => slice(rest, axis, { start: 0, end: 1 }), x);
  return reshape(corner, []);
}

/** The sum of the gradients that arrived at a tensor. */
function total(gradients: readonly Tensor[]): Tensor {
  return joinGradients(gradients).reduce(add);
}
