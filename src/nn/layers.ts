/** Layers without state of their own: each makes its parameters in the current scope. Axis letters: docs/glossary.md. */

import { add, axes, gather, layerNorm, matmul, parameter, rmsNorm, scope, scopedName } from '../graph/index.ts';
import type { Initializer, Tensor } from '../graph/index.ts';
import { withLowRank } from './adapters.ts';
import { blockLinear } from './block-linear.ts';
import type { ForwardContext } from './context.ts';

/** GPT-2's normal distribution of initial weights, standard deviation 0.02. Radford et al. 2019. */
export const NORMAL_002: Initializer = { kind: 'normal', standardDeviation: 0.02 };
const ZERO: Initializer = { kind: 'constant', value: 0 };
const ONE: Initializer = { kind: 'constant', value: 1 };

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Scope of its parameters `weight` (out in) and `bias` (out). */
  readonly name: string;
  readonly in: number;
  readonly out: number;
  /** Default false. */
  readonly bias?: boolean;
  /** Default N(0, 0.02). */
  readonly initializer?: Initializer;
  /** Default zeros. */
  readonly biasInitializer?: Initializer;
}

/**
 * `x · Wᵀ + b` over the last axis, weights stored out × in as PyTorch does.
 *
 * @param context Whose adapters for this layer, by its scoped name, are added, and whose matrix in blocks it takes for its weight.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { linear } from 'weft/nn';
 *
 * const y = linear(input('x', 'float32', axes('B C', 2, 8)), { name: 'up', in: 8, out: 32 });
 * console.log(formatShape(y.shape)); // B C = 2 32
 * ```
 */
export function linear(x: Tensor, options: LinearOptions, context: ForwardContext = {}): Tensor {
  const { name, in: width, out, bias = false, initializer = NORMAL_002, biasInitializer = ZERO } = options;
  return scope(name, () => {
    const rounded = context.blocks?.get(scopedName());
    const y =
      rounded === undefined
        ? matmul(x, parameter('weight', axes('C C', out, width), initializer), { transposeB: true })
        : blockLinear(x, rounded);
    return withLowRank(x, bias ? add(y, parameter('bias', axes('C', out), biasInitializer)) : y, context);
  });
}

/**
 * The logits of a head that is the token embedding: `x · Wᵀ`, … C -> … V. It is the layer `head` where the context has a matrix in blocks
 * for one.
 */
export function tiedHead(x: Tensor, table: Tensor, context: ForwardContext = {}): Tensor {
  return scope('head', () => {
    const rounded = context.blocks?.get(scopedName());
    return rounded === undefined ? matmul(x, table, { transposeB: true }) : blockLinear(x, rounded);
  });
}

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** Scope of its parameter `weight` (rows width). */
  readonly name: string;
  readonly rows: number;
  readonly width: number;
  /** Default N(0, 0.02). */
  readonly initializer?: Initializer;
}

/** The table of an embedding, rows × width. */
export function embeddingTable({ name, rows, width, initializer = NORMAL_002 }: EmbeddingOptions): Tensor {
  return scope(name, () => parameter('weight', axes('V C', rows, width), initializer));
}

/** Rows of a table by integer ids: ids' shape, then C. */
export function embedding(ids: Tensor, options: EmbeddingOptions): Tensor {
  return gather(embeddingTable(options), ids);
}

/** Options of the normalisation layers. */
export interface NormalizationOptions {
  readonly name: string;
  readonly width: number;
  /** Added to the variance. */
  readonly epsilon: number;
  /** LayerNorm only; default true. */
  readonly bias?: boolean;
}

/** Layer normalisation over the last axis. Ba et al. 2016, section 3. */
export function layerNormalization(x: Tensor, { name, width, epsilon, bias = true }: NormalizationOptions): Tensor {
  return scope(name, () => {
    const weights = [parameter('weight', axes('C', width), ONE), ...(bias ? [parameter('bias', axes('C', width), ZERO)] : [])];
    return layerNorm(x, weights, epsilon)[0] as Tensor;
  });
}

/** Root-mean-square normalisation over the last axis. Zhang and Sennrich 2019, section 4. */
export function rmsNormalization(x: Tensor, { name, width, epsilon }: NormalizationOptions): Tensor {
  return scope(name, () => rmsNorm(x, parameter('weight', axes('C', width), ONE), epsilon)[0] as Tensor);
}
