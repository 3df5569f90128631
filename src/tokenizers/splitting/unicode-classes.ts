/**
 * Classes of code points that splitting patterns ask for, each a bit, so that a set of classes is a mask.
 *
 * The table is pinned to Unicode 16.0, which tiktoken 1.0.22 and tokenizers 0.23.2 hold, so that a tokenizer gives the same ids
 * in every JavaScript engine. JavaScript's own `\s` is not White_Space: it has U+FEFF and lacks U+0085.
 */

import { CLASS_RUNS } from './unicode-classes-table.ts';

/** The property White_Space. */
export const SPACE = 1;
/** General category N. */
export const NUMBER = 2;
/** General category M. */
export const MARK = 4;
/** General categories Lu and Lt. */
export const UPPER = 8;
/** General category Ll. */
export const LOWER = 16;
/** General categories Lm and Lo. */
export const CASELESS = 32;
/** General categories P and S. */
export const PUNCTUATION = 64;
/** All the rest. */
export const OTHER = 128;

/** General category L. */
export const LETTER = 56;
/** `[^\s\p{L}\p{N}]` */
export const SIGN = 196;

const CLASS_OF_NAME: Readonly<Record<string, number>> = {
  s: SPACE,
  n: NUMBER,
  m: MARK,
  u: UPPER,
  l: LOWER,
  c: CASELESS,
  p: PUNCTUATION,
  y: PUNCTUATION,
  o: OTHER,
};

const PAGE_BITS = 7;
const PAGE = 1 << PAGE_BITS;

/** Classes by code point, in pages: equal pages are stored once. */
interface ClassTable {
  /** Offset of the page of `codePoint >> 7` in `classes`. */
  readonly pages: Uint16Array;
  readonly classes: Uint8Array;
}

let table: ClassTable | undefined;

/** The class of a code point, one of the bits above. */
export function classOf(codePoint: number): number {
  table ??= buildTable();
  return table.classes[(table.pages[codePoint >> PAGE_BITS] as number) + (codePoint & (PAGE - 1))] as number;
}

function buildTable(): ClassTable {
  const whole = new Uint8Array(0x11_0000);
  let position = 0;
  for (const [, name = '', digits = ''] of CLASS_RUNS.matchAll(/([a-z])([0-9A-Z]*)/g)) {
    const length = digits === '' ? 1 : Number.parseInt(digits, 36);
    if (name === 'x') {
      for (let pair = 0; pair < length; pair++) {
        whole[position++] = UPPER;
        whole[position++] = LOWER;
      }
    } else {
      whole.fill(CLASS_OF_NAME[name] as number, position, position + length);
      position += length;
    }
  }
  const pages = new Uint16Array(whole.length / PAGE);
  const stored: Uint8Array[] = [];
  const known = new Map<string, number>();
  for (let page = 0; page < pages.length; page++) {
    const bytes = whole.subarray(page * PAGE, (page + 1) * PAGE);
    const key = String.fromCharCode(...bytes);
    let offset = known.get(key);
    if (offset === undefined) {
      offset = stored.length * PAGE;
      known.set(key, offset);
      stored.push(bytes);
    }
    pages[page] = offset;
  }
  const classes = new Uint8Array(stored.length * PAGE);
  stored.forEach((bytes, index) => classes.set(bytes, index * PAGE));
  return { pages, classes };
}
