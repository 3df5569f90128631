/** The interface of every kind of tokenizer. */

import type { TokenizerJson } from './json/tokenizer-json.ts';

/** The algorithm that turns pieces of text into tokens. */
export type TokenizerType = 'bpe' | 'unigram' | 'wordpiece' | 'words' | 'characters';

/** Turns text into token ids and back. */
export interface Tokenizer {
  readonly type: TokenizerType;
  /** Number of ids, special tokens included: every id is below it. */
  readonly vocabSize: number;
  /** Ids of the special tokens by their text. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Id of `<|endoftext|>`, which separates documents and starts a text; undefined where the vocabulary lacks it. */
  readonly endOfText: number | undefined;
  /** Ids by token, as the vocabulary spells it (GPT-2's alphabet for bytes, `▁` for a space, `##` inside a word). Made when first asked for. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /**
   * The ids of a text. Lone surrogates count as U+FFFD.
   *
   * @throws UsageError `WEFT_TOKENIZER_CHARACTER` when a tokenizer without an unknown token meets a character that it lacks,
   *   `WEFT_TOKENIZER_SPECIAL_TEXT` when `specialTokens` is `refuse` and the text spells one.
   */
  encode(text: string, options?: EncodeOptions): Uint32Array;
  /** As {@link Tokenizer.encode}, with the place in the text and the type of every token. */
  encodeWithOffsets(text: string, options?: EncodeOptions): Encoding;
  /** The ids of each text. */
  encodeBatch(texts: readonly string[], options?: EncodeOptions): Uint32Array[];
  /** How many ids a text has. It never throws on a text: special tokens that are refused and characters that are lacking count as text. */
  count(text: string, options?: EncodeOptions): number;
  /** How many ids a text has; undefined when they are more than `limit`, which is found out without reading the whole text where it can be. */
  countUpTo(text: string, limit: number, options?: EncodeOptions): number | undefined;
  /** The longest beginning of a text that ends where a token and a character end and has at most `limit` ids. */
  truncate(text: string, limit: number, options?: EncodeOptions): string;
  /** Counts a text that grows, without counting again what can't change any more. */
  createCounter(options?: EncodeOptions): TokenCounter;
  /**
   * The text of some ids; special tokens give their own text, bytes that are no UTF-8 give U+FFFD.
   *
   * @throws UsageError `WEFT_TOKENIZER_ID` when an id is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** A decoder that takes one id after another; each call gives a new one. */
  createDecoder(options?: DecodeOptions): StreamingDecoder;
  /**
   * The bytes that a token stands for, a copy; for a special token its text.
   *
   * @throws UsageError `WEFT_TOKENIZER_ID` when the id is not in the vocabulary.
   */
  tokenBytes(id: number): Uint8Array;
  /** The tokenizer in the schema of Hugging Face's `tokenizer.json`. */
  toJSON(): TokenizerJson;
}

/** What `encode` does with special tokens. */
export interface EncodeOptions {
  /**
   * What the spelling of a special token in the text means. `text` (the default): ordinary text, so that no user input can forge
   * one. `allow`: it becomes that token. `refuse`: it is an error.
   */
  readonly specialTokens?: 'text' | 'allow' | 'refuse';
  /** Whether to put the special tokens around the text that the model was trained with, such as `[CLS]` and `[SEP]`. Default false. */
  readonly addSpecialTokens?: boolean;
  /** A second text, which follows the first as its own segment (type 1). */
  readonly pair?: string;
}

/** What `decode` does with special tokens. */
export interface DecodeOptions {
  /** Whether special tokens are left out of the text. Default false. */
  readonly skipSpecialTokens?: boolean;
}

/** Ids with where they came from. */
export interface Encoding {
  readonly ids: Uint32Array;
  /** Where each token's text begins, in UTF-16 units of the text (of the pair for type 1); a token that was added begins and ends at 0. */
  readonly starts: Uint32Array;
  /** Where it ends. Tokens that share a character have the same range. */
  readonly ends: Uint32Array;
  /** Segment of each token: 0, or 1 for the pair (BERT's `token_type_ids`). */
  readonly types: Uint8Array;
  /** 1 for tokens that `addSpecialTokens` put there. */
  readonly added: Uint8Array;
}

/** Counts the tokens of a text that grows. */
export interface TokenCounter {
  /** Appends to the text and returns its count. */
  append(text: string): number;
  /** Ids of all text so far. */
  readonly count: number;
}

/** Decodes one id after another, and never gives half a character. */
export interface StreamingDecoder {
  /** The text that this id completes; empty while a character is incomplete. */
  push(id: number): string;
  /** What is left, incomplete characters as U+FFFD; the decoder is ready for the next text. */
  end(): string;
}

/** The special token that separates documents and starts a text. */
export const END_OF_TEXT = '<|endoftext|>';

/** The token of a character tokenizer for characters that it never saw. */
export const UNKNOWN = '<|unknown|>';

/** Bytes of a token at most, and tokens of a vocabulary: no more is read, so no more is learnt. */
export const LONGEST_TOKEN: number = 1 << 16;
export const LARGEST_VOCABULARY: number = 1 << 22;
