/** Every code point, in contexts, means the same to normalizers and pre-tokenizers as to Hugging Face's library, whatever Unicode version it holds. */

import fc from 'fast-check';
import { Tokenizer as Rust } from 'tokenizers';
import { describe, expect, test } from 'vitest';

import { createJsonReader } from '../json/json-reader.ts';
import { alignedText } from './aligned-text.ts';
import { readNormalizer } from './normalizers.ts';
import { file, hostile } from './pipeline.fixture.ts';
import { readPreTokenizers } from './pre-tokenizers.ts';

const reader = createJsonReader('test');

const ALONE = [(c: string): string => `a${c}b\n`, (c: string): string => `${c} `];
const AMONG_MARKS = [...ALONE, (c: string): string => `e\u0345${c}\u0327\u0301x`, (c: string): string => `\u05D0${c}\u0334${c}\u0300`];

/** Texts that have every code point in contexts, a few thousand at a time. */
function* everyCodePoint(contexts: readonly ((character: string) => string)[]): Generator<string> {
  for (const context of contexts) {
    for (let first = 0; first < 0x11_0000; first += 0x2000) {
      if (first >= 0x3_4000 && first < 0xe_0000) continue; // Empty planes.
      let text = '';
      for (let code = first; code < first + 0x2000; code++) if (code < 0xd800 || code > 0xdfff) text += context(String.fromCodePoint(code));
      yield text;
    }
  }
}

/** The first line or word that differs. */
function difference(text: string, here: (text: string) => unknown, there: (text: string) => unknown): string | undefined {
  if (JSON.stringify(here(text)) === JSON.stringify(there(text))) return undefined;
  const characters = [...text];
  for (let at = 0; at < characters.length; at++) {
    const part = characters.slice(at, at + 6).join('');
    if (JSON.stringify(here(part)) !== JSON.stringify(there(part)))
      return `${JSON.stringify(part)}: ${JSON.stringify(here(part))} and ${JSON.stringify(there(part))}`;
  }
  return 'a long text';
}

const bert = { type: 'BertNormalizer', clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false };

describe('normalizers', () => {
  test.each([
    ...['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt'].map((type) => ({ type })),
    { ...bert, clean_text: true },
    { ...bert, handle_chinese_chars: true },
    { ...bert, strip_accents: true },
    { ...bert, strip_accents: null, lowercase: true, clean_text: true, handle_chinese_chars: true },
  ])('%j', { timeout: 60_000 }, async (json) => {
    const rust = Rust.fromString(JSON.stringify(file({ normalizer: json }))).getNormalizer();
    const ours = await readNormalizer(reader, json, 'normalizer');
    for (const text of everyCodePoint(json.type.startsWith('NF') ? AMONG_MARKS : ALONE)) {
      expect(
        difference(
          text,
          (part) => ours.text(part),
          (part) => rust?.normalizeString(part),
        ),
      ).toBeUndefined();
    }
    for (const text of fc.sample(fc.oneof(hostile, marks), { numRuns: 500, seed: 1 })) {
      expect(ours.text(text), JSON.stringify(text)).toBe(rust?.normalizeString(text));
      expect(ours.aligned(alignedText(text)).text, JSON.stringify(text)).toBe(rust?.normalizeString(text));
    }
  });
});

/** Letters and marks that are reordered and composed, old and new. */
const marks = fc
  .array(
    fc.constantFrom(
      ...'aeo \u0300\u0301\u0304\u0308\u030A\u0323\u0327\u0328\u0331\u0334\u0345\u035C\u05B0\u05BC\u064B\u0651\u093C\u0915\u09C7\u09BE\u0F71\u0F72\u0F74\u0F80\u1100\u1161\u11A8\uAC00\u3099\u304B\u1E9B\u212B\u2126\uFB1D\u0390\u03B1\u1ACF\u0898\u08CA',
      '\u{1D15F}',
      '\u{11099}',
      '\u{110BA}',
      '\u{11935}',
      '\u{11930}',
      '\u{11938}',
      '\u{16121}',
      '\u{1611E}',
      '\u{105D2}',
      '\u{105C9}',
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('pre-tokenizers', () => {
  test.each([
    ...['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit', 'UnicodeScripts'].map((type) => ({ type })),
    { type: 'Punctuation', behavior: 'Isolated' },
    { type: 'Digits', individual_digits: true },
  ])('%j', { timeout: 60_000 }, async (json) => {
    const rust = Rust.fromString(JSON.stringify(file({ pre_tokenizer: json }))).getPreTokenizer();
    const [ours] = await readPreTokenizers(reader, json, 'pre_tokenizer');
    const cut = (text: string): readonly string[] => {
      const places: number[] = [];
      ours?.cut?.(text, places);
      return Array.from({ length: places.length / 2 }, (_, index) => text.slice(places[index * 2], places[index * 2 + 1]));
    };
    for (const text of everyCodePoint(ALONE.slice(0, 1))) {
      expect(difference(text, cut, (part) => rust?.preTokenizeString(part).map(([piece]) => piece))).toBeUndefined();
    }
  });
});
