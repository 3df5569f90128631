/**
 * A SentencePiece model as plain data: what a `.model` file holds.
 *
 * Names and meanings are those of `sentencepiece_model.proto` (google/sentencepiece 0.1.97 to 0.2.0), in camel case. A field that is
 * absent here is absent in the file, and then has the default that is named beside it.
 */

/** What a piece is for. */
export type SentencePieceType = 'normal' | 'unknown' | 'control' | 'user-defined' | 'unused' | 'byte';

/** One piece; its place among the pieces is its id. */
export interface SentencePiece {
  /** Its text, with `▁` for a space; `<0x0A>` for a byte. */
  readonly piece: string;
  /** Log-probability (Unigram) or minus the merge's place (BPE), rounded to 32 bits. Default 0. */
  readonly score?: number;
  /** Default `normal`. */
  readonly type?: SentencePieceType;
  readonly unknownFields?: Uint8Array;
}

/** How the model was trained. Only `modelType`, `byteFallback`, `treatWhitespaceAsSuffix` and `unkSurface` change what it does. */
export interface SentencePieceTrainer {
  readonly input?: readonly string[];
  readonly modelPrefix?: string;
  /** Default `unigram`. */
  readonly modelType?: 'unigram' | 'bpe' | 'word' | 'char';
  readonly vocabSize?: number;
  readonly acceptLanguage?: readonly string[];
  readonly selfTestSampleSize?: number;
  readonly inputFormat?: string;
  readonly characterCoverage?: number;
  readonly inputSentenceSize?: number;
  readonly miningSentenceSize?: number;
  readonly trainingSentenceSize?: number;
  readonly seedSentencepieceSize?: number;
  readonly shrinkingFactor?: number;
  readonly numThreads?: number;
  readonly numSubIterations?: number;
  readonly maxSentenceLength?: number;
  readonly shuffleInputSentence?: boolean;
  readonly maxSentencepieceLength?: number;
  readonly splitByUnicodeScript?: boolean;
  readonly splitByWhitespace?: boolean;
  readonly splitByNumber?: boolean;
  /** Whether `▁` ends words instead of beginning them. Default false. */
  readonly treatWhitespaceAsSuffix?: boolean;
  readonly splitDigits?: boolean;
  readonly allowWhitespaceOnlyPieces?: boolean;
  readonly controlSymbols?: readonly string[];
  readonly userDefinedSymbols?: readonly string[];
  readonly vocabularyOutputPieceScore?: boolean;
  readonly hardVocabLimit?: boolean;
  readonly useAllVocab?: boolean;
  /** Whether unknown characters become byte pieces, of which there are then 256. Default false. */
  readonly byteFallback?: boolean;
  readonly requiredChars?: string;
  /** Default 0. */
  readonly unkId?: number;
  /** Default 1; -1 for none, as the others. */
  readonly bosId?: number;
  /** Default 2. */
  readonly eosId?: number;
  /** Default -1. */
  readonly padId?: number;
  /** What the unknown piece is decoded to. Default ` ⁇ `. */
  readonly unkSurface?: string;
  readonly unkPiece?: string;
  readonly bosPiece?: string;
  readonly eosPiece?: string;
  readonly padPiece?: string;
  readonly trainExtremelyLargeCorpus?: boolean;
  readonly enableDifferentialPrivacy?: boolean;
  readonly differentialPrivacyNoiseLevel?: number;
  readonly differentialPrivacyClippingThreshold?: number;
  readonly pretokenizationDelimiter?: string;
  readonly seedSentencepiecesFile?: string;
  readonly unknownFields?: Uint8Array;
}

/** How text is normalised before it is encoded. */
export interface SentencePieceNormalizer {
  /** Name of the rules, e.g. `nmt_nfkc`; the rules themselves are in `precompiledCharsmap`. */
  readonly name?: string;
  /** The rules: a double-array trie and the strings that it points into. Absent or empty: no rules. */
  readonly precompiledCharsmap?: Uint8Array;
  /** Whether a space is put before the text. Default true. */
  readonly addDummyPrefix?: boolean;
  /** Whether spaces at the ends, and all but one of several, are removed. Default true. */
  readonly removeExtraWhitespaces?: boolean;
  /** Whether spaces become `▁`. Default true. */
  readonly escapeWhitespaces?: boolean;
  readonly normalizationRuleTsv?: string;
  readonly unknownFields?: Uint8Array;
}

/** A text and its pieces, joined by spaces, which a loader may check. */
export interface SentencePieceSample {
  readonly input?: string;
  readonly expected?: string;
  readonly unknownFields?: Uint8Array;
}

/** All that a `.model` file holds. `unknownFields` are protobuf fields that have no name here, kept as they were. */
export interface SentencePieceModel {
  readonly pieces: readonly SentencePiece[];
  readonly trainer: SentencePieceTrainer;
  readonly normalizer: SentencePieceNormalizer;
  /** Absent where the file has none. */
  readonly selfTest?: { readonly samples: readonly SentencePieceSample[]; readonly unknownFields?: Uint8Array };
  /** Rules for decoded text. */
  readonly denormalizer?: SentencePieceNormalizer;
  readonly unknownFields?: Uint8Array;
}
