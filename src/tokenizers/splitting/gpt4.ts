/**
 * The splitting of GPT-4 (cl100k), which Llama 3 shares, and that of Qwen 2, which takes digits one by one; written out by hand.
 *
 * Source: npm tiktoken 1.0.22, `encoders/cl100k_base.json`; `Qwen/Qwen2-7B`, `tokenizer.json`. Newer releases of the Python package
 * write cl100k's with possessive quantifiers.
 */

import {
  BYTE_CLASSES,
  type BatchSplitter,
  type Splitter,
  characterSize,
  classAt,
  contractionEnd,
  numberEnd,
  runEnd,
  spacesWithLines,
} from './runs.ts';
import { LETTER, NUMBER, SIGN, SPACE } from './unicode-classes.ts';

const patternOf = (digits: string): string =>
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** The pattern that {@link splitGpt4} follows. */
export const GPT4_PATTERN: string = patternOf('{1,3}');
/** The pattern that {@link splitQwen2} follows. */
export const QWEN2_PATTERN: string = patternOf('');

/** Contractions in either case, words with one leading character, up to three digits, the rest with its line ends, white space. */
export const splitGpt4: Splitter = (bytes, start, end) => split(bytes, start, end, 3);

/** The same with single digits. */
export const splitQwen2: Splitter = (bytes, start, end) => split(bytes, start, end, 1);

/** Many pieces at a time, as {@link splitGpt4}. */
export const splitGpt4Batch: BatchSplitter = (bytes, start, end, ends) => splitBatch(bytes, { start, end, digits: 3 }, ends);

/** Many pieces at a time, as {@link splitQwen2}. */
export const splitQwen2Batch: BatchSplitter = (bytes, start, end, ends) => splitBatch(bytes, { start, end, digits: 1 }, ends);

/** Words of ASCII letters, the commonest pieces, go by the shortest way. */
function splitBatch(
  bytes: Uint8Array,
  { start, end, digits }: { readonly start: number; readonly end: number; readonly digits: number },
  ends: Int32Array,
): number {
  let count = 0;
  for (let at = start; at < end && count < ends.length;) {
    const first = bytes[at] as number;
    let next = at + 1;
    if (
      ((BYTE_CLASSES[first] as number) & LETTER) !== 0 ||
      (((BYTE_CLASSES[bytes[next] as number] as number) & LETTER) !== 0 && (LEADS[first] as number) !== 0)
    ) {
      while (((BYTE_CLASSES[bytes[next] as number] as number) & LETTER) !== 0) next++;
      at = (bytes[next] as number) < 0x80 ? next : runEnd(bytes, next, end, LETTER);
    } else at = split(bytes, at, end, digits);
    ends[count++] = at;
  }
  return count;
}

/** ASCII bytes of `[^\r\n\p{L}\p{N}]` less the apostrophe, which may begin a contraction. */
const LEADS: Uint8Array = BYTE_CLASSES.map((kind, byte) =>
  (kind & (LETTER | NUMBER)) === 0 && byte < 0x80 && byte !== 0x0a && byte !== 0x0d && byte !== 0x27 ? 1 : 0,
);

// oxlint-disable-next-line max-params -- called for every piece
function split(bytes: Uint8Array, start: number, end: number, digits: number): number {
  const first = bytes[start] as number;
  if (first === 0x27) {
    const after = contractionEnd(bytes, start, end);
    if (after > start) return after;
  }
  const kind = classAt(bytes, start);
  if ((kind & LETTER) !== 0) return runEnd(bytes, start, end, LETTER);
  if (kind === NUMBER) return numberEnd(bytes, start, end, digits);
  const next = start + characterSize(first);
  const nextKind = next < end ? classAt(bytes, next) : SPACE;
  if ((nextKind & LETTER) !== 0 && first !== 0x0a && first !== 0x0d) return runEnd(bytes, next, end, LETTER);
  if ((kind & SIGN) !== 0) return lineEnds(bytes, runEnd(bytes, start, end, SIGN), end);
  if ((nextKind & SIGN) !== 0 && first === 0x20) return lineEnds(bytes, runEnd(bytes, next, end, SIGN), end);
  return spacesWithLines(bytes, start, end);
}

function lineEnds(bytes: Uint8Array, position: number, end: number): number {
  let at = position;
  while (at < end && (bytes[at] === 0x0a || bytes[at] === 0x0d)) at++;
  return at;
}
