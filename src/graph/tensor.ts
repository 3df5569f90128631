/** Symbolic tensors: what a model computes with. They hold no numbers, only where their numbers will come from. */

import type { DType } from '../core/index.ts';
import type { Shape } from './axis.ts';
import type { OpAttributes, OpKind } from './op-kinds.ts';

/** Element type and shape of one tensor. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One operation in a graph, with its operands. Frozen plain data. */
export interface Node<K extends OpKind = OpKind> {
  readonly kind: K;
  readonly attributes: OpAttributes[K];
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly TensorType[];
  /** Where in the model it was made, e.g. `blocks.3.attention`; empty at the top. */
  readonly scope: string;
  /** The part of the model that is computed again in the backward pass, see {@link gradientCheckpoint}; none where values are kept. */
  readonly segment?: number;
}

/** One output of a node. */
export interface Tensor extends TensorType {
  readonly node: Node;
  /** Which of the node's outputs. */
  readonly index: number;
  /** A name for messages, given by {@link named}. */
  readonly label?: string;
}

/** True when the node is of this kind; narrows its attributes. */
export function isKind<K extends OpKind>(node: Node, kind: K): node is Node<K> {
  return node.kind === kind;
}

/** The same tensor under a name that error messages use. */
export function named(tensor: Tensor, label: string): Tensor {
  return { ...tensor, label };
}

let currentScope: readonly string[] = [];

/**
 * Runs `build` with `name` appended to the scope: parameters made inside are called `name.…`, and errors say so.
 *
 * @example
 * ```ts
 * import { axes, parameter, scope } from 'weft/graph';
 *
 * const weight = scope('blocks.0', () => scope('up', () => parameter('weight', axes('C C', 4, 4), { kind: 'normal', standardDeviation: 1 })));
 * console.log(weight.label); // blocks.0.up.weight
 * ```
 */
export function scope<T>(name: string, build: () => T): T {
  const outer = currentScope;
  currentScope = [...outer, name];
  try {
    return build();
  } finally {
    currentScope = outer;
  }
}

let currentSegment: number | undefined;
let segments = 0;

/**
 * Runs `build`, a part of a model, so that a backward pass does not keep what it computes: only what the part was given is kept, and all
 * else is computed again when its gradients are. Values and gradients are the same. Chen et al. 2016, "Training Deep Nets with Sublinear
 * Memory Cost". A part inside a part belongs to the outer one.
 *
 * @example
 * ```ts
 * import { gradients } from 'weft/autodiff';
 * import { axes, buildGraph, exp, gradientCheckpoint, input, sum } from 'weft/graph';
 *
 * const x = input('x', 'float32', axes('T', 4));
 * const count = (y: typeof x) => buildGraph({ dx: gradients(sum(y), [x])[0]! }).nodes.filter(({ kind }) => kind === 'exp').length;
 * console.log(count(exp(exp(exp(x)))), count(gradientCheckpoint(() => exp(exp(exp(x)))))); // 3 3
 * ```
 */
export function gradientCheckpoint<T>(build: () => T): T {
  if (currentSegment !== undefined) return build();
  currentSegment = segments++;
  try {
    return build();
  } finally {
    currentSegment = undefined;
  }
}

/** The part that is being built. */
export function segmentNow(): number | undefined {
  return currentSegment;
}

/** `name` behind the current scope. */
export function scopedName(name = ''): string {
  return [...currentScope, ...(name === '' ? [] : [name])].join('.');
}
