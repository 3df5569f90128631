/** SentencePiece models and `.model` files as tokenizers. What they need is loaded when they are first called. */

import type { Tokenizer } from '../tokenizer.ts';
import { sentencePieceModelOf } from './model-of.ts';
import type { SentencePieceModel } from './sentencepiece-model.ts';

/**
 * The tokenizer of a SentencePiece `.model` file of type Unigram or BPE, with the ids of `spm_encode` and the text of `spm_decode`.
 *
 * Nothing is put around a text, as a model does not say what to put there. With `specialTokens: 'allow'` control pieces and the
 * unknown piece are found in text, which SentencePiece itself never does. Decoding shows control pieces unless they are skipped.
 *
 * @param bytes - the whole file
 * @param origin - what errors call it, such as its name
 * @returns a tokenizer of type `unigram` or `bpe`
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` when the file is damaged, or of a type that is not read here
 *
 * @example
 * ```ts
 * import { sentencePieceFromBytes, sentencePieceFromModel, sentencePieceToBytes } from 'weft/tokenizers';
 *
 * const pieces = [{ piece: '<unk>', type: 'unknown' as const }, { piece: '▁', score: -2 }, { piece: 'a', score: -3 }, { piece: '▁a', score: -4 }];
 * const file = await sentencePieceToBytes(await sentencePieceFromModel({ pieces, trainer: {}, normalizer: {} }));
 * const tokenizer = await sentencePieceFromBytes(file, 'a.model');
 * console.log([...tokenizer.encode('a aa')]); // [ 3, 3, 2 ]
 * ```
 */
export async function sentencePieceFromBytes(bytes: Uint8Array, origin = 'a SentencePiece model'): Promise<Tokenizer> {
  const { readSentencePieceModel } = await import('./model-file.ts');
  return sentencePieceFromModel(await readSentencePieceModel(bytes, origin), origin);
}

/**
 * The tokenizer of a SentencePiece model that is plain data, as {@link sentencePieceFromBytes} has of a file.
 *
 * @param model - pieces, how they were trained, and how text is normalised; it must not be changed afterwards
 * @param origin - what errors call it
 * @returns a tokenizer of type `unigram` or `bpe`
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` when it is none that SentencePiece would load, or of a type that is not read here
 *
 * @example
 * ```ts
 * import { loadCharsmap, sentencePieceFromModel } from 'weft/tokenizers';
 *
 * const pieces = [{ piece: '<unk>', type: 'unknown' as const }, { piece: '▁fi', score: -1 }, { piece: 't', score: -2 }];
 * const normalizer = { name: 'nfkc', precompiledCharsmap: await loadCharsmap('nfkc') };
 * const tokenizer = await sentencePieceFromModel({ pieces, trainer: { modelType: 'unigram' }, normalizer });
 * console.log([...tokenizer.encode('\uFB01t')]); // [ 1, 2 ]
 * ```
 */
export async function sentencePieceFromModel(model: SentencePieceModel, origin = 'a SentencePiece model'): Promise<Tokenizer> {
  const { createSentencePieceTokenizer } = await import('./sentencepiece-tokenizer.ts');
  return createSentencePieceTokenizer(model, origin);
}

/**
 * The `.model` file of a tokenizer that was trained as a SentencePiece model or read from one; SentencePiece loads it. A file that was
 * read is written again without loss, byte for byte where its fields are in the usual order.
 *
 * @param tokenizer - a tokenizer of {@link sentencePieceFromBytes} or {@link sentencePieceFromModel}
 * @returns the whole file
 * @throws UsageError `WEFT_TOKENIZER_MODEL` when the tokenizer was made of something else
 *
 * @example
 * ```ts
 * import { sentencePieceFromModel, sentencePieceToBytes } from 'weft/tokenizers';
 *
 * const pieces = [{ piece: '<unk>', type: 'unknown' as const }, { piece: 'a', score: -1 }];
 * const tokenizer = await sentencePieceFromModel({ pieces, trainer: { modelType: 'bpe' }, normalizer: { addDummyPrefix: false } });
 * console.log((await sentencePieceToBytes(tokenizer)).length); // 29
 * ```
 */
export async function sentencePieceToBytes(tokenizer: Tokenizer): Promise<Uint8Array> {
  const model = sentencePieceModelOf(tokenizer);
  const { writeSentencePieceModel } = await import('./model-file.ts');
  return writeSentencePieceModel(model);
}
