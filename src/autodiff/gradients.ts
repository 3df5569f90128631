/** Reverse-mode differentiation of a graph: a graph in, the same graph and its backward pass out. */

import { WeftError } from '../core/index.ts';
import { add, buildGraph, scalar, scope } from '../graph/index.ts';
import type { Node, Tensor } from '../graph/index.ts';
import { joinGradients } from './joined-gradients.ts';
import { createRecomputer } from './recompute.ts';
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

/** The sum of the gradients that arrived at a tensor. */
function total(gradients: readonly Tensor[]): Tensor {
  return joinGradients(gradients).reduce(add);
}
