/** Steps over UTF-8 bytes that the splitters share. The bytes are well-formed UTF-8, and positions are starts of characters. */

import { LOWER, NUMBER, OTHER, PUNCTUATION, SPACE, UPPER, classOf } from './unicode-classes.ts';

/**
 * Where the piece that begins at `start` ends.
 *
 * @param bytes - well-formed UTF-8, and a zero byte at `end`
 * @param start - below `end`
 * @param end - end of the text in `bytes`
 */
export type Splitter = (bytes: Uint8Array, start: number, end: number) => number;

/** Writes the ends of the pieces from `start` on to `ends`, at least one, and returns how many; `ends` has room for four or more. */
export type BatchSplitter = (bytes: Uint8Array, start: number, end: number, ends: Int32Array) => number;

/** Class of each ASCII byte; 0 for the bytes of longer characters. */
export const BYTE_CLASSES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return 0;
  if (byte >= 0x41 && byte <= 0x5a) return UPPER;
  if (byte >= 0x61 && byte <= 0x7a) return LOWER;
  if (byte >= 0x30 && byte <= 0x39) return NUMBER;
  if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) return SPACE;
  return byte < 0x20 || byte === 0x7f ? OTHER : PUNCTUATION;
});

/** Bytes of the character whose first byte is `lead`. */
export function characterSize(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** Class of the character at `position`. */
export function classAt(bytes: Uint8Array, position: number): number {
  const lead = bytes[position] as number;
  if (lead < 0x80) return BYTE_CLASSES[lead] as number;
  return classOf(codePointAt(bytes, position, lead));
}

/** End of the run of characters of the classes `wanted` that begins at `position`; `position` itself when there is none. */
export function runEnd(bytes: Uint8Array, position: number, end: number, wanted: number): number {
  let at = position;
  while (at < end) {
    const lead = bytes[at] as number;
    if (lead < 0x80) {
      if (((BYTE_CLASSES[lead] as number) & wanted) === 0) return at;
      at++;
    } else {
      if ((classOf(codePointAt(bytes, at, lead)) & wanted) === 0) return at;
      at += characterSize(lead);
    }
  }
  return at;
}

/** `\s+(?!\S)|\s+`: white space up to the character before the next word, which takes the last space along. */
export function spacesBeforeWord(bytes: Uint8Array, start: number, end: number): number {
  return beforeLast(bytes, start, runEnd(bytes, start, end, SPACE), end);
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+`: white space up to the last line end, and otherwise as {@link spacesBeforeWord}. */
export function spacesWithLines(bytes: Uint8Array, start: number, end: number): number {
  const after = runEnd(bytes, start, end, SPACE);
  for (let at = after - 1; at >= start; at--) if (bytes[at] === 0x0a || bytes[at] === 0x0d) return at + 1;
  return beforeLast(bytes, start, after, end);
}

/** White space `start .. after` less its last character, unless it is the only one or the text ends there. */
function beforeLast(bytes: Uint8Array, start: number, after: number, end: number): number {
  if (after === end) return after;
  let last = after - 1;
  while (((bytes[last] as number) & 0xc0) === 0x80) last--;
  return last > start ? last : after;
}

/** `\p{N}{1,most}`, where the first is one. */
export function numberEnd(bytes: Uint8Array, start: number, end: number, most: number): number {
  let at = start;
  for (let digits = 0; digits < most && at < end && classAt(bytes, at) === NUMBER; digits++) at += characterSize(bytes[at] as number);
  return at;
}

/** `(?i:'s|'t|'re|'ve|'m|'ll|'d)`, where the long s, U+017F, is an s too; `start` itself when there is none. `start` has an apostrophe. */
export function contractionEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start + 1 >= end) return start;
  const first = (bytes[start + 1] as number) | 0x20;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return start + 2;
  if (start + 2 >= end) return start;
  if (bytes[start + 1] === 0xc5 && bytes[start + 2] === 0xbf) return start + 3;
  const second = (bytes[start + 2] as number) | 0x20;
  if (second === 0x65 && (first === 0x72 || first === 0x76)) return start + 3;
  return first === 0x6c && second === 0x6c ? start + 3 : start;
}

function codePointAt(bytes: Uint8Array, position: number, lead: number): number {
  const second = (bytes[position + 1] as number) & 0x3f;
  if (lead < 0xe0) return ((lead & 0x1f) << 6) | second;
  const third = (bytes[position + 2] as number) & 0x3f;
  if (lead < 0xf0) return ((lead & 0x0f) << 12) | (second << 6) | third;
  return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | ((bytes[position + 3] as number) & 0x3f);
}
