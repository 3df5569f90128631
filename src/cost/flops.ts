/** Floating-point operations of a model. Kaplan et al. 2020, section 2.1, with attention as in PaLM, Chowdhery et al. 2022, appendix B. */

import type { LanguageModel } from '../models/index.ts';
import { attentionSizes } from './memory.ts';
import { countParameters } from './parameters.ts';

/**
 * Floating-point operations to train on one token: `6N + 12·L·H·Q·T` for N parameters, L layers, H heads of width Q and a
 * context of T tokens. Forward alone takes a third. Embedding rows are counted as if they were multiplied, as the sources do.
 *
 * @param model - the model.
 * @param contextLength - T, default the model's.
 * @returns operations; a multiplication and an addition are two.
 *
 * @example
 * ```ts
 * import { flopsPerToken, preset } from 'weft/cost';
 *
 * console.log((flopsPerToken(preset('gpt2')) / 1e6).toFixed(0)); // 860
 * ```
 */
export function flopsPerToken(model: LanguageModel, contextLength: number = model.contextLength): number {
  const { layers, heads, headWidth } = attentionSizes(model);
  return 6 * countParameters(model).total + 12 * layers * heads * headWidth * contextLength;
}
