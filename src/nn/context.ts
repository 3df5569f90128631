/** How a model is built: for training (with dropout), for evaluation, or for decoding on a cache. */

import { axes, dropoutMask, gradientCheckpoint, input, multiply, scopedName, state } from '../graph/index.ts';
import type { Initializer, Shape, Size, Tensor } from '../graph/index.ts';
import type { AdapterDefinition } from './adapters.ts';
import type { BlockMatrix } from './block-linear.ts';

/** Keys and values of the tokens that were seen, for decoding. Filled while a model is built. */
export interface AttentionCache {
  /** Sequences B and the positions M that there is room for. */
  readonly batch: Size;
  readonly length: Size;
  /** Most positions that M will ever be, where rotary angles are needed for each. */
  readonly longest: number;
  /** int32 (B): length of each text with the new tokens, minus one. */
  readonly lastPositions: Tensor;
  /** int32 scalar: length of the longest text with the new tokens. */
  readonly totalLength: Tensor;
  /** Position of each new token, int32 (B T). */
  readonly positions: Tensor;
  /** int32 (B): which text of the last call each text goes on from; default itself. */
  readonly parents?: Tensor;
  /** What each layer's caches become, by the name of the state that they replace. */
  readonly updates: Map<string, Tensor>;
}

/**
 * Texts that share a sequence, without cross-talk: attention is block-diagonal, and positions begin anew with each text, so that every
 * text is computed as it would be alone. Krell et al. 2021, "Efficient Sequence Packing without Cross-contamination", section 3.2.
 */
export interface Segments {
  /** int32 (B T): equal for tokens of one text, different for neighbours. */
  readonly ids: Tensor;
  /** int32 (B T): the place of each token in its text, from 0. */
  readonly positions: Tensor;
}

/** How a model is built. */
export interface ForwardContext {
  /** Drops activations at the model's rates, by masks hashed from fed seeds; default false. */
  readonly dropout?: boolean;
  /** Attend to a cache, for decoding; default to the given tokens alone. */
  readonly cache?: AttentionCache;
  /** Statistics of the batch are used, and running ones follow them; default false. */
  readonly training?: boolean;
  /** Blocks are computed again in the backward pass instead of being kept: less memory, a third more work; default false. */
  readonly checkpointing?: boolean;
  /** What states become, by the names of the states that they replace; filled while a model is built. Without it they stay. */
  readonly updates?: Map<string, Tensor>;
  /** Several texts behind one another in each sequence, kept from attending to each other; default one text a sequence. */
  readonly segments?: Segments;
  /** Adapters that linear layers add to what they compute, in this order; default none. */
  readonly adapters?: readonly AdapterDefinition[];
  /**
   * A factor on what an adapter adds to each row, by the name of the adapter: B 1 1, or N 1 where rows were picked. So texts with different
   * adapters are one batch. Default 1.
   */
  readonly adapterGates?: ReadonlyMap<string, Tensor>;
  /** Matrices that linear layers use instead of weights of their own, by the name of the layer; default none. */
  readonly blocks?: ReadonlyMap<string, BlockMatrix>;
  /**
   * How much each token attends to each (B H T S, after the softmax, before dropout), by the name of the causal self-attention
   * (`blocks.0.attention`), in the order of the layers; filled while a model is built. Not on a cache, which keeps none.
   */
  readonly attentionMaps?: Map<string, Tensor>;
}

/** A fresh cache for building a decoding graph; `longest` is needed where `length` is given at run time. */
export function attentionCache(
  batch: Size,
  time: Size,
  { length, longest = Number(length) }: { readonly length: Size; readonly longest?: number },
): AttentionCache {
  return {
    batch,
    length,
    longest,
    lastPositions: input('lastPositions', 'int32', axes('B', batch)),
    totalLength: input('totalLength', 'int32', []),
    positions: input('positions', 'int32', axes('B T', batch, time)),
    updates: new Map(),
  };
}

/** The cache tensors of one layer, B G M D. */
export function layerCache(
  cache: AttentionCache,
  heads: number,
  headWidth: number,
): { readonly keys: Tensor; readonly values: Tensor; readonly names: readonly [string, string] } {
  const names = [scopedName('cache.keys'), scopedName('cache.values')] as const;
  const shape = axes('B G M D', cache.batch, heads, cache.length, headWidth);
  return { keys: state(names[0], shape), values: state(names[1], shape), names };
}

/**
 * A state of the model that it changes itself, such as a running mean (which has an initializer, and is saved with the weights)
 * or what a recurrent network remembers (which has none, and begins as zeros).
 *
 * @returns its value, and `set`, which says what it becomes
 */
export function carried(
  name: string,
  { shape, initializer }: { readonly shape: Shape; readonly initializer?: Initializer },
  context: ForwardContext,
): { readonly value: Tensor; set(next: Tensor): void } {
  const full = scopedName(name);
  return {
    value: state(full, shape, 'float32', initializer),
    set(next) {
      context.updates?.set(full, next);
    },
  };
}

/** A block of a model, computed again in the backward pass where the context asks for it. */
export function block<T>(build: () => T, { checkpointing = false }: ForwardContext): T {
  return checkpointing ? gradientCheckpoint(build) : build();
}

/** Prefix of the inputs that are fed with noise, N(0, 1) drawn afresh for each step. */
const NOISE_PREFIX = 'noise:';

/** Whether a graph input is fed with noise. */
export function isNoise(inputName: string): boolean {
  return inputName.startsWith(NOISE_PREFIX);
}

/** A tensor of independent N(0, 1) numbers, drawn afresh for each step. */
export function noise(name: string, shape: Shape): Tensor {
  return input(`${NOISE_PREFIX}${scopedName(name)}`, 'float32', shape);
}

/** Prefix of the inputs that feed dropout: int32 seeds of rows and of columns. */
const DROPOUT_PREFIX = 'dropout:';

/** Whether a graph input holds seeds of dropout. They are to be drawn afresh for each step. */
export function isDropoutSeed(inputName: string): boolean {
  return inputName.startsWith(DROPOUT_PREFIX);
}

/** A dropout mask for the shape of `x`: one seed a row and one a column of the last axis. Srivastava et al. 2014. */
export function dropoutMaskFor(name: string, shape: Tensor['shape'], rate: number): Tensor {
  const full = `${DROPOUT_PREFIX}${scopedName(name)}`;
  const rows = input(
    `${full}.rows`,
    'int32',
    shape.map((axis, index) => (index === shape.length - 1 ? { name: axis.name, size: 1 } : axis)),
  );
  const columns = input(`${full}.columns`, 'int32', shape.slice(-1));
  return dropoutMask(rows, columns, rate);
}

/**
 * Drops elements of `x` with probability `rate` and scales the others by 1/(1 - rate), in a context that asks for it.
 *
 * @example
 * ```ts
 * import { axes, buildGraph, input } from 'weft/graph';
 * import { dropout } from 'weft/nn';
 *
 * const y = dropout(input('x', 'float32', axes('T C', 8, 4)), { name: 'drop', rate: 0.1 }, { dropout: true });
 * console.log(buildGraph({ y }).inputs.map((node) => node.attributes.name).sort()); // [ 'dropout:drop.columns', 'dropout:drop.rows', 'x' ]
 * ```
 */
export function dropout(x: Tensor, options: { readonly name: string; readonly rate: number }, context: ForwardContext): Tensor {
  if (context.dropout !== true || options.rate === 0) return x;
  return multiply(x, dropoutMaskFor(options.name, x.shape, options.rate));
}
