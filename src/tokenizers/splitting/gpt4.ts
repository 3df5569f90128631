/**
 * The splitting of GPT-4 (cl100k), which Llama 3 shares, written out by hand.
 *
 * Source: npm tiktoken 1.0.22, `encoders/cl100k_base.json`. Newer releases of the Python package write it with possessive quantifiers.
 */

import { type Splitter, characterSize, classAt, runEnd, spacesBeforeWord } from './runs.ts';
import { LETTER, NUMBER, OTHER, SPACE } from './unicode-classes.ts';

/** The pattern that {@link splitGpt4} follows. */
export const GPT4_PATTERN: string = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const DIGITS = 3;

/** Contractions in either case, words with one leading character, up to three digits, the rest with its line ends, white space. */
export const splitGpt4: Splitter = (bytes, start, end) => {
  const first = bytes[start] as number;
  if (first === 0x27) {
    const after = contractionEnd(bytes, start, end);
    if (after > start) return after;
  }
  const kind = classAt(bytes, start);
  if (kind === LETTER) return runEnd(bytes, start, end, LETTER);
  if (kind === NUMBER) return numberEnd(bytes, start, end);
  const next = start + characterSize(first);
  const nextKind = next < end ? classAt(bytes, next) : SPACE;
  if (nextKind === LETTER && first !== 0x0a && first !== 0x0d) return runEnd(bytes, next, end, LETTER);
  if (kind === OTHER) return lineEnds(bytes, runEnd(bytes, start, end, OTHER), end);
  if (nextKind === OTHER && first === 0x20) return lineEnds(bytes, runEnd(bytes, next, end, OTHER), end);
  const after = runEnd(bytes, start, end, SPACE);
  // `\s*[\r\n]+`: all white space up to the last line end.
  for (let at = after - 1; at >= start; at--) if (bytes[at] === 0x0a || bytes[at] === 0x0d) return at + 1;
  return spacesBeforeWord(bytes, start, end);
};

function numberEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (let digits = 0; digits < DIGITS && at < end && classAt(bytes, at) === NUMBER; digits++) at += characterSize(bytes[at] as number);
  return at;
}

function lineEnds(bytes: Uint8Array, position: number, end: number): number {
  let at = position;
  while (at < end && (bytes[at] === 0x0a || bytes[at] === 0x0d)) at++;
  return at;
}

/** `(?i:'s|'t|'re|'ve|'m|'ll|'d)`, where the long s, U+017F, is an s too. */
function contractionEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start + 1 >= end) return start;
  const first = (bytes[start + 1] as number) | 0x20;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return start + 2;
  if (start + 2 >= end) return start;
  if (bytes[start + 1] === 0xc5 && bytes[start + 2] === 0xbf) return start + 3;
  const second = (bytes[start + 2] as number) | 0x20;
  if (second === 0x65 && (first === 0x72 || first === 0x76)) return start + 3;
  return first === 0x6c && second === 0x6c ? start + 3 : start;
}
