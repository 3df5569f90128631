/**
 * The splitting of GPT-2, which r50k and p50k share, written out by hand.
 *
 * Source: openai/gpt-2 `src/encoder.py`; the pattern below is tiktoken's `gpt2`.
 */

import { BYTE_CLASSES, type BatchSplitter, type Splitter, classAt, runEnd, spacesBeforeWord } from './runs.ts';
import { LETTER, NUMBER, SIGN, SPACE } from './unicode-classes.ts';

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
  if (kind === SPACE) return spacesBeforeWord(bytes, start, end);
  return runEnd(bytes, word, end, (kind & LETTER) === 0 ? (kind === NUMBER ? NUMBER : SIGN) : LETTER);
};

/** Many pieces at a time; words of ASCII letters, the commonest pieces, by the shortest way. */
export const splitGpt2Batch: BatchSplitter = (bytes, start, end, ends) => {
  let count = 0;
  for (let at = start; at < end && count < ends.length;) {
    let next = bytes[at] === 0x20 ? at + 1 : at;
    if (((BYTE_CLASSES[bytes[next] as number] as number) & LETTER) === 0) at = splitGpt2(bytes, at, end);
    else {
      do next++;
      while (((BYTE_CLASSES[bytes[next] as number] as number) & LETTER) !== 0);
      at = (bytes[next] as number) < 0x80 ? next : runEnd(bytes, next, end, LETTER);
    }
    ends[count++] = at;
  }
  return count;
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
