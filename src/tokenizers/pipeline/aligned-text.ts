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

/** Replaces every character by a text, which keeps its place; by nothing to remove it. */
export function mapAligned(aligned: AlignedText, map: (character: string) => string): AlignedText {
  const builder = createBuilder(aligned);
  for (let at = 0; at < aligned.text.length;) {
    const end = at + unitsOf(codePointAt(aligned.text, at));
    builder.add(map(aligned.text.slice(at, end)), at);
    at = end;
  }
  return builder.build();
}

/** Puts a text before it, which takes the place of the first character. */
export function prependAligned(aligned: AlignedText, text: string): AlignedText {
  if (aligned.text === '') return aligned;
  const builder = createBuilder(aligned);
  builder.add(text, 0);
  for (let at = 0; at < aligned.text.length; at++) builder.add(aligned.text[at] as string, text === '' && at === 0 ? -1 : at);
  return builder.build();
}

/** Replaces matches (start, end, start, end, …) by a text, which takes the place of the last character that goes. */
export function replaceAligned(aligned: AlignedText, matches: readonly number[], text: string): AlignedText {
  const builder = createBuilder(aligned);
  let position = 0;
  const keep = (end: number): void => {
    for (; position < end; position++) builder.add(aligned.text[position] as string, position);
  };
  for (let index = 0; index < matches.length; index += 2) {
    keep(matches[index] as number);
    const end = matches[index + 1] as number;
    builder.add(text, end - 1);
    position = end;
  }
  keep(aligned.text.length);
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

/** Collects characters with their places: those of a unit of the old text, or none of them for -1. */
function createBuilder(aligned: AlignedText): { add(text: string, from: number): void; build(): AlignedText } {
  const parts: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  return {
    add(text, from) {
      parts.push(text);
      for (let unit = 0; unit < text.length; unit++) {
        starts.push(from < 0 ? aligned.shift : (aligned.starts[from] as number));
        ends.push(from < 0 ? aligned.shift : (aligned.ends[from] as number));
      }
    },
    build: () => ({ text: parts.join(''), starts: Int32Array.from(starts), ends: Int32Array.from(ends), shift: aligned.shift }),
  };
}
