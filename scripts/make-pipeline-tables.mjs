/**
 * Makes src/tokenizers/pipeline/tables.ts: what Hugging Face's library takes for a word character, punctuation, a mark and so on,
 * asked code point by code point of npm `tokenizers`, so that ids don't depend on the Unicode version of a JavaScript engine.
 *
 *   node scripts/make-pipeline-tables.mjs
 */

import { writeFileSync } from 'node:fs';

import { Tokenizer } from 'tokenizers';

const base = { version: '1.0', added_tokens: [], model: { type: 'WordLevel', vocab: { '?': 0 }, unk_token: '?' } };
const normalizer = (json) => {
  const rust = Tokenizer.fromString(JSON.stringify({ ...base, normalizer: json })).getNormalizer();
  return (text) => rust.normalizeString(text);
};
const cutter = (json) => {
  const rust = Tokenizer.fromString(JSON.stringify({ ...base, pre_tokenizer: json })).getPreTokenizer();
  return (text) => rust.preTokenizeString(text).map(([piece]) => piece);
};
const bert = (flags) =>
  normalizer({ type: 'BertNormalizer', clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false, ...flags });
const split = (pattern) => cutter({ type: 'Split', pattern: { Regex: pattern }, behavior: 'Removed', invert: false });

const codePoints = function* () {
  for (let code = 0; code < 0x11_0000; code++) if (code < 0xd800 || code > 0xdfff) yield code;
};

/** Ranges as pairs in base 36: code points skipped since the last range, code points in this one. */
function ranges(matches) {
  const numbers = [];
  let position = 0;
  let start = -1;
  for (let code = 0; code <= 0x11_0000; code++) {
    const inside = code < 0x11_0000 && (code < 0xd800 || code > 0xdfff) && matches(code, String.fromCodePoint(code));
    if (inside && start < 0) start = code;
    if (!inside && start >= 0) {
      numbers.push(start - position, code - start);
      position = code;
      start = -1;
    }
  }
  return numbers.map((number) => number.toString(36)).join(' ');
}

const whitespace = cutter({ type: 'Whitespace' });
const punctuation = cutter({ type: 'Punctuation', behavior: 'Isolated' });
const digits = cutter({ type: 'Digits', individual_digits: true });
const scripts = cutter({ type: 'UnicodeScripts' });
const clean = bert({ clean_text: true });
const unaccent = bert({ strip_accents: true });
const stripAccents = normalizer({ type: 'StripAccents' });
const lower = normalizer({ type: 'Lowercase' });
const [nfd, nfkd, nfc] = ['NFD', 'NFKD', 'NFC'].map((type) => normalizer({ type }));
const unassigned = split(String.raw`\p{Cn}`);

const later = new Set();
for (const code of codePoints()) {
  const text = String.fromCodePoint(code);
  for (const context of [text, `a\u0345${text}`, `a${text}\u0334`, `a${text}\u0300`]) {
    if (
      nfd(context) !== context.normalize('NFD') ||
      nfkd(context) !== context.normalize('NFKD') ||
      nfc(context) !== context.normalize('NFC')
    ) {
      later.add(code);
      const parts = text.normalize('NFD');
      // What it is made of is as new, but for marks that were there before.
      if (parts !== text) for (const part of parts) if (stripAccents(part) !== '') later.add(part.codePointAt(0));
    }
  }
}

const names = new Map();
const representatives = [];
for (const code of codePoints()) {
  const text = String.fromCodePoint(code);
  if (scripts(`a${text}`).length === 1 && scripts(`\u0431${text}`).length === 1) continue;
  const previous = names.get(code - 1);
  if (previous !== undefined && scripts(String.fromCodePoint(code - 1, code)).length === 1) {
    names.set(code, previous);
    continue;
  }
  let found = representatives.findIndex((one) => scripts(one + text).length === 1);
  if (found < 0) found = representatives.push(text) - 1;
  names.set(code, found);
}
const scriptRanges = representatives.map((_, script) => ranges((code) => names.get(code) === script));

const tables = {
  WORDS: [
    'What `\\w` of the Rust crate regex matches.',
    ranges((_, text) => whitespace(`a${text}`).length === 1 && !/^\p{White_Space}$/u.test(text)),
  ],
  PUNCTUATION: [
    'Punctuation of the Rust crate unicode_categories, and of ASCII.',
    ranges((_, text) => punctuation(`a${text}`).length === 2),
  ],
  NUMERALS: ["Rust's `char::is_numeric`.", ranges((_, text) => digits(`a${text}`).length === 2)],
  CONTROLS: ["What BERT's `clean_text` removes.", ranges((_, text) => clean(text) === '')],
  ACCENTS: ["What BERT's `strip_accents` removes.", ranges((_, text) => unaccent(text) === '')],
  MARKS: ['What StripAccents removes.', ranges((_, text) => stripAccents(text) === '')],
  LATER: [
    'Code points that newer Unicode versions decompose, reorder or compose, and Unicode 9.0 does not: inert in NFC, NFD, NFKC and NFKD.',
    ranges((code) => later.has(code)),
  ],
  UNCASED: [
    'Code points with a lower case in this JavaScript engine, and not in Rust.',
    ranges((_, text) => lower(text) !== text.toLowerCase() && lower(text) === text),
  ],
  UNASSIGNED: [
    'Code points that Oniguruma does not know yet, and JavaScript engines do.',
    ranges((_, text) => unassigned(text).length === 0 && !/\p{Cn}/u.test(text)),
  ],
};
const differ = [...codePoints()].filter((code) => {
  const text = String.fromCodePoint(code);
  return lower(text) !== text.toLowerCase() && lower(text) !== text;
});
if (differ.length > 0) throw new Error(`other lower cases: ${differ.join(' ')}`);

const quote = (text) => {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines.at(-1).length + word.length > 125) lines.push('');
    lines[lines.length - 1] += `${word} `;
  }
  return lines.map((line, index) => `  '${index === lines.length - 1 ? line.trimEnd() : line}'`).join(' +\n');
};
writeFileSync(
  'src/tokenizers/pipeline/tables.ts',
  `/**
 * Classes of code points as Hugging Face's library 0.23 knows them, made by scripts/make-pipeline-tables.mjs.
 *
 * Its parts hold different Unicode versions, from 8.0 to 17.0. Ranges are pairs in base 36: code points skipped since the last
 * range, code points in this one.
 */

${Object.entries(tables)
  .map(([name, [about, text]]) => `/** ${about} */\nexport const ${name}: string =\n${quote(text)};\n`)
  .join('\n')}`,
);
writeFileSync(
  'src/tokenizers/pipeline/scripts-table.ts',
  `/** Scripts by code point, as Hugging Face's UnicodeScripts knows them; made by scripts/make-pipeline-tables.mjs, ranges as in tables.ts. */

/** The ranges of each script; code points that are in none belong to any. */
export const SCRIPTS: readonly string[] = [
${scriptRanges.map((text) => `${quote(text)},`).join('\n')}
];
`,
);
