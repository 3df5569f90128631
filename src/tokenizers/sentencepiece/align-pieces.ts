/** Where the pieces of a SentencePiece model stand in the text, through its normaliser. */

import type { Alignment } from '../engine.ts';
import { widthOf } from './adjacent-characters.ts';

/** What was normalised, and how. */
export interface NormalizedText {
  /** UTF-8 bytes of the text before. */
  readonly source: Uint8Array;
  readonly bytes: Uint8Array;
  readonly length: number;
  /** For every byte and the end: the byte of `source` that it comes from. */
  readonly origins: Int32Array;
}

/**
 * Places of ids, unknown characters each on its own; where there are no byte pieces those in a row become one, as they do in the ids
 * of the text. The byte pieces of a character all have its place.
 */
export function alignPieces(
  ids: Uint32Array,
  { source, bytes, length, origins }: NormalizedText,
  {
    isByte,
    unknownId,
    widthOfPiece,
  }: { readonly isByte: (id: number) => boolean; readonly unknownId: number; readonly widthOfPiece: (id: number) => number },
): Alignment {
  const units = unitsOf(source);
  const all = { ids: new Uint32Array(ids.length), starts: new Uint32Array(ids.length), ends: new Uint32Array(ids.length) };
  const unitAt = (place: number): number => units[origins[Math.min(place, length)] as number] as number;
  let count = 0;
  let at = 0;
  let character = 0; // Where the character of the byte pieces begins.
  let next = 0; // Where it ends.
  for (const id of ids) {
    const start = at;
    if (isByte(id)) {
      if (at >= next) {
        character = at;
        next = at + widthOf(bytes[at] as number);
      }
      all.starts[count] = unitAt(character);
      all.ends[count] = unitAt(next);
      all.ids[count++] = id;
      at++;
      continue;
    }
    at += id === unknownId ? widthOf(bytes[at] as number) : widthOfPiece(id);
    next = at;
    if (id === unknownId && count > 0 && all.ids[count - 1] === unknownId) {
      all.ends[count - 1] = unitAt(at);
      continue;
    }
    all.starts[count] = unitAt(start);
    all.ends[count] = unitAt(at);
    all.ids[count++] = id;
  }
  return { ids: all.ids.slice(0, count), starts: all.starts.slice(0, count), ends: all.ends.slice(0, count) };
}

/** The UTF-16 unit at which the character of each byte begins, and their number. */
function unitsOf(bytes: Uint8Array): Uint32Array {
  const units = new Uint32Array(bytes.length + 1);
  let unit = 0;
  let next = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if ((byte & 0xc0) !== 0x80) {
      unit = next;
      next += byte >= 0xf0 ? 2 : 1;
    }
    units[at] = unit;
  }
  units[bytes.length] = next;
  return units;
}
