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

/** Classes by the letters of the table, from `a`; its runs are made of `c l m n o p s u y`, and of `x` for pairs. */
const CLASS_OF_LETTER: readonly number[] = Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => {
  const place = 'clmnopsuy'.indexOf(letter);
  return [CASELESS, LOWER, MARK, NUMBER, OTHER, PUNCTUATION, SPACE, UPPER, PUNCTUATION][place] ?? 0;
});
const PAIRS = 0x78;

const PAGE_BITS = 7;
const PAGE = 1 << PAGE_BITS;
const CODE_POINTS = 0x11_0000;

/** Classes by code point, in pages; those of one class alone are stored once a class. */
interface ClassTable {
  /** Offset of the page of `codePoint >> 7` in `classes`. */
  readonly pages: Uint32Array;
  readonly classes: Uint8Array;
}

let table: ClassTable | undefined;

/** The class of a code point, one of the bits above. */
export function classOf(codePoint: number): number {
  table ??= buildTable();
  return table.classes[(table.pages[codePoint >> PAGE_BITS] as number) + (codePoint & (PAGE - 1))] as number;
}

function buildTable(): ClassTable {
  const pages = new Uint32Array(CODE_POINTS / PAGE);
  const stored: number[] = [];
  const uniform = new Map<number, number>();
  let page: number[] = [];
  let pageIndex = 0;
  const endPage = (): void => {
    pages[pageIndex++] = stored.length;
    stored.push(...page);
    page = [];
  };
  const add = (kind: number, length: number): void => {
    let left = length;
    while (left > 0) {
      if (page.length === 0 && left >= PAGE) {
        let offset = uniform.get(kind);
        if (offset === undefined) {
          offset = stored.length;
          uniform.set(kind, offset);
          for (let index = 0; index < PAGE; index++) stored.push(kind);
        }
        const whole = left >> PAGE_BITS;
        pages.fill(offset, pageIndex, pageIndex + whole);
        pageIndex += whole;
        left -= whole << PAGE_BITS;
        continue;
      }
      page.push(kind);
      left--;
      if (page.length === PAGE) endPage();
    }
  };
  for (let at = 0; at < CLASS_RUNS.length;) {
    const letter = CLASS_RUNS.charCodeAt(at++);
    let length = 0;
    for (; at < CLASS_RUNS.length; at++) {
      const digit = CLASS_RUNS.charCodeAt(at);
      if (digit > 0x5a) break;
      length = length * 36 + digit - (digit < 0x40 ? 0x30 : 0x37);
    }
    if (letter === PAIRS) {
      for (let pair = 0; pair < length; pair++) {
        add(UPPER, 1);
        add(LOWER, 1);
      }
    } else add(CLASS_OF_LETTER[letter - 0x61] as number, length || 1);
  }
  return { pages, classes: Uint8Array.from(stored) };
}
