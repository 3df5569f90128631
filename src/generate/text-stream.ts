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

/** The text of tokens as they come, up to the first of `stops`. */
export function createTextStream(tokenizer: Pick<Tokenizer, 'createDecoder'>, stops: readonly string[]): TextStream {
  const decoder = tokenizer.createDecoder();
  const scanner = createStopScanner(stops);
  return {
    push: (id) => scanner.push(decoder.push(id)),
    end() {
      const { text, stopped } = scanner.push(decoder.end());
      return { text: stopped ? text : text + scanner.end(), stopped };
    },
  };
}
