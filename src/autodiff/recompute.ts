/**
 * Gradient checkpointing: parts of a model that are computed again in the backward pass. Chen et al. 2016, "Training Deep Nets with
 * Sublinear Memory Cost".
 */

import { add, isKind, multiply, reshape, slice } from '../graph/index.ts';
import type { Node, Tensor } from '../graph/index.ts';

/**
 * Nodes as gradients see them: those of a part that is not kept (see `gradientCheckpoint`) are made once more, from what the part was
 * given. That is tied to the first gradient that arrives at the part, by adding it times zero, so that it neither is the same as what was
 * computed before nor can be computed early.
 */
export function createRecomputer(): (node: Node, gradient: Tensor) => Node {
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
