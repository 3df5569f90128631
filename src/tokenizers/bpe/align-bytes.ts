/** Where the tokens of a byte-level tokenizer stand in the text. */

import type { Alignment } from '../engine.ts';

/**
 * Places of tokens whose bytes, end to end, are the UTF-8 bytes of the text, less those that the vocabulary lacks. A token that
 * has a part of a character has the whole character's place, as in Hugging Face's library.
 */
export function alignBytes(
  text: string,
  ids: Uint32Array,
  { lengthOf, byteIds }: { readonly lengthOf: (id: number) => number; readonly byteIds: Int32Array },
): Alignment {
  const bytes = new TextEncoder().encode(text);
  const starts = new Uint32Array(ids.length);
  const ends = new Uint32Array(ids.length);
  let at = 0; // the byte
  let unit = 0; // where its character begins, in UTF-16 units
  let next = 0; // where its character ends
  const step = (): void => {
    at++;
    const byte = bytes[at];
    if (byte === undefined || (byte & 0xc0) !== 0x80) unit = next;
  };
  for (let index = 0; index < ids.length; index++) {
    let left = lengthOf(ids[index] as number);
    let begun = false;
    while (left > 0 && at < bytes.length) {
      const byte = bytes[at] as number;
      if ((byte & 0xc0) !== 0x80) next = unit + (byte >= 0xf0 ? 2 : 1);
      if ((byteIds[byte] as number) >= 0) {
        if (!begun) starts[index] = unit;
        begun = true;
        ends[index] = next;
        left--;
      }
      step();
    }
    if (!begun) starts[index] = ends[index] = unit;
  }
  return { ids, starts, ends };
}
