/** A text model from a definition and weights in memory. */

import { UsageError, checkOptions, elementCount } from '../core/index.ts';
import type { ModelCard } from '../formats/index.ts';
import { hasCache } from '../models/index.ts';
import type { SequenceModel, WindowModel } from '../models/index.ts';
import type { Tokenizer } from '../tokenizers/index.ts';
import type { Weights } from './batching/batch-runner.ts';
import { fillGeneration } from './generation-options.ts';
import { requireTokens, requireWeights } from './requirements.ts';
import { createBatchGenerator, createWindowGenerator } from './text-generator.ts';
import type { Treatment } from './text-generator.ts';
import type { TextModel } from './text-model.ts';
import { createTokenWriter } from './token-writer.ts';

/** What a text model is made of. */
export interface TextModelParts {
  readonly model: SequenceModel | WindowModel;
  /** By the model's own parameter names. They are copied: what training does to them later does not show. */
  readonly weights: Weights;
  readonly tokenizer: Tokenizer;
  /** What answers and messages call it; default the architecture. */
  readonly name?: string;
  readonly chatTemplate?: string | undefined;
  readonly card?: ModelCard | undefined;
  /** The token that begins a document; default the tokenizer's end of text. */
  readonly startToken?: number | undefined;
  /** Tokens that end a text beside the tokenizer's end of text. */
  readonly endTokens?: readonly number[];
}

/** How a text model runs. */
export interface TextModelOptions {
  /** Threads of ONNX Runtime; default the runtime's. */
  readonly threads?: number;
  /** Texts that are computed at once, in one batch; more wait. Default 8. */
  readonly slots?: number;
  /**
   * Tokens whose keys and values are in memory at once, of all texts and of beginnings of prompts that are kept for the next; no text
   * is longer. Default as many as the slots can hold, as far as a quarter of the machine's memory goes.
   */
  readonly cacheTokens?: number;
}

const SLOTS = 8;
/** The names of {@link TextModelOptions}. */
export const TEXT_MODEL_OPTIONS: readonly (keyof TextModelOptions)[] = ['threads', 'slots', 'cacheTokens'];

/**
 * Makes a model with weights in memory ready to generate and to score.
 *
 * @param parts definition, weights and tokenizer
 * @param options see {@link TextModelOptions}
 * @returns the text model; close it to free the session
 * @throws UsageError `WEFT_GENERATE_WEIGHTS` when weights are missing or of another shape, `WEFT_GENERATE_VOCABULARY` when the
 *   tokenizer has tokens that the model lacks
 *
 * @example
 * ```ts
 * import { createTextModel } from 'weft/generate';
 * import { llama } from 'weft/models';
 * import { initialize } from 'weft/nn';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['to be or not to be'], { type: 'characters' });
 * const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 16, vocabSize: tokenizer.vocabSize });
 * const textModel = await createTextModel({ model, weights: initialize(model.parameters, { seed: 1 }), tokenizer });
 * let text = 'to be';
 * for await (const token of textModel.generate(text, { maxTokens: 4, seed: 1 })) text += token.text;
 * console.log(text.startsWith('to be')); // true
 * await textModel.close();
 * ```
 */
