/** The parts of a text by language, for estimates and calibration. Languages are told paragraph by paragraph by eld, from what it carries. */

import { extname } from 'node:path';

import type { Document } from '../../data/index.ts';

/** A stretch of text in one language. */
export interface LanguagePart {
  /** ISO 639-1, `code` for programs, `und` where it cannot be told. */
  readonly language: string;
  readonly text: string;
}

/** Cuts documents into parts by language. */
export type LanguageCutter = (document: Document) => Generator<LanguagePart>;

/** Files that hold programs, by how their names end. */
const CODE = new Set(
  '.c .cc .cpp .cs .css .dart .ex .go .h .hpp .hs .html .java .js .json .jsx .kt .lua .m .mjs .cjs .php .pl .py .r .rb .rs .scala .sh .sql .swift .toml .ts .tsx .vue .xml .yaml .yml .zig'.split(
    ' ',
  ),
);
/** Characters of a paragraph that are looked at, and of a part. */
const LOOKED_AT = 600;
const PART = 4000;
/** Fewer letters say too little. */
const LEAST_LETTERS = 12;

/** A cutter; it loads the tables of the languages. */
export async function createLanguageCutter(): Promise<LanguageCutter> {
  const { eld } = await import('eld/small');
  const languageOf = (text: string): string => {
    if ((text.slice(0, LOOKED_AT).match(/\p{L}/gu)?.length ?? 0) < LEAST_LETTERS) return 'und';
    const { language } = eld.detect(text.slice(0, LOOKED_AT));
    return language === '' ? 'und' : language;
  };
  return function* cut({ text, origin }) {
    if (CODE.has(extname(origin.replace(/[:#]\d+$/, '').replace(/\.gz$/, '')).toLowerCase())) {
      yield { language: 'code', text };
      return;
    }
    for (const paragraph of paragraphs(text)) yield { language: languageOf(paragraph), text: paragraph };
  };
}

/** The text cut at line ends; nothing is lost. Lines that are short are taken with those that follow. */
function* paragraphs(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf('\n', start + 200);
    end = end < 0 ? text.length : end + 1;
    if (end - start > PART) {
      const space = text.lastIndexOf(' ', start + PART);
      end = space > start ? space : start + PART;
      if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++;
    }
    yield text.slice(start, end);
    start = end;
  }
}
