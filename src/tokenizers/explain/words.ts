/** The words of a text, counted and cut into symbols: where every training begins. */

import { bytesToText, textToBytes } from '../byte-alphabet.ts';
import type { Marking, WordSymbols } from './explanation.ts';

/** What one symbol is: a character, or a byte in GPT-2's alphabet. */
export type Unit = 'characters' | 'bytes';

/** A word and where it stands. */
export interface PlacedWord {
  readonly word: string;
  readonly start: number;
}

/** The words of a text: what stands between white space. */
export function wordsOf(text: string): PlacedWord[] {
  return Array.from(text.matchAll(/\P{White_Space}+/gu), (match) => ({ word: match[0], start: match.index }));
}

/** Distinct words with counts, the most frequent first, in the order of their first appearance among equals. */
export function countWords(texts: readonly string[], cut: (word: string) => readonly string[]): WordSymbols[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const { word } of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => ({ word, count, symbols: cut(word) })).sort((a, b) => b.count - a.count);
}

/** A word as symbols, marked; the mark is a symbol of its own where it stands alone. */
export function symbolsOf(word: string, marking: Marking, unit: Unit = 'characters'): readonly string[] {
  const symbols = unit === 'bytes' ? [...bytesToText(new TextEncoder().encode(word))] : [...word];
  if (marking === 'space') return [SPACE_MARK, ...symbols];
  if (marking === 'end') return [...symbols, END_MARK];
  return marking === 'continuing' ? symbols.map((symbol, index) => (index === 0 ? symbol : CONTINUING + symbol)) : symbols;
}

/** How often each symbol occurs, in the order of code points: the order of ids. */
export function countSymbols(words: readonly WordSymbols[]): { readonly symbol: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { symbols, count } of words) for (const symbol of symbols) counts.set(symbol, (counts.get(symbol) ?? 0) + count);
  return [...counts].map(([symbol, count]) => ({ symbol, count })).sort((a, b) => byCodePoint(a.symbol, b.symbol));
}

/** The order of code points, which that of UTF-16 units is not. */
export function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** SentencePiece's sign for a space, U+2581. */
export const SPACE_MARK = '▁';
const END_MARK = '</w>';
const CONTINUING = '##';

/** What two symbols become: the right one's `##` falls away. */
export function join(left: string, right: string, prefix: string = ''): string {
  return left + (prefix !== '' && right.startsWith(prefix) ? right.slice(prefix.length) : right);
}

/** A piece in GPT-2's alphabet as people read it; nothing where it reads the same. */
export function readableText(piece: string): { readonly text?: string } {
  const bytes = textToBytes(piece);
  const text = bytes === undefined ? piece : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  return text === piece ? {} : { text };
}
