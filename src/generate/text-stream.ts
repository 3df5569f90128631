/** From tokens to text that can be shown: whole characters, without what a stop text ends or may yet end. */

import type { Tokenizer } from '../tokenizers/index.ts';
import { createStopScanner } from './stop-strings.ts';

/** See {@link createTextStream}. */
export interface TextStream {
  /** The text that a token completes, and whether a stop text ended it. */
  push(id: number): { readonly text: string; readonly stopped: boolean };
  /** What was held back, when no further token comes. */
  end(): { readonly text: string; readonly stopped: boolean };
}

/** Tokens of what came before that a decoder is shown: more than any character has. */
const SHOWN = 8;

/**
 * The text of tokens as they come, up to the first of `stops`.
 *
 * @param before what the tokens follow: a word that begins with a space keeps it there, and a character that was begun is ended. Default
 *   nothing: they are a text by themselves
 */
export function createTextStream(
  tokenizer: Pick<Tokenizer, 'createDecoder' | 'specialTokens'>,
  stops: readonly string[],
  before: ArrayLike<number> = [],
): TextStream {
  const decoder = tokenizer.createDecoder();
  if (before.length > 0) {
    const special = new Set(tokenizer.specialTokens.values());
    for (const id of Array.from(before).slice(-SHOWN)) if (!special.has(id)) decoder.push(id);
  }
  const scanner = createStopScanner(stops);
  return {
    push: (id) => scanner.push(decoder.push(id)),
    end() {
      const { text, stopped } = scanner.push(decoder.end());
      return { text: stopped ? text : text + scanner.end(), stopped };
    },
  };
}
