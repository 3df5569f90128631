/** What weights and tokens must be to run a model, and how one that was closed says so. */

import { UsageError, WeftError } from '../core/index.ts';
import type { SequenceModel, WindowModel } from '../models/index.ts';
import type { Weights } from './batching/batch-runner.ts';

/** Throws `WEFT_GENERATE_WEIGHTS` when weights are missing or of another shape. */
export function requireWeights(model: SequenceModel | WindowModel, weights: Weights): void {
  for (const { name, shape } of model.parameters) {
    const sizes = shape.map(({ size }) => size);
    const given = weights.get(name)?.shape;
    if (given?.join() === sizes.join()) continue;
    throw new UsageError({
      code: 'WEFT_GENERATE_WEIGHTS',
      action: `run the ${model.architecture} model`,
      rule: `its weight ${name} must be [${sizes.join(', ')}]`,
      value: given === undefined ? 'it is missing' : `it is [${given.join(', ')}]`,
      remedy: 'Give the weights that belong to this model, by its own parameter names.',
    });
  }
}

/** Throws `WEFT_GENERATE_TOKEN` when the model, which messages call `name`, lacks a token. */
export function requireTokens(ids: Uint32Array, model: SequenceModel | WindowModel, name: string): void {
  const place = ids.findIndex((id) => id >= model.vocabSize);
  if (place < 0) return;
  throw new UsageError({
    code: 'WEFT_GENERATE_TOKEN',
    action: `run ${name}`,
    rule: `its tokens are 0 to ${model.vocabSize - 1}`,
    value: `token ${place} of the text is ${ids[place]}`,
    remedy: "Encode the text with the model's own tokenizer.",
  });
}

/** The error for a run after `close()`. */
export function closedError(model: SequenceModel | WindowModel): WeftError {
  return new WeftError({
    code: 'WEFT_GENERATE_CLOSED',
    action: `run the ${model.architecture} model`,
    rule: 'it was closed',
    remedy: 'Load it again, or close it after the last generation.',
  });
}
