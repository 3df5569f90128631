/** Which feed-forward networks have exactly so many parameters. */

import { UsageError, checkOptions } from '../core/index.ts';

/** Options of {@link findMlpShapes}. */
export interface MlpShapeOptions {
  /** Parameters, weights and biases together. */
  readonly parameters: number;
  /** Numbers in; default any. */
  readonly inputs?: number;
  /** Numbers out; default any. */
  readonly outputs?: number;
  /** Hidden layers; default 1. */
  readonly hiddenLayers?: number;
  /** Layers have biases; default true. */
  readonly bias?: boolean;
  /** Most shapes to list; default 1,000. */
  readonly limit?: number;
}

/**
 * The shapes of feed-forward networks that have exactly so many parameters: `Σ in·out + out` over the layers.
 *
 * @returns sizes of each network, numbers in first, as `mlp` takes them; in ascending order, at most `limit`
 * @throws UsageError `WEFT_COST_OPTION` when an option is out of its range
 *
 * @example
 * ```ts
 * import { countParameters, findMlpShapes } from 'weft/cost';
 * import { mlp } from 'weft/models';
 *
 * const shapes = findMlpShapes({ parameters: 100, outputs: 1 });
 * console.log(shapes.map((sizes) => sizes.join('-')).join(' ')); // 1-33-1 7-11-1 9-9-1 31-3-1 97-1-1
 * console.log(countParameters(mlp({ sizes: shapes[2]! })).total); // 100
 * ```
 */
export function findMlpShapes(options: MlpShapeOptions): readonly (readonly number[])[] {
  const action = 'find shapes';
  checkOptions(action, options, ['parameters', 'inputs', 'outputs', 'hiddenLayers', 'bias', 'limit']);
  const { parameters, inputs, outputs, hiddenLayers = 1, bias = true, limit = 1000 } = options;
  for (const [name, value, least] of [
    ['parameters', parameters, 1],
    ['inputs', inputs ?? 1, 1],
    ['outputs', outputs ?? 1, 1],
    ['hiddenLayers', hiddenLayers, 0],
    ['limit', limit, 1],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new UsageError({
      code: 'WEFT_COST_OPTION',
      action,
      rule: `${name} must be a whole number of at least ${least}`,
      value: String(value),
      remedy: `Give another ${name}, or leave it out.`,
    });
  }
  const offset = bias ? 1 : 0;
  const found: (readonly number[])[] = [];
  /** Adds the networks that begin with `sizes` and have `left` parameters behind them. */
  const extend = (sizes: readonly number[], left: number): void => {
    if (found.length >= limit) return;
    const cost = (sizes.at(-1) ?? 0) + offset; // of each number that the next layer puts out
    const layersLeft = hiddenLayers + 1 - (sizes.length - 1);
    if (layersLeft === 1) {
      const out = left / cost;
      if (Number.isInteger(out) && out >= 1 && (outputs === undefined || out === outputs)) found.push([...sizes, out]);
      return;
    }
    // Each layer behind the next costs one number out of one in at least, and the last as many as are asked for.
    const behind = (width: number): number => (layersLeft - 2) * (1 + offset) + (outputs ?? 1) * ((layersLeft === 2 ? width : 1) + offset);
    for (let width = 1; width * cost + behind(width) <= left; width++) extend([...sizes, width], left - width * cost);
  };
  if (inputs !== undefined) extend([inputs], parameters);
  else for (let width = 1; width + offset <= parameters; width++) extend([width], parameters);
  return found;
}
