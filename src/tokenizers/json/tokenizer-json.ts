/** The part of Hugging Face's `tokenizer.json` that is written here. Source: huggingface/tokenizers 0.23, `tokenizer/serialization.rs`. */

/** A `tokenizer.json`: plain data, as `JSON.stringify` takes it. */
export interface TokenizerJson {
  readonly version: '1.0';
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly AddedTokenJson[];
  readonly normalizer: null;
  readonly pre_tokenizer: PreTokenizerJson | null;
  readonly post_processor: null;
  readonly decoder: DecoderJson;
  readonly model: BpeModelJson;
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

/** Splits text into pieces before the model sees it. */
export type PreTokenizerJson =
  | { readonly type: 'ByteLevel'; readonly add_prefix_space: boolean; readonly trim_offsets: boolean; readonly use_regex: boolean }
  | { readonly type: 'Split'; readonly pattern: { readonly Regex: string }; readonly behavior: 'Isolated'; readonly invert: boolean }
  | { readonly type: 'Sequence'; readonly pretokenizers: readonly PreTokenizerJson[] };

/** Turns tokens back into text. */
export type DecoderJson =
  | { readonly type: 'ByteLevel'; readonly add_prefix_space: boolean; readonly trim_offsets: boolean; readonly use_regex: boolean }
  | { readonly type: 'Fuse' };

/** Byte pair encoding; a character tokenizer is one without merges. */
export interface BpeModelJson {
  readonly type: 'BPE';
  readonly dropout: null;
  readonly unk_token: string | null;
  readonly continuing_subword_prefix: null;
  readonly end_of_word_suffix: null;
  readonly fuse_unk: boolean;
  readonly byte_fallback: boolean;
  readonly ignore_merges: boolean;
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly [string, string])[];
}
