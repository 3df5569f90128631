/**
 * WordPiece: the longest token that a word begins with, then the longest that its rest begins with, and so on.
 *
 * Source: huggingface/tokenizers 0.23, `models/wordpiece/mod.rs`; google-research/bert, `tokenization.py`.
 */

import { codePointAt, unitsOf } from '../pipeline/code-points.ts';
import { type Model, type Token, byteLength, remembering, unknownPiece, withoutReserved } from '../pipeline/model.ts';

/** All that the model is. */
export interface WordPieceOptions {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknown: string;
  /** Before every token but the first of a word. */
  readonly prefix: string;
  /** Longer words are unknown, in code points. */
  readonly longest: number;
  /** Tokens that text never becomes. */
  readonly reserved: ReadonlySet<string>;
}

/** The model. */
export function createWordPieceModel({ vocabulary, unknown, prefix, longest, reserved }: WordPieceOptions): Model {
  const pieces = withoutReserved(vocabulary, reserved);
  const unknownId = vocabulary.get(unknown);
  let longestToken = 0;
  for (const text of vocabulary.keys()) longestToken = Math.max(longestToken, text.length);

  /** Ids and ends of the tokens of a word, in UTF-16 units; undefined where it is unknown. */
  const match = (word: string): { readonly ids: readonly number[]; readonly ends: readonly number[] } | undefined => {
    if (word.length > longest && isLonger(word, longest)) return undefined;
    const ids: number[] = [];
    const ends: number[] = [];
    for (let start = 0; start < word.length;) {
      let end = Math.min(word.length, start + longestToken);
      let id: number | undefined;
      for (; end > start; end--) {
        if (end < word.length && word.charCodeAt(end) >= 0xdc00 && word.charCodeAt(end) <= 0xdfff) continue;
        id = pieces.get(start > 0 ? prefix + word.slice(start, end) : word.slice(start, end));
        if (id !== undefined) break;
      }
      if (id === undefined) return undefined;
      ids.push(id);
      ends.push(end);
      start = end;
    }
    return { ids, ends };
  };
  const unknownOf = (word: string): number => {
    if (unknownId === undefined) throw unknownPiece(word);
    return unknownId;
  };

  return {
    type: 'wordpiece',
    vocabulary,
    size: vocabulary.size,
    encode: remembering((word) => match(word)?.ids ?? [unknownOf(word)]),
    align: remembering((word) => {
      const found = match(word);
      if (found === undefined) return [{ id: unknownOf(word), start: 0, end: byteLength(word), text: unknown }];
      const tokens: Token[] = [];
      let start = 0;
      let at = 0;
      found.ids.forEach((id, index) => {
        const end = found.ends[index] as number;
        const part = word.slice(start, end);
        const bytes = byteLength(part);
        tokens.push({ id, start: at, end: at + bytes, text: start > 0 ? prefix + part : part });
        at += bytes;
        start = end;
      });
      return tokens;
    }),
  };
}

function isLonger(word: string, longest: number): boolean {
  let count = 0;
  for (let at = 0; at < word.length; at += unitsOf(codePointAt(word, at))) if (++count > longest) return true;
  return false;
}
