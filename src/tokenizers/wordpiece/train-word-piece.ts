/**
 * Trains a WordPiece tokenizer as BERT's: text normalised and cut as BERT does it, and a vocabulary of Hugging Face's
 * `WordPieceTrainer` (tokenizers 0.23), which is that of byte pair encoding with `##` before what does not begin a word.
 */

import { tokenizerFromJson } from '../json/read-tokenizer.ts';
import type { NormalizerJson, PostProcessorJson } from '../json/tokenizer-json.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { countWords } from '../training/count-words.ts';
import { learnWordMerges } from '../training/learn-word-merges.ts';
import { type OnProgress, type Texts, everySoOften, smallVocabulary } from '../training/progress.ts';
import { clashingToken, createTrainedJson, emptyText } from '../training/trained-json.ts';

/** What to train. */
export interface WordPieceTraining {
  /** Tokens at most, special tokens included. */
  readonly vocabSize: number;
  readonly minFrequency: number;
  readonly alphabetLimit: number;
  /** Whether text is made lower case, and loses its accents, as in BERT's uncased models. */
  readonly lowercase: boolean;
  /** What marks tokens that do not begin a word. */
  readonly continuingPrefix: string;
  /** They have the first ids, as BERT's. */
  readonly specialTokens: readonly string[];
  /** The special token for words that cannot be made of the vocabulary. */
  readonly unknownToken: string;
  readonly seed: number;
  readonly onProgress: OnProgress;
}

/** Words of more characters are unknown, as BERT's. */
const LONGEST_WORD = 100;

/** Trains and returns the tokenizer. */
export async function trainWordPiece(texts: Texts, training: WordPieceTraining): Promise<Tokenizer> {
  const { vocabSize, minFrequency, alphabetLimit, lowercase, continuingPrefix, specialTokens, unknownToken, onProgress } = training;
  const normalizer: NormalizerJson = {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase,
  };
  const preTokenizer = { type: 'BertPreTokenizer' } as const;
  const { bytes, counts } = await countWords(texts, { normalizer, preTokenizer }, training);
  if (counts.size === 0) throw emptyText();
  const { tokens, alphabet } = learnWordMerges(counts, {
    size: vocabSize - specialTokens.length,
    minFrequency,
    alphabetLimit,
    prefix: continuingPrefix,
    suffix: '',
    onMerge: everySoOften(onProgress, { phase: 'merge', bytes }),
  });
  const least = alphabet + specialTokens.length;
  if (least > vocabSize) throw smallVocabulary(vocabSize, least, 'every character, inside words too, and the special tokens');
  const clash = specialTokens.find((token) => tokens.includes(token));
  if (clash !== undefined) throw clashingToken(clash);
  onProgress?.({ phase: 'merge', bytes, tokens: tokens.length });
  return tokenizerFromJson(
    createTrainedJson({
      normalizer,
      preTokenizer,
      postProcessor: templateOf(specialTokens),
      decoder: { type: 'WordPiece', prefix: continuingPrefix, cleanup: true },
      specialTokens: specialTokens.map((token, id) => [token, id]),
      model: {
        type: 'WordPiece',
        unk_token: unknownToken,
        continuing_subword_prefix: continuingPrefix,
        max_input_chars_per_word: LONGEST_WORD,
        vocab: Object.fromEntries([...specialTokens, ...tokens].map((token, id) => [token, id])),
      },
    }),
  );
}

/** `[CLS]` before a text and `[SEP]` behind it, where there are such tokens. */
function templateOf(specialTokens: readonly string[]): PostProcessorJson | null {
  const [start, end] = [specialTokens.indexOf('[CLS]'), specialTokens.indexOf('[SEP]')];
  return start < 0 || end < 0 ? null : { type: 'BertProcessing', sep: ['[SEP]', end], cls: ['[CLS]', start] };
}
