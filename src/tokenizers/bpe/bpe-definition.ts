/** All that a byte-level tokenizer is, as plain data. */

import type { SpecialTokens } from '../special-tokens.ts';
import type { Splitting } from '../splitting/splittings.ts';
import type { TokenArena } from '../token-arena.ts';
import type { MergeList } from './merge-table.ts';

/** All that a byte-level tokenizer is. */
export interface BpeDefinition {
  readonly splitting: Splitting;
  /** The bytes of every token; its place is its id. Special tokens have their text's bytes. */
  readonly tokens: TokenArena;
  /** Id of each single byte; -1 where the vocabulary lacks it. */
  readonly byteIds: Int32Array;
  /** In the order of their ranks. */
  readonly merges: MergeList;
  /** Whether a piece that is a token is taken whole, even where merges would not lead to it. */
  readonly ignoreMerges: boolean;
  /**
   * Whether each merge makes a token that no earlier one makes, of bytes and tokens of earlier ones, and happens when that token's
   * bytes are merged alone. Where it is not said it is found out, which takes some time for a large vocabulary.
   */
  readonly areMergesSound?: boolean;
  readonly special: SpecialTokens;
}
