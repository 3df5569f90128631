/** A `tokenizer.json` of what was trained. */

import { UsageError } from '../../core/index.ts';
import type { DecoderJson, ModelJson, NormalizerJson, PostProcessorJson, PreTokenizerJson, TokenizerJson } from '../json/tokenizer-json.ts';

/** What was trained. */
export interface Trained {
  readonly normalizer?: NormalizerJson | null;
  readonly preTokenizer?: PreTokenizerJson | null;
  readonly postProcessor?: PostProcessorJson | null;
  readonly decoder?: DecoderJson | null;
  readonly model: ModelJson;
  /** Special tokens with their ids. */
  readonly specialTokens: readonly (readonly [string, number])[];
}

/** Its definition; what is missing is null. */
export function createTrainedJson({ normalizer, preTokenizer, postProcessor, decoder, model, specialTokens }: Trained): TokenizerJson {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: normalizer ?? null,
    pre_tokenizer: preTokenizer ?? null,
    post_processor: postProcessor ?? null,
    decoder: decoder ?? null,
    model,
  };
}

/** The error for text that has no words. */
export function emptyText(): UsageError {
  return new UsageError({
    code: 'WEFT_TOKENIZER_EMPTY',
    action: 'train a tokenizer',
    rule: 'it learns from words',
    value: 'text of nothing but whitespace',
    remedy: 'Give texts with words.',
  });
}

/** The error for a special token that is a token of the text too. */
export function clashingToken(token: string): UsageError {
  return new UsageError({
    code: 'WEFT_TOKENIZER_SPECIAL',
    action: 'train a tokenizer',
    rule: 'a special token must not be a token of the text too',
    value: token,
    remedy: 'Give special tokens a form that text does not have, e.g. <|name|>.',
  });
}
