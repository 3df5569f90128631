/** The interface of every kind of tokenizer. */

import type { TokenizerJson } from './json/tokenizer-json.ts';

/** Turns text into token ids and back. */
export interface Tokenizer {
  readonly type: 'bpe' | 'characters';
  /** Number of ids, special tokens included: every id is below it. */
  readonly vocabSize: number;
  /** Ids of the special tokens by their text. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Id of `<|endoftext|>`, which separates documents and starts a text; undefined where the vocabulary lacks it. */
  readonly endOfText: number | undefined;
  /**
   * The ids of a text. Lone surrogates count as U+FFFD.
   *
   * @throws UsageError `WEFT_TOKENIZER_CHARACTER` when a character tokenizer without an unknown token meets a new character.
   */
  encode(text: string, options?: EncodeOptions): Uint32Array;
  /**
   * The text of some ids; special tokens give their own text, bytes that are no UTF-8 give U+FFFD.
   *
   * @throws UsageError `WEFT_TOKENIZER_ID` when an id is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>): string;
  /**
   * The bytes that a token stands for, a copy; for a special token its text.
   *
   * @throws UsageError `WEFT_TOKENIZER_ID` when the id is not in the vocabulary.
   */
  tokenBytes(id: number): Uint8Array;
  /** A decoder that takes one id after another; each call gives a new one. */
  createDecoder(): StreamingDecoder;
  /** The tokenizer in the schema of Hugging Face's `tokenizer.json`. */
  toJSON(): TokenizerJson;
}

/** What `encode` does with the text of special tokens. */
export interface EncodeOptions {
  /**
   * `text` (the default): the text of a special token is ordinary text, so that no user input can forge one.
   * `allow`: it becomes that token.
   */
  readonly specialTokens?: 'text' | 'allow';
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
