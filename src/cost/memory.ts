/** Memory to train and to serve a model, in bytes. */

import { BYTES_PER_ELEMENT, UsageError, checkOptions } from '../core/index.ts';
import { axes, buildGraph, crossEntropy, input, isKind, reshape, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { countParameters } from './parameters.ts';

/** Tokens of a training sequence where none is asked for: few train at the full context of a long one. */
const TRAINING_CONTEXT = 2048;

/** What training a model takes. */
export interface TrainingMemory {
  readonly weights: number;
  readonly gradients: number;
  /** AdamW's two moments. */
  readonly optimizer: number;
  /** An estimate: every intermediate result of the forward pass, which the backward pass reads again. */
  readonly activations: number;
  readonly total: number;
  /** Sequences in a step, and tokens of each. */
  readonly batchSize: number;
  readonly contextLength: number;
}

/** What serving a model takes. */
export interface ServingMemory {
  readonly weights: number;
  /** Keys and values of one token in one sequence. */
  readonly cachePerToken: number;
  /** Keys and values of all sequences at full context. */
  readonly cache: number;
  readonly total: number;
}

/**
 * Memory to train with AdamW in float32: 16 bytes a parameter (weight, gradient, two moments) and the activations.
 *
 * @param model - the model.
 * @param options - `batchSize`: sequences in a step, default 1; `contextLength`: tokens of each,
 *   default the model's, at most 2,048.
 * @returns bytes by use. The runtime frees some activations early and needs some space to work in, so take the total as a
 *   guide, not as a bound.
 * @throws UsageError `WEFT_COST_OPTION` for sizes out of their range.
 *
 * @example
 * ```ts
 * import { preset, trainingMemory } from 'weft/cost';
 *
 * const { weights, gradients, optimizer } = trainingMemory(preset('gpt2'), { batchSize: 1, contextLength: 64 });
 * console.log((weights + gradients + optimizer) / 16); // 124439808
 * ```
 */
export function trainingMemory(
  model: LanguageModel,
  options: { readonly batchSize?: number; readonly contextLength?: number } = {},
): TrainingMemory {
  checkOptions('size the training of a model', options, ['batchSize', 'contextLength']);
  const { batchSize = 1, contextLength = Math.min(model.contextLength, TRAINING_CONTEXT) } = options;
  requireCount('batchSize', batchSize, Infinity);
  requireCount('contextLength', contextLength, model.contextLength);
  const { total: parameters } = countParameters(model);
  const weights = 4 * parameters;
  const activations = activationBytes(model, batchSize, contextLength);
  return { weights, gradients: weights, optimizer: 2 * weights, activations, total: 4 * weights + activations, batchSize, contextLength };
}

/**
 * Memory to serve: weights, and 2 · layers · key-value heads · head width numbers a token for the cache.
 *
 * @param model - the model.
 * @param options - `bytesPerWeight`: default 4 (float32), 0.5 for 4 bits; `bytesPerCacheElement`: default 4; `sequences`
 *   at once, default 1; `contextLength` of each, default the model's.
 * @returns bytes by use.
 * @throws UsageError `WEFT_COST_OPTION` for sizes out of their range.
 *
 * @example
 * ```ts
 * import { preset, servingMemory } from 'weft/cost';
 *
 * console.log(servingMemory(preset('llama-2-7b'), { bytesPerWeight: 2, bytesPerCacheElement: 2 }).cachePerToken); // 524288
 * ```
 */
export function servingMemory(
  model: LanguageModel,
  options: {
    readonly bytesPerWeight?: number;
    readonly bytesPerCacheElement?: number;
    readonly sequences?: number;
    readonly contextLength?: number;
  } = {},
): ServingMemory {
  checkOptions('size the serving of a model', options, ['bytesPerWeight', 'bytesPerCacheElement', 'sequences', 'contextLength']);
  const { bytesPerWeight = 4, bytesPerCacheElement = 4, sequences = 1, contextLength = model.contextLength } = options;
  requireCount('sequences', sequences, Infinity);
  requireCount('contextLength', contextLength, model.contextLength);
  const { layers, kvHeads, headWidth } = attentionSizes(model);
  const weights = countParameters(model).total * bytesPerWeight;
  const cachePerToken = 2 * layers * kvHeads * headWidth * bytesPerCacheElement;
  const cache = cachePerToken * contextLength * sequences;
  return { weights, cachePerToken, cache, total: weights + cache };
}

/** Heads and their widths, with GPT's shorthand written out: every head has keys and values, and they share the width evenly. */
export function attentionSizes({ config }: LanguageModel): {
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
} {
  const { layers, heads } = config;
  return 'kvHeads' in config
    ? { layers, heads, kvHeads: config.kvHeads, headWidth: config.headWidth }
    : { layers, heads, kvHeads: heads, headWidth: config.width / heads };
}

/** Bytes of everything that the forward pass and the loss compute; a reshape is a view of what was counted. */
function activationBytes(model: LanguageModel, batchSize: number, contextLength: number): number {
  const ids = input('ids', 'int32', axes('B T', batchSize, contextLength));
  const logits = model.logits(model.hidden(ids, {}));
  const rows = reshape(logits, axes('N V', batchSize * contextLength, model.vocabSize));
  const losses = crossEntropy(rows, input('targets', 'int32', axes('N', batchSize * contextLength)))[0] as Tensor;
  let bytes = 0;
  for (const node of buildGraph({ loss: sum(losses) }).nodes) {
    if (isKind(node, 'input') || isKind(node, 'constant') || isKind(node, 'reshape')) continue;
    for (const { dtype, shape } of node.outputs)
      bytes += BYTES_PER_ELEMENT[dtype] * shape.reduce((product, { size }) => product * Number(size), 1);
  }
  return bytes;
}

function requireCount(name: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return;
  throw new UsageError({
    code: 'WEFT_COST_OPTION',
    action: 'size a model',
    rule: `${name} is a whole number from 1${most === Infinity ? '' : ` to the model's ${most}`}`,
    value: String(value),
    remedy: `Leave ${name} out for its default.`,
  });
}
