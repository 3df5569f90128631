/** A text model from a definition and weights in memory. */

import { UsageError, checkOptions, elementCount } from '../core/index.ts';
import type { ModelCard } from '../formats/index.ts';
import { hasCache } from '../models/index.ts';
import type { SequenceModel, WindowModel } from '../models/index.ts';
import type { Tokenizer } from '../tokenizers/index.ts';
import { createDecoder } from './decoder.ts';
import type { Weights } from './decoder.ts';
import { generateTokens } from './generate-tokens.ts';
import { requireTokens, requireWeights } from './requirements.ts';
import { fillSampling } from './sampling/options.ts';
import { scoreTokens } from './score-tokens.ts';
import type { TextModel } from './text-model.ts';
import { createWindowDecoder } from './window-decoder.ts';

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
}

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
  checkOptions('make a text model', options, ['threads']);
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
  const decoder = await (hasCache(model) ? createDecoder(model, weights, options) : createWindowDecoder(model, weights, options));
  // Without a cache a text may go on: what is too far back is forgotten.
  const contextLength = hasCache(model) ? model.contextLength : Infinity;
  const ends = new Set([...endTokens, ...(tokenizer.endOfText === undefined ? [] : [tokenizer.endOfText])]);

  return {
    name,
    contextLength,
    tokenizer,
    chatTemplate,
    card,
    parameters: model.parameters.reduce((sum, { shape }) => sum + elementCount(shape.map(({ size }) => Number(size))), 0),
    async *generate(prompt, samplingOptions = {}) {
      const sampling = fillSampling(samplingOptions);
      sampling.signal?.throwIfAborted();
      const ids = beginning(typeof prompt === 'string' ? tokenizer.encode(prompt) : prompt, startToken, name);
      requireTokens(ids, model, name);
      if (ids.length > contextLength - 1) throw tooLong(ids.length, contextLength, name);
      const sequence = decoder.startSequence();
      try {
        yield* generateTokens({ sequence, tokenizer, contextLength, endTokens: ends }, ids, sampling);
      } finally {
        sequence.release();
      }
    },
    async score(ids, scoreOptions = {}) {
      checkOptions('score a text', scoreOptions, ['signal']);
      requireTokens(ids, model, name);
      return scoreTokens({ startSequence: decoder.startSequence, contextLength }, ids, scoreOptions.signal);
    },
    close: decoder.close,
  };
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
