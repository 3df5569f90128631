/** A tokenizer's vocabulary, prepared for constraints: the tree of its tokens' bytes, the tokens that end a text, and what it can spell. */

import { UsageError, checkOptions } from '../../core/index.ts';
import type { Tokenizer } from '../../tokenizers/index.ts';
import { type ByteTrie, createByteTrie } from './byte-trie.ts';
import { type TokenTexts, tokenTexts } from './token-texts.ts';

/** What {@link createTokenTrie} makes: it belongs to one tokenizer and serves any number of constraints. */
export interface TokenTrie {
  readonly vocabSize: number;
  /** Tokens that end a text. */
  readonly endTokens: readonly number[];
  /** Tokens by what they add to a text that has begun. */
  readonly inside: ByteTrie;
  /** Tokens by what they add at the beginning; the same tree when that is no different. */
  readonly atStart: ByteTrie;
  /** Tokens that add nothing at the beginning, and whether what follows one is still there. */
  readonly blank: readonly number[];
  readonly blankKeepsStart: boolean;
  /** What each token adds inside a text and at its beginning; undefined for tokens that are never allowed. */
  readonly texts: Pick<TokenTexts, 'inside' | 'atStart'>;
  /** The bytes that are tokens, and the characters of several bytes that are. */
  readonly spells: Spelling;
}

/** What can be written one byte or one character at a time. */
export interface Spelling {
  /** Whether every text can be. */
  readonly everything: boolean;
  /** 1 for each byte that is a token. */
  readonly bytes: Uint8Array;
  readonly characters: readonly Uint8Array[];
}

/** Options of {@link createTokenTrie}. */
export interface TokenTrieOptions {
  /** Ids that end a text; they are allowed exactly where the text may end. Default: the tokenizer's end-of-text token, if it has one. */
  readonly endTokens?: Iterable<number>;
}

/**
 * Prepares a tokenizer's vocabulary for {@link createConstraint}, once for all constraints.
 *
 * Special tokens, and tokens that add nothing to a text, are never allowed by any constraint.
 *
 * @param tokenizer - whose decoder's text is to fit
 * @throws UsageError `WEFT_GENERATE_CONSTRAINT` when the text of a row of tokens isn't what they add one after another, or an
 *   end token isn't in the vocabulary
 *
 * @example
 * ```ts
 * import { createTokenTrie } from 'weft/generate';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['to be or not to be'], { vocabSize: 260 });
 * const trie = createTokenTrie(tokenizer);
 * console.log(trie.vocabSize, trie.spells.everything); // 260 true
 * ```
 */
export function createTokenTrie(tokenizer: Tokenizer, options: TokenTrieOptions = {}): TokenTrie {
  checkOptions('prepare a vocabulary', options, ['endTokens']);
  const { vocabSize, endOfText, specialTokens } = tokenizer;
  const endTokens = [...new Set(options.endTokens ?? (endOfText === undefined ? [] : [endOfText]))];
  const outside = endTokens.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (outside !== undefined) {
    throw new UsageError({
      code: 'WEFT_GENERATE_CONSTRAINT',
      action: 'prepare a vocabulary',
      rule: `end tokens are ids from 0 to ${vocabSize - 1}`,
      value: String(outside),
      remedy: "Give the ids of the tokenizer's own tokens.",
    });
  }
  const texts = tokenTexts(tokenizer, new Set([...specialTokens.values(), ...endTokens]));
  const inside = createByteTrie(texts.inside);
  return {
    vocabSize,
    endTokens,
    inside,
    atStart: texts.atStart === undefined ? inside : createByteTrie(texts.atStart),
    blank: texts.blank,
    blankKeepsStart: texts.blankKeepsStart,
    texts,
    spells: spellingOf(texts.inside),
  };
}

/** Bytes that UTF-8 never has. */
const NEVER_IN_UTF8 = (byte: number): boolean => byte === 0xc0 || byte === 0xc1 || byte > 0xf4;

function spellingOf(texts: readonly (Uint8Array | undefined)[]): Spelling {
  const bytes = new Uint8Array(256);
  const characters: Uint8Array[] = [];
  for (const text of texts) {
    if (text === undefined || text.length === 0 || text.length > 4) continue;
    if (text.length === 1) bytes[text[0] as number] = 1;
    else if (text.length === widthOf(text[0] as number)) characters.push(text);
  }
  return { everything: bytes.every((known, byte) => known === 1 || NEVER_IN_UTF8(byte)), bytes, characters };
}

/** Bytes of the character that begins with a byte. */
function widthOf(lead: number): number {
  return lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}
