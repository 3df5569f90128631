/** What the algorithms of a `tokenizer.json` have in common: pieces become tokens. */

import { UsageError } from '../../core/index.ts';
import type { TokenizerType } from '../tokenizer.ts';

/** One token of a piece. */
export interface Token {
  readonly id: number;
  /** Where it begins and ends, in UTF-8 bytes of the piece. */
  readonly start: number;
  readonly end: number;
  /** The text that its spaces are trimmed by: the token's, or the piece's own. */
  readonly text: string;
}

/** Turns pieces into tokens. */
export interface Model {
  readonly type: TokenizerType;
  /** Ids by token. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Number of tokens, from which added tokens that are not in the vocabulary are counted. */
  readonly size: number;
  /** Ids of a piece that is not empty. */
  encode(piece: string): ArrayLike<number>;
  /** As `encode`, with places. */
  align(piece: string): readonly Token[];
  /** Pieces that no merge can join, for long texts; without it the text is one piece. */
  readonly cut?: (text: string, pieces: number[]) => void;
}

/** Pieces of a model are remembered up to this length. */
const LONGEST_REMEMBERED = 64;
const MOST_REMEMBERED = 1 << 16;

/** A function that remembers what it said of short pieces; bounded, and emptied when it is full. */
export function remembering<T>(encode: (piece: string) => T): (piece: string) => T {
  const known = new Map<string, T>();
  return (piece) => {
    if (piece.length > LONGEST_REMEMBERED) return encode(piece);
    let answer = known.get(piece);
    if (answer === undefined) {
      answer = encode(piece);
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(piece, answer);
    }
    return answer;
  };
}

/** A vocabulary less the tokens that text must not become. */
export function withoutReserved(vocabulary: ReadonlyMap<string, number>, reserved: ReadonlySet<string>): ReadonlyMap<string, number> {
  if (reserved.size === 0) return vocabulary;
  const rest = new Map(vocabulary);
  for (const text of reserved) rest.delete(text);
  return rest;
}

/** The error for a piece that a model has no token for. */
export function unknownPiece(piece: string): UsageError {
  return new UsageError({
    code: 'WEFT_TOKENIZER_CHARACTER',
    action: 'encode a text',
    rule: 'the vocabulary lacks a piece of it, and there is no unknown token',
    value: JSON.stringify(piece.slice(0, 40)),
    remedy: 'Give the model an unknown token that is in its vocabulary, or leave the piece out.',
  });
}

/** UTF-8 bytes of a text without lone surrogates. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit < 0xe000 ? 2 : 3;
  }
  return bytes;
}
