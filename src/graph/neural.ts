/** Operations of neural networks: products, normalisation, attention, losses, dropout. Axis letters: docs/glossary.md. */

import type { BlockAttributes, OpAttributes } from './op-kinds.ts';
import { operation, single } from './operation.ts';
import type { Tensor } from './tensor.ts';

/** Options of {@link matmul}. */
export interface MatmulOptions {
  /** Swap the last two axes of the left operand first; default false. */
  readonly transposeA?: boolean;
  /** Swap the last two axes of the right operand first; default false. */
  readonly transposeB?: boolean;
  /** A factor on the product; default 1. */
  readonly alpha?: number;
}

/**
 * Matrix product over the last two axes; the axes before them are stretched to each other.
 *
 * @throws ShapeError `WEFT_SHAPE_MATMUL` when the inner axes differ or an operand is a vector.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input, matmul } from 'weft/graph';
 *
 * const [q, k] = [input('q', 'float32', axes('H T D', 2, 8, 4)), input('k', 'float32', axes('H S D', 2, 6, 4))];
 * console.log(formatShape(matmul(q, k, { transposeB: true, alpha: 0.5 }).shape)); // H T S = 2 8 6
 * ```
 */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false, alpha = 1 }: MatmulOptions = {}): Tensor {
  return single('matmul', [a, b], { transposeA, transposeB, alpha });
}

/** The arrays of a matrix in blocks: numbers (uint8, out × blocks × bytes), scales (out × blocks), zero points where there are some. */
export interface BlockTensors {
  readonly values: Tensor;
  readonly scales: Tensor;
  /** uint8, packed along the blocks of a row; without them half the range is zero. */
  readonly zeroPoints?: Tensor | undefined;
}

/**
 * `x · Wᵀ` with a matrix in blocks, `W = scale · (number - zero point)`: … in -> … out. It has a gradient by `x` alone.
 *
 * Packing: two 4-bit numbers a byte, the lower half first; see MatMulNBits,
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
 *
 * @throws ShapeError `WEFT_SHAPE_BLOCKS` when sizes or dtypes do not fit together.
 */
export const blockMatmul = (x: Tensor, blocks: BlockTensors, attributes: BlockAttributes): Tensor =>
  single('blockMatmul', [x, ...blockOperands(blocks)], attributes);
/** The matrix itself, float32, out × in. See {@link blockMatmul}. */
export const dequantizeBlocks = (blocks: BlockTensors, attributes: BlockAttributes): Tensor =>
  single('dequantizeBlocks', blockOperands(blocks), attributes);

function blockOperands({ values, scales, zeroPoints }: BlockTensors): readonly Tensor[] {
  return [values, scales, ...(zeroPoints === undefined ? [] : [zeroPoints])];
}

/** Softmax over the last axis. */
export const softmax = (x: Tensor): Tensor => single('softmax', [x], {});
/** Logarithm of the softmax over the last axis. */
export const logSoftmax = (x: Tensor): Tensor => single('logSoftmax', [x], {});
/**
 * Layer normalisation over the last axis: `[y, mean, inverse deviation]`, of which `y` alone has a gradient. Ba et al. 2016.
 *
 * @param weights The weight (C), and the bias (C) where there is one.
 * @param epsilon Added to the variance.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input, layerNorm, parameter } from 'weft/graph';
 *
 * const weight = parameter('weight', axes('C', 4), { kind: 'constant', value: 1 });
 * const [y, mean] = layerNorm(input('x', 'float32', axes('T C', 8, 4)), [weight], 1e-5);
 * console.log(formatShape(y!.shape), formatShape(mean!.shape)); // T C = 8 4 T C = 8 1
 * ```
 */
export const layerNorm = (x: Tensor, weights: readonly Tensor[], epsilon: number): readonly Tensor[] =>
  operation('layerNorm', [x, ...weights], { epsilon });
/** Root-mean-square normalisation over the last axis: `[y, inverse root mean square]`. Zhang and Sennrich 2019. */
export const rmsNorm = (x: Tensor, weight: Tensor, epsilon: number): readonly Tensor[] => operation('rmsNorm', [x, weight], { epsilon });
/** Rotary positions on `x` (B H T D) by `angles` cos and sin (T D/2), halves paired as in Llama. Su et al. 2021. */
export const rotary = (x: Tensor, angles: { readonly cos: Tensor; readonly sin: Tensor }, inverse = false): Tensor =>
  single('rotary', [x, angles.cos, angles.sin], { inverse });
