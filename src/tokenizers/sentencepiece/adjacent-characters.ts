/**
 * Which characters follow which within pieces. Between two that never do no piece can stand, so a text may be cut there and its
 * parts segmented on their own: by merging exactly, by probability but for the sums that their rounding depends on.
 *
 * In a run of one character a cut takes more: a piece that has it twice may have another character beside it, and such a piece stands at
 * an end of the run only.
 *
 * A bit set by hash: where two pairs share a bit, a cut is missed and nothing else happens.
 */

/** Finds where a text may be cut. */
export interface AdjacentCharacters {
  /** Where the part that begins at `start` ends: the first place where the text may be cut, or `end`. */
  partEnd(bytes: Uint8Array, start: number, end: number): number;
  /** Whether the second may stand behind the first in a piece. */
  has(first: number, second: number): boolean;
  /** Whether some piece has `▁` behind another character, so that words cannot be told by their spaces. */
  readonly spaceInside: boolean;
}

const BLOCK = 0x2581;

/** Pairs of the pieces, whose bytes are well-formed UTF-8. */
export function createAdjacentCharacters(pieces: readonly (Uint8Array | undefined)[]): AdjacentCharacters {
  let pairs = 0;
  for (const piece of pieces) pairs += piece?.length ?? 0;
  let shift = 18; // 2^14 bits.
  while (shift > 10 && 2 ** (32 - shift) < pairs * 16) shift--;
  const bits = new Uint32Array(2 ** (27 - shift));
  const runs = new Set<number>(); // Characters that stand twice in a piece, with no other on either side.
  let spaceInside = false;
  for (const piece of pieces) {
    if (piece === undefined) continue;
    let before = 0;
    for (let at = 0; at < piece.length; at += widthOf(piece[at] as number)) {
      const character = codePointAt(piece, at);
      if (at > 0) {
        const bit = hash(before, character) >>> shift;
        bits[bit >>> 5] = (bits[bit >>> 5] as number) | (1 << (bit & 31));
        if (character === BLOCK && before !== BLOCK) spaceInside = true;
        const width = widthOf(piece[at] as number);
        if (character === before && !differs(piece, at - 2 * width, at) && !differs(piece, at + width, at)) runs.add(character);
      }
      before = character;
    }
  }
  return {
    spaceInside,
    has(first, second) {
      const bit = hash(first, second) >>> shift;
      return ((bits[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
    },
    partEnd(bytes, start, end) {
      let before = codePointAt(bytes, start);
      let at = start + widthOf(bytes[start] as number);
      while (at < end) {
        const character = codePointAt(bytes, at);
        const bit = hash(before, character) >>> shift;
        if (((bits[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return at;
        if (before === character && isWithinRun(bytes, at, end) && !runs.has(character)) return at;
        before = character;
        at += widthOf(bytes[at] as number);
      }
      return end;
    },
  };
}

/** Whether another character than that at `at` stands at `place`, and not the end of the piece. */
function differs(piece: Uint8Array, place: number, at: number): boolean {
  if (place < 0 || place >= piece.length) return false;
  return codePointAt(piece, place) !== codePointAt(piece, at);
}

/** Whether the character that stands there and before also stands before that, and behind. */
function isWithinRun(bytes: Uint8Array, at: number, end: number): boolean {
  const width = widthOf(bytes[at] as number);
  if (at < 2 * width || at + width >= end) return false;
  for (let index = 0; index < width; index++) {
    const byte = bytes[at + index];
    if (bytes[at + index - 2 * width] !== byte || bytes[at + index + width] !== byte) return false;
  }
  return true;
}

/** Bytes of a character, by its first. */
export function widthOf(lead: number): number {
  return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** A number that is one character's only; its code point, where it is well-formed. */
export function codePointAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0xc0) return lead;
  const second = (bytes[at + 1] as number) & 0x3f;
  if (lead < 0xe0) return ((lead & 0x1f) << 6) | second;
  const third = (bytes[at + 2] as number) & 0x3f;
  if (lead < 0xf0) return ((lead & 0x0f) << 12) | (second << 6) | third;
  return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | ((bytes[at + 3] as number) & 0x3f);
}

function hash(before: number, character: number): number {
  const mixed = Math.imul(before, 0x9e3779b1) ^ Math.imul(character, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
}