export async function createTextModel(parts: TextModelParts, options: TextModelOptions = {}): Promise<TextModel> {
  checkOptions('make a text model', parts, ['model', 'weights', 'tokenizer', 'name', 'chatTemplate', 'card', 'startToken', 'endTokens']);
  checkOptions('make a text model', options, TEXT_MODEL_OPTIONS);
  const { threads, slots = SLOTS, cacheTokens } = options;
  requireCount('slots', slots);
  if (cacheTokens !== undefined) requireCount('cacheTokens', cacheTokens);
  const {
    model,
    weights,
    tokenizer,
    name = model.architecture,
    chatTemplate,
    card,
    startToken = tokenizer.endOfText,
    endTokens = [],
  } = parts;
  requireWeights(model, weights);
  if (tokenizer.vocabSize > model.vocabSize) {
    throw new UsageError({
      code: 'WEFT_GENERATE_VOCABULARY',
      action: `run ${name}`,
      rule: 'the model must know every token of the tokenizer',
      value: `the tokenizer has ${tokenizer.vocabSize}, the model ${model.vocabSize}`,
      remedy: 'Use the tokenizer that the model was trained with.',
    });
  }
  const generator = await (hasCache(model)
    ? createBatchGenerator(model, weights, { slots, cacheTokens, threads })
    : createWindowGenerator(model, weights, { threads }));
  const { contextLength } = generator;
  const ends = new Set([...endTokens, ...(tokenizer.endOfText === undefined ? [] : [tokenizer.endOfText])]);
  const apart = (signal: AbortSignal | undefined): Treatment => ({
    client: '',
    priority: 0,
    namespace: '',
    signal,
    started: () => undefined,
  });

  return {
    name,
    contextLength,
    tokenizer,
    chatTemplate,
    card,
    parameters: model.parameters.reduce((sum, { shape }) => sum + elementCount(shape.map(({ size }) => Number(size))), 0),
    async *generate(prompt, generationOptions = {}) {
      const { sampling, treatment } = fillGeneration(generationOptions);
      treatment.signal?.throwIfAborted();
      const ids = beginning(typeof prompt === 'string' ? tokenizer.encode(prompt) : prompt, startToken, name);
      requireTokens(ids, model, name);
      if (ids.length > contextLength - 1) throw tooLong(ids.length, contextLength, name);
      const limit = Math.min(sampling.maxTokens, contextLength - ids.length);
      if (limit <= 0) return;
      const writer = createTokenWriter({ tokenizer, endTokens: ends, limit }, ids, sampling);
      yield* generator.generate(ids, writer, treatment);
    },
    async score(ids, scoreOptions = {}) {
      checkOptions('score a text', scoreOptions, ['signal']);
      requireTokens(ids, model, name);
      return generator.score(ids, apart(scoreOptions.signal));
    },
    ...(generator.embed === undefined
      ? {}
      : {
          async embed(ids: Uint32Array, embedOptions: { readonly signal?: AbortSignal } = {}) {
            checkOptions('embed a text', embedOptions, ['signal']);
            const whole = beginning(ids, startToken, name);
            requireTokens(whole, model, name);
            if (whole.length > contextLength - 1) throw tooLong(whole.length, contextLength, name);
            return (generator.embed as NonNullable<typeof generator.embed>)(whole, apart(embedOptions.signal));
          },
        }),
    ...(generator.status === undefined ? {} : { status: generator.status }),
    close: generator.close,
  };
}

function requireCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new UsageError({
    code: 'WEFT_GENERATE_OPTION',
    action: 'make a text model',
    rule: `${name} must be a whole number of at least 1`,
    value: String(value),
    remedy: `Give ${name} a positive whole number, or leave it out.`,
  });
}

/** The prompt, or what stands before a document in place of an empty one. */
function beginning(ids: Uint32Array, startToken: number | undefined, name: string): Uint32Array {
  if (ids.length > 0) return ids;
  if (startToken !== undefined) return Uint32Array.of(startToken);
  throw new UsageError({
    code: 'WEFT_GENERATE_PROMPT',
    action: `generate with ${name}`,
    rule: 'its tokenizer has no token that begins a text, so the prompt needs at least one token',
    value: 'an empty prompt',
    remedy: 'Give a prompt.',
  });
}

function tooLong(length: number, contextLength: number, name: string): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_CONTEXT',
    action: `generate with ${name}`,
    rule: `prompt and text together may have at most ${contextLength} tokens`,
    value: `the prompt alone has ${length}`,
    remedy: `Shorten the prompt to at most ${contextLength - 1} tokens.`,
  });
}
