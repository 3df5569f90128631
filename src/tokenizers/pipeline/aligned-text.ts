/**
 * A text that was changed, with the place that each of its characters had in the original.
 *
 * Source: huggingface/tokenizers 0.23, `tokenizer/normalizer.rs`: what a changed text is aligned to follows its rules, oddities
 * included, in UTF-16 units where theirs are bytes.
 */

import { codePointAt, unitsOf } from './code-points.ts';

/** A text and the range of the original that each UTF-16 unit of it came from. */
export interface AlignedText {
  readonly text: string;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Where the part of the original begins that this is made of. */
  readonly shift: number;
}

/** A character of a new text: 0 replaces the next one of the old, 1 is new, -n replaces one and removes n more. */
export interface Change {
  readonly text: string;
  readonly change: number;
}

/** A text that is its own original. */
export function alignedText(text: string): AlignedText {
  const starts = new Int32Array(text.length);
  const ends = new Int32Array(text.length);
  for (let at = 0; at < text.length;) {
    const end = at + unitsOf(codePointAt(text, at));
    for (let unit = at; unit < end; unit++) {
      starts[unit] = at;
      ends[unit] = end;
    }
    at = end;
  }
  return { text, starts, ends, shift: 0 };
}

/** A part of it, which begins in the original where its first character does. */
export function sliceAligned(aligned: AlignedText, start: number, end: number): AlignedText {
  return {
    text: aligned.text.slice(start, end),
    starts: aligned.starts.subarray(start, end),
    ends: aligned.ends.subarray(start, end),
    shift: start < end ? (aligned.starts[start] as number) : aligned.shift + start,
  };
}

/** The original stays the same, only characters at both ends go. */
export function trimAligned(aligned: AlignedText, start: number, end: number): AlignedText {
  return { ...sliceAligned(aligned, start, end), shift: aligned.shift };
}

/** Replaces the characters that match a pattern (with the flags `gu`) by texts, which keep their places; by nothing to remove them. */
export function mapAligned(aligned: AlignedText, pattern: RegExp, map: (character: string) => string): AlignedText {
  const { text } = aligned;
  const builder = createBuilder(aligned);
  let position = 0;
  for (const match of text.matchAll(pattern)) {
    builder.copy(position, match.index);
    builder.add(map(match[0]), match.index);
    position = match.index + match[0].length;
  }
  if (position === 0) return aligned;
  builder.copy(position, text.length);
  return builder.build();
}

/** Puts a text before it, which takes the place of the first character. */
export function prependAligned(aligned: AlignedText, text: string): AlignedText {
  if (aligned.text === '') return aligned;
  const builder = createBuilder(aligned);
  builder.add(text, 0);
  if (text === '') builder.add(aligned.text[0] as string, -1);
  builder.copy(text === '' ? 1 : 0, aligned.text.length);
  return builder.build();
}

/** Replaces matches (start, end, start, end, …) by a text, which takes the place of the last character that goes. */
export function replaceAligned(aligned: AlignedText, matches: readonly number[], text: string): AlignedText {
  const builder = createBuilder(aligned);
  if (matches.length === 0) return aligned;
  let position = 0;
  for (let index = 0; index < matches.length; index += 2) {
    builder.copy(position, matches[index] as number);
    const end = matches[index + 1] as number;
    builder.add(text, end - 1);
    position = end;
  }
  builder.copy(position, aligned.text.length);
  return builder.build();
}

/** Replaces the whole text by changed characters. */
export function transformAligned(aligned: AlignedText, changes: Iterable<Change>): AlignedText {
  const builder = createBuilder(aligned);
  const { length } = aligned.text;
  let position = 0;
  const step = (): void => {
    if (position < length) position += unitsOf(codePointAt(aligned.text, position));
  };
  for (const { text, change } of changes) {
    builder.add(text, change > 0 ? position - 1 : Math.min(position, length - 1));
    for (let skipped = change; skipped <= 0; skipped++) step();
  }
  return builder.build();
}

/** Collects characters with their places. */
interface Builder {
  /** A text that has the place of a unit of the old text, or none for -1. */
  add(text: string, from: number): void;
  /** A part of the old text. */
  copy(start: number, end: number): void;
  build(): AlignedText;
}

function createBuilder(aligned: AlignedText): Builder {
  let starts = new Int32Array(aligned.text.length + 16);
  let ends = new Int32Array(aligned.text.length + 16);
  let length = 0;
  let result = '';
  const reserve = (more: number): void => {
    if (length + more <= starts.length) return;
    const [oldStarts, oldEnds] = [starts, ends];
    starts = new Int32Array((length + more) * 2);
    ends = new Int32Array(starts.length);
    starts.set(oldStarts);
    ends.set(oldEnds);
  };
  return {
    add(text, from) {
      reserve(text.length);
      result += text;
      starts.fill(from < 0 ? aligned.shift : (aligned.starts[from] as number), length, length + text.length);
      ends.fill(from < 0 ? aligned.shift : (aligned.ends[from] as number), length, length + text.length);
      length += text.length;
    },
    copy(start, end) {
      if (start >= end) return;
      reserve(end - start);
      result += aligned.text.slice(start, end);
      starts.set(aligned.starts.subarray(start, end), length);
      ends.set(aligned.ends.subarray(start, end), length);
      length += end - start;
    },
    build: () => ({ text: result, starts: starts.subarray(0, length), ends: ends.subarray(0, length), shift: aligned.shift }),
  };
}
