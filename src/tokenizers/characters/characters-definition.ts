/** All that a character tokenizer is, as plain data. */

import type { SpecialTokens } from '../special-tokens.ts';

/** All that a character tokenizer is. */
export interface CharactersDefinition {
  /** Id of each code point. */
  readonly ids: ReadonlyMap<number, number>;
  readonly special: SpecialTokens;
  /** Text of the special token for characters that are not in the vocabulary; without it they are an error. */
  readonly unknown: string | undefined;
}
