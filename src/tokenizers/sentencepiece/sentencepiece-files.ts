/** SentencePiece's `.model` files as tokenizers. */

import type { Tokenizer } from '../tokenizer.ts';
import { readSentencePieceModel, writeSentencePieceModel } from './model-file.ts';
import { createSentencePieceTokenizer, sentencePieceModelOf } from './sentencepiece-tokenizer.ts';

/**
 * The tokenizer of a SentencePiece `.model` file of type Unigram or BPE, with the ids of `spm_encode` and the text of `spm_decode`.
 *
 * Nothing is put around a text, as a model does not say what to put there. With `specialTokens: 'allow'` control pieces and the
 * unknown piece are found in text, which SentencePiece itself never does.
 *
 * @param bytes - the whole file
 * @param origin - what errors call it, such as its name
 * @returns a tokenizer of type `unigram` or `bpe`
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` when the file is damaged, or of a type that is not read here
 *
 * @example
 * ```ts
 * import { createSentencePieceTokenizer, sentencePieceFromBytes, sentencePieceToBytes } from 'weft/tokenizers';
 *
 * const pieces = [{ piece: '<unk>', type: 'unknown' as const }, { piece: '▁', score: -2 }, { piece: 'a', score: -3 }, { piece: '▁a', score: -4 }];
 * const file = await sentencePieceToBytes(createSentencePieceTokenizer({ pieces, trainer: {}, normalizer: {} }));
 * const tokenizer = await sentencePieceFromBytes(file, 'a.model');
 * console.log([...tokenizer.encode('a aa')]); // [3, 3, 2]
 * ```
 */
export async function sentencePieceFromBytes(bytes: Uint8Array, origin = 'a SentencePiece model'): Promise<Tokenizer> {
  return createSentencePieceTokenizer(await readSentencePieceModel(bytes, origin), origin);
}

/**
 * The `.model` file of a tokenizer that was trained as a SentencePiece model or read from one; SentencePiece loads it. A file that was
 * read is written again without loss, byte for byte where its fields are in the usual order.
 *
 * @param tokenizer - a tokenizer of {@link sentencePieceFromBytes} or {@link createSentencePieceTokenizer}
 * @returns the whole file
 * @throws UsageError `WEFT_TOKENIZER_MODEL` when the tokenizer was made of something else
 *
 * @example
 * ```ts
 * import { createSentencePieceTokenizer, sentencePieceToBytes } from 'weft/tokenizers';
 *
 * const pieces = [{ piece: '<unk>', type: 'unknown' as const }, { piece: 'a', score: -1 }];
 * const tokenizer = createSentencePieceTokenizer({ pieces, trainer: { modelType: 'bpe' }, normalizer: { addDummyPrefix: false } });
 * console.log((await sentencePieceToBytes(tokenizer)).length); // 27
 * ```
 */
export async function sentencePieceToBytes(tokenizer: Tokenizer): Promise<Uint8Array> {
  return writeSentencePieceModel(sentencePieceModelOf(tokenizer));
}
