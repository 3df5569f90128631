/** Training, whatever the kind. All but the default kinds are loaded when they are asked for. */

import { trainBpe } from './bpe/train-bpe.ts';
import { trainCharacters } from './characters/train-characters.ts';
import type { Tokenizer } from './tokenizer.ts';
import type { TrainTokenizerOptions } from './training/train-options.ts';

/** A text, or something that has one, such as a document of a corpus. */
export type TextLike = string | { readonly text: string };

/**
 * Trains a tokenizer on texts, which are read once, as a stream. The same texts give the same tokenizer, in any order.
 *
 * - `bpe` (the default), `character-bpe` and `wordpiece` merge pairs as Hugging Face's trainers do, and `words` and `whitespace`
 *   take the most frequent words, as theirs;
 * - `unigram` and `sentencepiece-bpe` learn as SentencePiece does, on raw text; every line is a text of its own;
 * - `characters` takes all characters.
 *
 * Distinct words, not texts, are held in memory. When there are more than it is meant to hold, the rarest are forgotten, and then the
 * order of texts may matter.
 *
 * @param texts - texts, or documents of a corpus
 * @param options - the kind, and what it has: {@link TrainBpeOptions}, {@link TrainCharactersOptions}, {@link TrainWordsOptions},
 *   {@link TrainCharacterBpeOptions}, {@link TrainWordPieceOptions}, {@link TrainUnigramOptions}, {@link TrainSentencePieceBpeOptions}
 * @returns the tokenizer; its vocabulary is smaller than `vocabSize` when the text has nothing more to learn
 * @throws UsageError `WEFT_TOKENIZER_EMPTY` when there is no text, `WEFT_TOKENIZER_VOCABULARY` when `vocabSize` is below the alphabet,
 *   `WEFT_TOKENIZER_SPECIAL` when a special token is no token, `WEFT_TOKENIZER_OPTION` for other values out of range and for options
 *   of other kinds
 *
 * @example
 * ```ts
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const texts = ['low lower lowest', 'low low'];
 * const bpe = await trainTokenizer(texts, { vocabSize: 259 });
 * console.log([...bpe.encode('lowest')].map((id) => bpe.decode([id]))); // [ 'low', 'e', 's', 't' ]
 *
 * const unigram = await trainTokenizer(texts, { type: 'unigram', vocabSize: 13, characterCoverage: 1 });
 * const spelled = new Map([...unigram.vocabulary].map(([token, id]) => [id, token]));
 * console.log([...unigram.encode('lower')].map((id) => spelled.get(id))); // [ '▁low', 'e', 'r' ]
 *
 * const wordPiece = await trainTokenizer(texts, { type: 'wordpiece', vocabSize: 40 });
 * console.log(wordPiece.decode(wordPiece.encode('Lowest', { addSpecialTokens: true }))); // [CLS] lowest [SEP]
 *
 * const words = await trainTokenizer(texts, { type: 'words' });
 * console.log([...words.encode('low high lower')]); // [ 0, 4, 1 ]
 * ```
 */
export async function trainTokenizer(
  texts: Iterable<TextLike> | AsyncIterable<TextLike>,
  options: TrainTokenizerOptions = {},
): Promise<Tokenizer> {
  const { checkTrainOptions, withDefaults } = await import('./training/check-options.ts');
  const type = checkTrainOptions(options);
  const { onProgress } = options;
  const strings = asStrings(texts);
  switch (type) {
    case 'bpe':
      return trainBpe(strings, { ...withDefaults(type, options), onProgress });
    case 'characters':
      return trainCharacters(strings, { ...withDefaults(type, options), onProgress });
    case 'words':
    case 'whitespace': {
      const { trainWords } = await import('./words/train-words.ts');
      return trainWords(strings, { ...withDefaults(type, options), type, onProgress });
    }
    case 'character-bpe': {
      const { trainCharacterBpe } = await import('./training/train-character-bpe.ts');
      return trainCharacterBpe(strings, { ...withDefaults(type, options), onProgress });
    }
    case 'wordpiece': {
      const { trainWordPiece } = await import('./wordpiece/train-word-piece.ts');
      return trainWordPiece(strings, { ...withDefaults(type, options), onProgress });
    }
    case 'unigram': {
      const { trainUnigram } = await import('./sentencepiece/train-sentencepiece.ts');
      return trainUnigram(strings, { ...withDefaults(type, options), onProgress });
    }
    case 'sentencepiece-bpe': {
      const { trainSentencePieceBpe } = await import('./sentencepiece/train-sentencepiece.ts');
      return trainSentencePieceBpe(strings, { ...withDefaults(type, options), onProgress });
    }
  }
}

async function* asStrings(texts: Iterable<TextLike> | AsyncIterable<TextLike>): AsyncGenerator<string> {
  if (typeof texts === 'string') yield texts;
  else for await (const text of texts) yield typeof text === 'string' ? text : text.text;
}
