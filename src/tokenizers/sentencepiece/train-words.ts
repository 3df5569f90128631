/**
 * The words that SentencePiece's trainers learn from: normalised, marked with `▁`, rare characters made unknown, each with its count.
 *
 * SentencePiece normalises line by line and then splits at spaces. Here chunks between spaces are counted first and normalised once
 * each, as no rule of its normalisers looks across a space. Which characters are rare is decided as `LoadSentences` does
 * (google/sentencepiece 0.1.97, `trainer_interface.cc`). Lines that SentencePiece skips for being long are not skipped.
 */

import { type ChunkCounts, FIRST, LAST } from '../training/count-chunks.ts';

/** The mark of a space. */
export const MARK = '▁';
/** Stands for characters that are too rare for the vocabulary, and between the parts of a text that symbols separate. */
export const UNKNOWN_SYMBOL = 1;
/** Symbols below this are no characters. Symbol 0 is left to users of the words. */
export const FIRST_CHARACTER = 2;

/** Words as lists of symbols; the symbol of a character is {@link FIRST_CHARACTER} plus its place in `characters`. */
export interface TrainingWords {
  readonly size: number;
  /** Code points of the vocabulary, ascending. */
  readonly characters: Int32Array;
  /** How often each occurs. */
  readonly characterCounts: Float64Array;
  /** Symbols of all words, end to end. */
  readonly symbols: Int32Array;
  /** Where each word begins in `symbols`; one more entry for the end. */
  readonly starts: Int32Array;
  readonly counts: Float64Array;
  /** How often each word ended a line. */
  readonly lastCounts: Float64Array;
}

/** How words are made. */
export interface WordOptions {
  /** Normalises a text without adding to its beginning; a function of every stretch without spaces alone. */
  readonly normalize: (text: string) => string;
  /** Whether the first word of a line is marked too. */
  readonly dummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  /** Texts that are never part of a word. */
  readonly symbols: readonly string[];
  /** Share of all characters that the characters of the vocabulary cover. */
  readonly characterCoverage: number;
}

/** What separates words where a symbol stood; SentencePiece uses it too, and never takes it into the vocabulary. */
const BOUNDARY = '\t';

/** The words of counted chunks. */
export function createTrainingWords(chunks: ChunkCounts, options: WordOptions): TrainingWords {
  const words = wordsOf(chunks, options);
  const { characters, counts: characterCounts } = charactersOf(words, options.characterCoverage);
  const symbolOf = new Map(Array.from(characters, (character, index) => [character, FIRST_CHARACTER + index]));
  const length = words.reduce((sum, { text }) => sum + text.length, 0);
  const symbols = new Int32Array(length);
  const starts = new Int32Array(words.length + 1);
  let at = 0;
  words.forEach(({ text }, index) => {
    starts[index] = at;
    for (let unit = 0; unit < text.length; unit++) {
      const character = text.codePointAt(unit) as number;
      if (character > 0xffff) unit++;
      symbols[at++] = symbolOf.get(character) ?? UNKNOWN_SYMBOL;
    }
  });
  starts[words.length] = at;
  return {
    size: words.length,
    characters,
    characterCounts,
    symbols: symbols.subarray(0, at),
    starts,
    counts: Float64Array.from(words, ({ count }) => count),
    lastCounts: Float64Array.from(words, ({ last }) => last),
  };
}

interface Word {
  readonly text: string;
  count: number;
  last: number;
}

/** Words in the order of their texts, so that the order in which they were read does not matter. */
function wordsOf({ size, bytes, starts, counts, places }: ChunkCounts, options: WordOptions): readonly Word[] {
  const { dummyPrefix, removeExtraWhitespaces } = options;
  const normalize = normalizerOf(options);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const words = new Map<string, Word>();
  for (let chunk = 0; chunk < size; chunk++) {
    const text = decoder.decode(bytes.subarray(starts[chunk], starts[chunk + 1]));
    const count = counts[chunk] as number;
    const place = places[chunk] as number;
    const parts = normalize(text);
    let end = parts.length - 1;
    if (removeExtraWhitespaces) while (end > 0 && parts[end] === '') end--;
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index] as string;
      if (part === '' && removeExtraWhitespaces) continue;
      const marked = index > 0 || dummyPrefix || (place & FIRST) === 0;
      if (part === '' && !marked) continue;
      const key = marked ? MARK + part : part;
      let word = words.get(key);
      if (word === undefined) words.set(key, (word = { text: key, count: 0, last: 0 }));
      word.count += count;
      if ((place & LAST) !== 0 && index === end) word.last += count;
    }
  }
  return [...words.keys()].sort().map((text) => words.get(text) as Word);
}

/** Normalises a chunk, puts boundaries where symbols are, and splits at spaces. */
function normalizerOf({ normalize, symbols }: WordOptions): (chunk: string) => readonly string[] {
  const finder =
    symbols.length === 0
      ? undefined
      : new RegExp(
          symbols
            .toSorted((a, b) => b.length - a.length)
            .map((symbol) => symbol.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
            .join('|'),
          'gu',
        );
  return (chunk) => {
    const normal = normalize(chunk);
    return (finder === undefined ? normal : normal.replace(finder, BOUNDARY)).split(/[ ▁]/);
  };
}

/** The characters that are frequent enough, ascending, with their counts. */
function charactersOf(words: readonly Word[], coverage: number): { readonly characters: Int32Array; readonly counts: Float64Array } {
  const counts = new Map<number, number>();
  let total = 0;
  for (const { text, count } of words) {
    for (let unit = 0; unit < text.length; unit++) {
      const character = text.codePointAt(unit) as number;
      if (character > 0xffff) unit++;
      if (character === 0) continue;
      counts.set(character, (counts.get(character) ?? 0) + count);
      total += count;
    }
  }
  const kept: number[] = [];
  let covered = 0;
  for (const [character, count] of [...counts].sort(([a, countA], [b, countB]) => countB - countA || a - b)) {
    // Both are 32 bits there.
    if (Math.fround(covered / total) >= Math.fround(coverage)) break;
    covered += count;
    if (character !== 9) kept.push(character);
  }
  kept.sort((a, b) => a - b);
  return { characters: Int32Array.from(kept), counts: Float64Array.from(kept, (character) => counts.get(character) as number) };
}
