/**
 * What attention must not look at. Masks are as PyTorch's: bool, true where it must not; or float32, added to the scores.
 *
 * What is hidden gets -1e30 rather than -∞: where everything is hidden, as for a sentence of padding alone, all is seen alike and no
 * number is lost to NaN.
 */

import { UsageError } from '../core/index.ts';
import { add, axes, equal, reshape, scalar, where } from '../graph/index.ts';
import type { Axis, Tensor } from '../graph/index.ts';

/** Masks of one attention; see `multiHeadAttention`. */
export interface AttentionMasks {
  /** T S, or anything that stretches to B H T S. */
  readonly mask?: Tensor | undefined;
  /** Keys that are padding, B S. */
  readonly keyPadding?: Tensor | undefined;
}

const HIDDEN = -1e30;

/**
 * Which ids are padding: bool, of their shape.
 *
 * @param ids int32
 * @param padToken the id that fills sentences up
 *
 * @example
 * ```ts
 * import { axes, input } from 'weft/graph';
 * import { paddingOf } from 'weft/nn';
 *
 * console.log(paddingOf(input('ids', 'int32', axes('B S', 2, 5)), 0).dtype); // bool
 * ```
 */
export function paddingOf(ids: Tensor, padToken: number): Tensor {
  return equal(ids, scalar(padToken, ids.dtype));
}

/**
 * A mask for several texts in a row, each of which sees itself alone: B 1 T S, float32.
 *
 * @param queries int32, B T: the number of the text that each token is of
 * @param keys int32, B S
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { betweenTexts } from 'weft/nn';
 *
 * const [target, source] = [input('target', 'int32', axes('B T', 2, 4)), input('source', 'int32', axes('B S', 2, 6))];
 * console.log(formatShape(betweenTexts(target, source).shape)); // B H T S = 2 1 4 6
 * ```
 */
export function betweenTexts(queries: Tensor, keys: Tensor): Tensor {
  const [batch, time] = queries.shape as [Axis, Axis];
  const rows = reshape(queries, [batch, { name: 'H', size: 1 }, time, { name: 'S', size: 1 }]);
  const columns = reshape(keys, [batch, ...axes('H T', 1, 1), { name: 'S', size: keys.shape[1]?.size ?? 1 }]);
  return where(equal(rows, columns), scalar(0), scalar(HIDDEN));
}

/** Masks as what is added to the scores; undefined without any. */
export function maskBias({ mask, keyPadding }: AttentionMasks): Tensor | undefined {
  if (keyPadding !== undefined && keyPadding.shape.length !== 2) throw wrongPadding(keyPadding);
  const [batch, keys] = keyPadding?.shape ?? [];
  const padding =
    keyPadding === undefined || batch === undefined || keys === undefined
      ? undefined
      : asBias(reshape(keyPadding, [batch, ...axes('H T', 1, 1), keys])); // B S -> B 1 1 S
  if (mask === undefined) return padding;
  return padding === undefined ? asBias(mask) : add(asBias(mask), padding);
}

function asBias(mask: Tensor): Tensor {
  return mask.dtype === 'bool' ? where(mask, scalar(HIDDEN), scalar(0)) : mask;
}

function wrongPadding({ shape }: Tensor): UsageError {
  return new UsageError({
    code: 'WEFT_NN_MASK',
    action: 'attend',
    rule: 'a mask of padding must be B S, one truth value a key',
    value: `${shape.length} axes`,
    remedy: 'Make it of the ids, e.g. with paddingOf; give other masks as mask.',
  });
}
