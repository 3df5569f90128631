/** Which model a tokenizer was made of, so that it can be written again. */

import { UsageError } from '../../core/index.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { SentencePieceModel } from './sentencepiece-model.ts';

const models = new WeakMap<Tokenizer, SentencePieceModel>();

/** Remembers the model of a tokenizer. */
export function rememberModel(tokenizer: Tokenizer, model: SentencePieceModel): void {
  models.set(tokenizer, model);
}

/**
 * The SentencePiece model of a tokenizer that was made of one.
 *
 * @param tokenizer - a tokenizer that was trained as a SentencePiece model, or read from one
 * @returns its pieces and settings; they must not be changed
 * @throws UsageError `WEFT_TOKENIZER_MODEL` when it was made of something else
 *
 * @example
 * ```ts
 * import { sentencePieceFromModel, sentencePieceModelOf } from 'weft/tokenizers';
 *
 * const pieces = [{ piece: '<unk>', type: 'unknown' as const }, { piece: '▁a', score: -1 }];
 * const tokenizer = await sentencePieceFromModel({ pieces, trainer: {}, normalizer: { name: 'identity' } });
 * console.log(sentencePieceModelOf(tokenizer).normalizer.name); // identity
 * ```
 */
export function sentencePieceModelOf(tokenizer: Tokenizer): SentencePieceModel {
  const model = models.get(tokenizer);
  if (model !== undefined) return model;
  throw new UsageError({
    code: 'WEFT_TOKENIZER_MODEL',
    action: 'write a SentencePiece model',
    rule: 'only a tokenizer that was trained as one or read from one has a model',
    value: `a tokenizer of type ${tokenizer.type}`,
    remedy: 'Save it as tokenizer.json.',
  });
}
