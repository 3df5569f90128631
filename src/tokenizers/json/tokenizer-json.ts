/** The schema of Hugging Face's `tokenizer.json`. Source: huggingface/tokenizers 0.23, `tokenizer/serialization.rs` and each component's `serialize`. */

/** A `tokenizer.json`: plain data, as `JSON.stringify` takes it. */
export interface TokenizerJson {
  readonly version: '1.0';
  readonly truncation: unknown;
  readonly padding: unknown;
  readonly added_tokens: readonly AddedTokenJson[];
  readonly normalizer: NormalizerJson | null;
  readonly pre_tokenizer: PreTokenizerJson | null;
  readonly post_processor: PostProcessorJson | null;
  readonly decoder: DecoderJson | null;
  readonly model: ModelJson;
}

/** A token that is found in text before the model sees it. */
export interface AddedTokenJson {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** A literal text, or a regular expression in Oniguruma's syntax. */
export type PatternJson = { readonly String: string } | { readonly Regex: string };

/** Changes the text before it is split. */
export type NormalizerJson =
  | {
      readonly type: 'BertNormalizer';
      readonly clean_text: boolean;
      readonly handle_chinese_chars: boolean;
      readonly strip_accents: boolean | null;
      readonly lowercase: boolean;
    }
  | { readonly type: 'Strip'; readonly strip_left: boolean; readonly strip_right: boolean }
  | { readonly type: 'StripAccents' | 'NFC' | 'NFD' | 'NFKC' | 'NFKD' | 'Lowercase' | 'Nmt' | 'ByteLevel' }
  | { readonly type: 'Sequence'; readonly normalizers: readonly NormalizerJson[] }
  | { readonly type: 'Precompiled'; readonly precompiled_charsmap: string | null }
  | { readonly type: 'Replace'; readonly pattern: PatternJson; readonly content: string }
  | { readonly type: 'Prepend'; readonly prepend: string };

/** What becomes of the text that a pattern matches. */
export type SplitBehavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

/** Splits text into pieces before the model sees it. */
export type PreTokenizerJson =
  | { readonly type: 'BertPreTokenizer' | 'Whitespace' | 'WhitespaceSplit' | 'UnicodeScripts' }
  | { readonly type: 'ByteLevel'; readonly add_prefix_space: boolean; readonly trim_offsets: boolean; readonly use_regex: boolean }
  | { readonly type: 'CharDelimiterSplit'; readonly delimiter: string }
  | {
      readonly type: 'Metaspace';
      readonly replacement: string;
      readonly prepend_scheme: 'always' | 'first' | 'never';
      readonly split: boolean;
    }
  | { readonly type: 'Split'; readonly pattern: PatternJson; readonly behavior: SplitBehavior; readonly invert: boolean }
  | { readonly type: 'Punctuation'; readonly behavior: SplitBehavior }
  | { readonly type: 'Digits'; readonly individual_digits: boolean }
  | { readonly type: 'FixedLength'; readonly length: number }
  | { readonly type: 'Sequence'; readonly pretokenizers: readonly PreTokenizerJson[] };

/** A special token or a text of a template. */
export type TemplatePieceJson =
  | { readonly SpecialToken: { readonly id: string; readonly type_id: number } }
  | { readonly Sequence: { readonly id: 'A' | 'B'; readonly type_id: number } };

/** Adds tokens around a text. */
export type PostProcessorJson =
  | {
      readonly type: 'RobertaProcessing';
      readonly sep: readonly [string, number];
      readonly cls: readonly [string, number];
      readonly trim_offsets: boolean;
      readonly add_prefix_space: boolean;
    }
  | { readonly type: 'BertProcessing'; readonly sep: readonly [string, number]; readonly cls: readonly [string, number] }
  | { readonly type: 'ByteLevel'; readonly add_prefix_space: boolean; readonly trim_offsets: boolean; readonly use_regex: boolean }
  | {
      readonly type: 'TemplateProcessing';
      readonly single: readonly TemplatePieceJson[];
      readonly pair: readonly TemplatePieceJson[];
      readonly special_tokens: Readonly<
        Record<string, { readonly id: string; readonly ids: readonly number[]; readonly tokens: readonly string[] }>
      >;
    }
  | { readonly type: 'Sequence'; readonly processors: readonly PostProcessorJson[] };

/** Turns tokens back into text. */
export type DecoderJson =
  | { readonly type: 'BPEDecoder'; readonly suffix: string }
  | { readonly type: 'ByteLevel'; readonly add_prefix_space: boolean; readonly trim_offsets: boolean; readonly use_regex: boolean }
  | { readonly type: 'WordPiece'; readonly prefix: string; readonly cleanup: boolean }
  | {
      readonly type: 'Metaspace';
      readonly replacement: string;
      readonly prepend_scheme: 'always' | 'first' | 'never';
      readonly split: boolean;
    }
  | { readonly type: 'CTC'; readonly pad_token: string; readonly word_delimiter_token: string; readonly cleanup: boolean }
  | { readonly type: 'Sequence'; readonly decoders: readonly DecoderJson[] }
  | { readonly type: 'Replace'; readonly pattern: PatternJson; readonly content: string }
  | { readonly type: 'Fuse' | 'ByteFallback' }
  | { readonly type: 'Strip'; readonly content: string; readonly start: number; readonly stop: number };

/** Byte pair encoding; a character tokenizer is one without merges. */
export interface BpeModelJson {
  readonly type: 'BPE';
  readonly dropout: number | null;
  readonly unk_token: string | null;
  readonly continuing_subword_prefix: string | null;
  readonly end_of_word_suffix: string | null;
  readonly fuse_unk: boolean;
  readonly byte_fallback: boolean;
  readonly ignore_merges: boolean;
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly [string, string])[];
}

/** Longest match first within a word. */
export interface WordPieceModelJson {
  readonly type: 'WordPiece';
  readonly unk_token: string;
  readonly continuing_subword_prefix: string;
  readonly max_input_chars_per_word: number;
  readonly vocab: Readonly<Record<string, number>>;
}

/** Every piece is a token. */
export interface WordLevelModelJson {
  readonly type: 'WordLevel';
  readonly vocab: Readonly<Record<string, number>>;
  readonly unk_token: string;
}

/** The most probable segmentation under a unigram language model. */
export interface UnigramModelJson {
  readonly type: 'Unigram';
  readonly unk_id: number | null;
  /** Tokens and their log-probabilities; the place is the id. */
  readonly vocab: readonly (readonly [string, number])[];
  readonly byte_fallback: boolean;
}

/** The algorithm that turns pieces into tokens. */
export type ModelJson = BpeModelJson | WordPieceModelJson | WordLevelModelJson | UnigramModelJson;
