/** The options of training, by kind. */

import type { CharsmapName } from '../sentencepiece/load-charsmap.ts';
import type { Splitting } from '../splitting/splittings.ts';
import type { Marking } from './train-character-bpe.ts';
import type { TrainProgress } from './progress.ts';

interface EveryKind {
  /** Tokens at most, special tokens included. */
  readonly vocabSize?: number;
  readonly onProgress?: (progress: TrainProgress) => void;
}

interface WithSpecialTokens extends EveryKind {
  /** Different texts of two characters or more. They have the last ids, in this order; for `wordpiece` the first ones. */
  readonly specialTokens?: readonly string[];
}

interface WithUnknown extends WithSpecialTokens {
  /** Which of the special tokens stands for what is not in the vocabulary. Default `<|unknown|>`, for `wordpiece` `[UNK]`. */
  readonly unknownToken?: string;
  /** Chooses which of the rare words are forgotten when there are more than memory holds. Default 0. */
  readonly seed?: number;
}

/** Byte-level byte pair encoding, the default. */
export interface TrainBpeOptions extends WithSpecialTokens {
  readonly type?: 'bpe';
  /** How text is split before pairs are merged. Default `gpt4`. */
  readonly splitting?: Splitting;
  /**
   * A regular expression instead, in Oniguruma's syntax, as `tokenizer.json` has it: each match is a piece, and what stands between two.
   * Encoding is slower than with a `splitting`.
   */
  readonly pattern?: string;
  /** Pairs that occur less often are not merged. Default 2. */
  readonly minFrequency?: number;
}

/** One token a character. */
export interface TrainCharactersOptions extends WithSpecialTokens {
  readonly type: 'characters';
  /** Characters that occur less often get no token. Default 1. */
  readonly minFrequency?: number;
}

/** One token a word: a word is a run of letters, digits and `_`, or of other signs (`words`), or what stands between whitespace (`whitespace`). */
export interface TrainWordsOptions extends WithUnknown {
  readonly type: 'words' | 'whitespace';
  /** Words that occur less often get no token. Default 1. */
  readonly minFrequency?: number;
  /** Whether text is made lower case. Default false. */
  readonly lowercase?: boolean;
}

/** Byte pair encoding of characters. */
export interface TrainCharacterBpeOptions extends WithUnknown {
  readonly type: 'character-bpe';
  /** `metaspace` (the default): `▁` stands for each space and before the text. `end-of-word`: `</w>` ends every word. */
  readonly marking?: Marking;
  /** Pairs that occur less often are not merged. Default 2. */
  readonly minFrequency?: number;
  /** Characters in the vocabulary at most, the most frequent. Default all. */
  readonly alphabetLimit?: number;
  /** Whether text is made lower case. Default false. */
  readonly lowercase?: boolean;
}

/** WordPiece, as BERT's. */
export interface TrainWordPieceOptions extends WithUnknown {
  readonly type: 'wordpiece';
  /** Pairs that occur less often are not merged. Default 2. */
  readonly minFrequency?: number;
  /** Characters in the vocabulary at most, the most frequent. Default all. */
  readonly alphabetLimit?: number;
  /** Whether text is made lower case, without accents. Default true. */
  readonly lowercase?: boolean;
  /** What marks tokens inside a word. Default `##`. */
  readonly continuingPrefix?: string;
}

interface SentencePieceOptions extends EveryKind {
  /** How text is normalised: SentencePiece's rules of that name. Default `nmt_nfkc`. */
  readonly normalization?: CharsmapName;
  /** Whether a text is encoded as if a space stood before it. Default true. */
  readonly dummyPrefix?: boolean;
  /** Whether spaces at the ends of a text, and all but one of several, are dropped. Default true. */
  readonly removeExtraWhitespaces?: boolean;
  /** Whether characters that are not in the vocabulary become their bytes. Default false. */
  readonly byteFallback?: boolean;
  /** Special tokens. Default `<|endoftext|>`; `<unk>`, `<s>` and `</s>` are always there. */
  readonly controlSymbols?: readonly string[];
  /** Tokens that are found in every text as they are. Default none. */
  readonly userDefinedSymbols?: readonly string[];
  /** Share of the characters of the text that the characters of the vocabulary cover, 0.98 to 1. Default 0.9995. */
  readonly characterCoverage?: number;
  /** Characters of a token at most, up to 512. Default 16. */
  readonly maxPieceLength?: number;
  /** Whether a token has characters of one script only. Default true. */
  readonly splitByScript?: boolean;
  /** Whether a token with digits has no letters. Default true. */
  readonly splitByNumber?: boolean;
  /** Whether every digit is a token of its own. Default false. */
  readonly splitDigits?: boolean;
  /** Chooses which of the rare words are forgotten when there are more than memory holds. Default 0. */
  readonly seed?: number;
}

/** A unigram language model on raw text, as SentencePiece's. */
export interface TrainUnigramOptions extends SentencePieceOptions {
  readonly type: 'unigram';
  /** Tokens to begin with. Default 1,000,000. */
  readonly seedSize?: number;
  /** Share of the tokens that a pruning leaves, 0.5 to 0.95. Default 0.75. */
  readonly shrinkingFactor?: number;
  /** Iterations of expectation maximisation between prunings, 1 to 10. Default 2. */
  readonly subIterations?: number;
}

/** Byte pair encoding on raw text, as SentencePiece's. */
export interface TrainSentencePieceBpeOptions extends SentencePieceOptions {
  readonly type: 'sentencepiece-bpe';
  /** Pairs that occur less often are not merged. Default 1. */
  readonly minFrequency?: number;
}

/** The options of each kind. */
export interface OptionsByType {
  readonly bpe: TrainBpeOptions;
  readonly characters: TrainCharactersOptions;
  readonly words: TrainWordsOptions;
  readonly whitespace: TrainWordsOptions;
  readonly 'character-bpe': TrainCharacterBpeOptions;
  readonly wordpiece: TrainWordPieceOptions;
  readonly unigram: TrainUnigramOptions;
  readonly 'sentencepiece-bpe': TrainSentencePieceBpeOptions;
}

/** The kinds of tokenizer that can be trained. */
export type TrainableType = keyof OptionsByType;

/** What to train; see {@link trainTokenizer}. */
export type TrainTokenizerOptions = OptionsByType[TrainableType];
