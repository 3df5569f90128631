/**
 * The splitting of GPT-2, written out by hand.
 *
 * Source: openai/gpt-2 `src/encoder.py`; the pattern below is tiktoken's `gpt2`.
 */

import { type Splitter, classAt, runEnd, spacesBeforeWord } from './runs.ts';
import { SPACE } from './unicode-classes.ts';

/** The pattern that {@link splitGpt2} follows. */
export const GPT2_PATTERN: string = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/** Contractions, then runs of letters, numbers or other characters with one leading space, then white space. */
export const splitGpt2: Splitter = (bytes, start, end) => {
  const first = bytes[start] as number;
  if (first === 0x27) {
    const after = contractionEnd(bytes, start, end);
    if (after > start) return after;
  }
  const word = first === 0x20 && start + 1 < end ? start + 1 : start;
  const kind = classAt(bytes, word);
  return kind === SPACE ? spacesBeforeWord(bytes, start, end) : runEnd(bytes, word, end, kind);
};

/** `'s|'t|'re|'ve|'m|'ll|'d` */
function contractionEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start + 1 >= end) return start;
  const first = bytes[start + 1] as number;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return start + 2;
  if (start + 2 >= end) return start;
  const second = bytes[start + 2] as number;
  if (second === 0x65 && (first === 0x72 || first === 0x76)) return start + 3;
  return first === 0x6c && second === 0x6c ? start + 3 : start;
}
