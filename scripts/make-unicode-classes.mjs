/**
 * Writes the table of `src/tokenizers/splitting/unicode-classes-table.ts`, by asking npm tiktoken which code points its
 * regular expressions match:
 *
 *     node scripts/make-unicode-classes.mjs
 */

import { readFileSync, writeFileSync } from 'node:fs';

import { Tiktoken } from 'tiktoken/lite';

/** Letter of the class in the table, and the pattern of its code points. */
const CLASSES = {
  s: '\\s',
  n: '\\p{N}',
  m: '\\p{M}',
  u: '[\\p{Lu}\\p{Lt}]',
  l: '\\p{Ll}',
  c: '[\\p{Lm}\\p{Lo}]',
  p: '\\p{P}',
  y: '\\p{S}',
};
const BLOCK = 0x400;
const LINE = 120;

const bytes = Array.from({ length: 256 }, (_, byte) => Buffer.from([byte]).toString('base64')).join(' ');
const classes = Array.from({ length: 0x11_0000 }, () => 'o');
for (const [name, pattern] of Object.entries(CLASSES)) {
  const tiktoken = new Tiktoken(`! 0 ${bytes}`, {}, pattern);
  for (let first = 0; first < classes.length; first += BLOCK) {
    if (first >= 0xd800 && first < 0xe000) continue;
    const text = String.fromCodePoint(...Array.from({ length: BLOCK }, (_, index) => first + index));
    // Only what the pattern matches is encoded.
    const matched = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(tiktoken.encode_ordinary(text)));
    for (const character of matched) classes[character.codePointAt(0)] = name;
  }
  tiktoken.free();
}

/** Runs of one class: its letter and its length in base 36, upper case, where that is not 1. */
const runs = [];
for (const name of classes) {
  const last = runs.at(-1);
  if (last?.name === name) last.length++;
  else runs.push({ name, length: 1 });
}
const number = (value) => (value === 1 ? '' : value.toString(36).toUpperCase());
const isPair = (at) => runs[at]?.name === 'u' && runs[at].length === 1 && runs[at + 1]?.name === 'l' && runs[at + 1].length === 1;
let text = '';
for (let at = 0; at < runs.length;) {
  let pairs = 0;
  while (isPair(at + 2 * pairs)) pairs++;
  if (pairs > 1) text += `x${number(pairs)}`;
  else text += `${runs[at].name}${number(runs[at].length)}`;
  at += pairs > 1 ? 2 * pairs : 1;
}

const { version } = JSON.parse(readFileSync(new URL('../node_modules/tiktoken/package.json', import.meta.url), 'utf8'));
const lines = text.match(new RegExp(`.{1,${LINE}}`, 'g')).map((line) => `  '${line}'`);
writeFileSync(
  new URL('../src/tokenizers/splitting/unicode-classes-table.ts', import.meta.url),
  `/**
 * Classes of all code points in order, as runs: a letter and a length in base 36 (1 where it is left out). \`x\` is that many times
 * an upper-case and a lower-case letter. Made by scripts/make-unicode-classes.mjs from npm tiktoken ${version} (Unicode 16.0).
 */
export const CLASS_RUNS: string =
${lines.join(' +\n')};
`,
);
