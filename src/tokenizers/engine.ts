/** What one kind of tokenizer has to be able to do; `createTokenizer` makes the whole interface of it. */

import type { TokenizerJson } from './json/tokenizer-json.ts';
import type { StreamingDecoder, TokenizerType } from './tokenizer.ts';

/** Ids and their places in the text, in UTF-16 units. */
export interface Alignment {
  readonly ids: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** A special token that is put before, between or behind the texts, or one of the texts. */
export type TemplatePart = { readonly id: number; readonly type: number } | { readonly text: 'first' | 'second'; readonly type: number };

/** What stands around one text and around two. */
export interface Template {
  readonly single: readonly TemplatePart[];
  readonly pair: readonly TemplatePart[];
}

/** One kind of tokenizer. Texts may have lone surrogates; `special` says whether special tokens are found in the text. */
export interface TokenizerEngine {
  readonly type: TokenizerType;
  /** Number of ids. */
  readonly size: number;
  /** Special tokens by their text. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** The token as the vocabulary spells it; undefined for an id that stands for nothing. */
  token(id: number): string | undefined;
  /** The bytes that a token stands for, a copy; the id is in the vocabulary. */
  tokenBytes(id: number): Uint8Array;
  encode(text: string, special: boolean): Uint32Array;
  align(text: string, special: boolean): Alignment;
  /** Never throws. Without it, the length of `encode`. */
  readonly count?: (text: string, special: boolean) => number;
  /** The count, or a number above `limit` as soon as it is known to be above. */
  readonly countUpTo?: (text: string, limit: number, special: boolean) => number;
  /**
   * A place `p` of the text, in UTF-16 units, such that whatever is appended, the ids are those of `text.slice(0, p)` followed by
   * those of the rest; as far behind as can be told. Without it, 0.
   */
  readonly stableEnd?: (text: string, special: boolean) => number;
  /** Ids are in the vocabulary. */
  decode(ids: ArrayLike<number>, skipSpecial: boolean): string;
  createDecoder(skipSpecial: boolean): StreamingDecoder;
  readonly template?: Template | undefined;
  toJSON(): TokenizerJson;
}
