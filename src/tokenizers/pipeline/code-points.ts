/** Sets of code points as bits, made of the ranges of tables.ts when first asked for. */

/** Whether a code point is in the set. */
export type CodePointSet = (codePoint: number) => boolean;

/** The set of ranges in base 36 (see tables.ts). */
export function createCodePointSet(ranges: string): CodePointSet {
  let bits: Uint32Array | undefined;
  return (codePoint) => {
    bits ??= readBits(ranges);
    return (((bits[codePoint >>> 5] as number) >>> (codePoint & 31)) & 1) === 1;
  };
}

/** First and last code point of every range. */
export function* readRanges(ranges: string): Generator<readonly [number, number]> {
  if (ranges === '') return;
  const numbers = ranges.split(' ').map((digits) => Number.parseInt(digits, 36));
  let position = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    const start = position + (numbers[index] ?? 0);
    position = start + (numbers[index + 1] ?? 0);
    yield [start, position - 1];
  }
}

/** The inside of a character class of a regular expression with the flag `u`. */
export function classSource(ranges: string): string {
  return Array.from(readRanges(ranges), ([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`).join('');
}

/** The property White_Space, which no Unicode version changed since 6.3. */
export function isWhiteSpace(codePoint: number): boolean {
  if (codePoint < 0x80) return codePoint === 0x20 || (codePoint >= 9 && codePoint <= 13);
  return (
    codePoint === 0x85 ||
    codePoint === 0xa0 ||
    codePoint === 0x1680 ||
    (codePoint >= 0x2000 && codePoint <= 0x200a) ||
    codePoint === 0x2028 ||
    codePoint === 0x2029 ||
    codePoint === 0x202f ||
    codePoint === 0x205f ||
    codePoint === 0x3000
  );
}

/** The code point at a place, and U+FFFD for a lone surrogate. */
export function codePointAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  const codePoint = text.codePointAt(at) as number;
  return codePoint > 0xffff ? codePoint : 0xfffd;
}

/** UTF-16 units of a code point. */
export function unitsOf(codePoint: number): number {
  return codePoint > 0xffff ? 2 : 1;
}

/** UTF-8 bytes of a code point. */
export function bytesOf(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x1_0000 ? 3 : 4;
}

/** Whether a text has ASCII alone. */
export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

function readBits(ranges: string): Uint32Array {
  const bits = new Uint32Array(0x11_0000 / 32);
  for (const [first, last] of readRanges(ranges)) {
    for (let code = first; code <= last; code++) bits[code >>> 5] = (bits[code >>> 5] as number) | (1 << (code & 31));
  }
  return bits;
}

/** The text with U+FFFD for every lone surrogate. */
export function wellFormed(text: string): string {
  const isWell = (text as { readonly isWellFormed?: () => boolean }).isWellFormed?.() ?? !LONE.test(text);
  return isWell ? text : text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

const LONE = /\p{Surrogate}/u;
