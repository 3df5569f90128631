/**
 * A model whose matrices are rounded to 8 or 4 bits when it is loaded, to be run.
 *
 * Decided: simple rounding in blocks of 32, as llama.cpp's Q8_0 and Q4_0 have; choosing what may be rounded by what it costs is not for
 * here. What is multiplied is rounded to 8 bits as well: that is faster, and a row then has the same bits whatever other rows there are
 * (ONNX Runtime computes a single row otherwise at full precision). The token embedding stays; a head that it is, is rounded by itself.
 */

import { roundBlocks, roundWeights } from '../formats/index.ts';
import { hasTiedHead, withBlockWeights } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import type { BlockMatrix } from '../nn/index.ts';
import type { Weights } from './batching/batch-runner.ts';

/** The name of the token embedding of models whose head it may be. */
const TOKENS = 'tokens.weight';

/** The model with its linear layers in blocks, and the weights that are left. */
export function roundedModel(
  model: LanguageModel,
  weights: Weights,
  bits: 4 | 8,
): { readonly model: LanguageModel; readonly weights: Weights } {
  const rounded = roundWeights(model, weights, { bits });
  const blocks = new Map<string, BlockMatrix>();
  for (const [name, matrix] of rounded.blocks) blocks.set(name, { ...matrix, roundedInputs: true });
  const tokens = weights.get(TOKENS);
  if (hasTiedHead(model) && tokens !== undefined) blocks.set('head', { ...roundBlocks(tokens, { bits }), roundedInputs: true });
  return { model: withBlockWeights(model, blocks), weights: rounded.weights };
}