/**
 * Scaled dot-product attention: `[output (B H T D), probabilities (B H T S)]`, of which the output alone has a gradient.
 * Vaswani et al. 2017, section 3.2.1.
 *
 * @param operandsQkv Queries B H T D, keys and values B G S D; each key head serves H/G query heads.
 * @param options With `causal`, the last query sees all keys and each one before it a key less; `bias` (stretched to B H T S) is added
 * to the scores, and hides what it is very negative for; for `scale`, `softCap` and `window` see {@link AttentionScores}.
 * @param mask B H T S, from dropout: multiplies the probabilities.
 * @throws ShapeError `WEFT_SHAPE_ATTENTION` when the operands do not fit together.
 *
 * @example
 * ```ts
 * import { attention, axes, formatShape, input } from 'weft/graph';
 *
 * const heads = (name: string, count: number) => input(name, 'float32', axes('B H T D', 1, count, 8, 16));
 * const [y] = attention([heads('q', 4), heads('k', 2), heads('v', 2)], { causal: true, scale: 1 / Math.sqrt(16) });
 * console.log(formatShape(y!.shape)); // B H T D = 1 4 8 16
 * ```
 */
export const attention = (
  operandsQkv: readonly [Tensor, Tensor, Tensor],
  { bias, ...scores }: Omit<OpAttributes['attention'], 'biased'> & { readonly bias?: Tensor | undefined },
  mask?: Tensor,
): readonly Tensor[] =>
  operation(
    'attention',
    [...operandsQkv, ...[bias, mask].filter((x) => x !== undefined)],
    bias === undefined ? scores : { ...scores, biased: true },
  );
/**
 * Loss of each row in nats, `-log softmax(logits)[target]`, 0 where the target is negative: `[losses (N), log-probabilities (N V)]`,
 * of which the losses alone have a gradient.
 *
 * @param targets Integers (N) below V.
 * @throws ShapeError `WEFT_SHAPE_TARGETS` when logits are not N V or targets not N.
 */
export const crossEntropy = (logits: Tensor, targets: Tensor): readonly Tensor[] => operation('crossEntropy', [logits, targets], {});
/** Gradient of {@link crossEntropy} by the logits, from its log-probabilities (N V), the targets (N) and the losses' gradients (N). */
export const crossEntropyGradient = (logProbabilities: Tensor, targets: Tensor, gradient: Tensor): Tensor =>
  single('crossEntropyGradient', [logProbabilities, targets, gradient], {});

/** Operands of {@link cachedAttention}. */
export interface CachedAttentionInputs {
  /** Queries B T (H·D), keys and values B T (G·D), not yet rotated. */
  readonly queries: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  /** Caches, B G M D, M the longest text; new keys and values are written in place. */
  readonly pastKeys: Tensor;
  readonly pastValues: Tensor;
  /** int32 (B): length of each text with the new tokens, minus one. */
  readonly lastPositions: Tensor;
  /** int32 scalar: length of the longest text with the new tokens. */
  readonly totalLength: Tensor;
  /** Angles M D/2 for rotary positions; none without them. */
  readonly angles?: { readonly cos: Tensor; readonly sin: Tensor };
}
/**
 * Causal attention of new tokens on themselves and a cache: `[output B T (H·D), keys, values]`. For inference only.
 *
 * Texts of unequal length take one new token each; several new tokens behind a cache, one text only. At the first call
 * (`totalLength` = T) texts may be of any number, the shorter ones padded behind; their rows there mean nothing.
 */
export function cachedAttention(x: CachedAttentionInputs, options: Omit<OpAttributes['cachedAttention'], 'rotary'>): readonly Tensor[] {
  const angles = x.angles === undefined ? [] : [x.angles.cos, x.angles.sin];
  return operation('cachedAttention', [x.queries, x.keys, x.values, x.pastKeys, x.pastValues, x.lastPositions, x.totalLength, ...angles], {
    ...options,
    rotary: angles.length > 0,
  });
}
/** A mask of 0 (a share `rate`) and 1/(1 - rate), hashed from int32 seeds of rows and of columns that are stretched to each other. */
export const dropoutMask = (rows: Tensor, columns: Tensor, rate: number): Tensor => single('dropoutMask', [rows, columns], { rate });
