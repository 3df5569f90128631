/** Steps over UTF-8 bytes that the splitters share. The bytes are well-formed UTF-8, and positions are starts of characters. */

import { LETTER, NUMBER, OTHER, SPACE, classOf } from './unicode-classes.ts';

/**
 * Where the piece that begins at `start` ends.
 *
 * @param bytes - well-formed UTF-8
 * @param start - below `end`
 * @param end - end of the text in `bytes`
 */
export type Splitter = (bytes: Uint8Array, start: number, end: number) => number;

const ASCII: Uint8Array = new Uint8Array(0x80);
for (let byte = 0; byte < 0x80; byte++) {
  if ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)) ASCII[byte] = LETTER;
  else if (byte >= 0x30 && byte <= 0x39) ASCII[byte] = NUMBER;
  else ASCII[byte] = byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) ? SPACE : OTHER;
}

/** Bytes of the character whose first byte is `lead`. */
export function characterSize(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** Class of the character at `position`. */
export function classAt(bytes: Uint8Array, position: number): number {
  const lead = bytes[position] as number;
  if (lead < 0x80) return ASCII[lead] as number;
  return classOf(codePointAt(bytes, position, lead));
}

/** End of the run of characters of class `wanted` that begins at `position`; `position` itself when there is none. */
export function runEnd(bytes: Uint8Array, position: number, end: number, wanted: number): number {
  let at = position;
  while (at < end) {
    const lead = bytes[at] as number;
    if (lead < 0x80) {
      if (ASCII[lead] !== wanted) return at;
      at++;
    } else {
      if (classOf(codePointAt(bytes, at, lead)) !== wanted) return at;
      at += characterSize(lead);
    }
  }
  return at;
}

/** `\s+(?!\S)|\s+`: white space up to the character before the next word, which takes the last space along. */
export function spacesBeforeWord(bytes: Uint8Array, start: number, end: number): number {
  const after = runEnd(bytes, start, end, SPACE);
  if (after === end) return after;
  let last = after - 1;
  while (((bytes[last] as number) & 0xc0) === 0x80) last--;
  return last > start ? last : after;
}

function codePointAt(bytes: Uint8Array, position: number, lead: number): number {
  const second = (bytes[position + 1] as number) & 0x3f;
  if (lead < 0xe0) return ((lead & 0x1f) << 6) | second;
  const third = (bytes[position + 2] as number) & 0x3f;
  if (lead < 0xf0) return ((lead & 0x0f) << 12) | (second << 6) | third;
  return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | ((bytes[position + 3] as number) & 0x3f);
}
