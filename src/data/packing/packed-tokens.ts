/** Tokens of a corpus end to end, read by position. */

/** Tokens end to end, in shards on the disk or in memory. */
export interface PackedTokens {
  /** The folder of the shards; empty for tokens in memory. */
  readonly folder: string;
  /** Number of tokens, those that end documents included. */
  readonly tokens: number;
  /** UTF-8 bytes of the documents. */
  readonly bytes: number;
  readonly documents: number;
  /** Every token is below it. */
  readonly vocabSize: number;
  /**
   * Reads tokens from `start` on.
   *
   * @throws UsageError `WEFT_DATA_RANGE` when they are not all there
   */
  read(start: number, length: number): Uint32Array;
  /** Closes the files. Reading after that is an error. */
  close(): void;
}

/** Element type of the shards: the smallest that holds every token. */
export type TokenType = 'uint16' | 'uint32';

/** Tokens in the element type of a shard. */
export type TokenArray = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** The element type for a vocabulary. */
export function tokenTypeFor(vocabSize: number): TokenType {
  return vocabSize <= 0x1_0000 ? 'uint16' : 'uint32';
}

/** Bytes of an element. */
export const TOKEN_BYTES: { readonly [type in TokenType]: number } = { uint16: 2, uint32: 4 };

/** An array of zeros of the element type. */
export function allocateTokens(type: TokenType, length: number): TokenArray {
  return type === 'uint16' ? new Uint16Array(length) : new Uint32Array(length);
}
