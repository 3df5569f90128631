/**
 * Which tensor went bad first, when a step gives something that is no finite number: every tensor of the forward and backward pass is
 * looked at, in the order in which they are computed. Done once, when it has happened: the step itself has no checks but that of its norm.
 */

import { buildGraph, isKind, multiply, sum } from '../graph/index.ts';
import type { Graph, Node, Tensor } from '../graph/index.ts';

/** A graph that tells of every tensor whether it is finite. */
export interface FiniteChecks {
  /** An output a tensor: 0, or not a number when an element is not finite. */
  readonly graph: Graph;
  /** What the tensor of each output is, in the order of their computation. */
  readonly tensors: ReadonlyMap<string, string>;
}

/** The checks of all tensors behind some outputs. */
export function finiteChecks(outputs: Readonly<Record<string, Tensor>>): FiniteChecks {
  const checks: Record<string, Tensor> = {};
  const tensors = new Map<string, string>();
  for (const node of buildGraph(outputs).nodes) {
    for (const [index, { dtype, shape }] of node.outputs.entries()) {
      if (dtype !== 'float32' || isKind(node, 'constant')) continue;
      const name = `check:${tensors.size}`;
      tensors.set(name, describe(node));
      // Zero times infinity is not a number.
      checks[name] = sum(multiply({ node, index, dtype, shape }, 0));
    }
  }
  return { graph: buildGraph(checks), tensors };
}

function describe(node: Node): string {
  if (isKind(node, 'input')) {
    const { name, role } = node.attributes;
    return `${role === 'feed' ? 'the batch' : role === 'parameter' ? 'the weight' : 'the state'} ${name}`;
  }
  const isGradient = /(^|\.)gradient$/.test(node.scope);
  const place = node.scope.replace(/(^|\.)gradient$/, '');
  return `${isGradient ? `the gradient (${node.kind})` : node.kind}${place === '' ? '' : ` in ${place}`}`;
}
