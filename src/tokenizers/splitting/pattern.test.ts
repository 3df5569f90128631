/** Regular expressions match what Oniguruma matches, as Hugging Face's library uses it, and never hang. */

import fc from 'fast-check';
import { Tokenizer as Rust } from 'tokenizers';
import { describe, expect, test } from 'vitest';

import { hostile } from '../pipeline/pipeline.fixture.ts';
import { createPatternFinder } from './pattern.ts';

/** Pieces of a text, with the matches isolated. */
function oracle(pattern: string): (text: string) => readonly string[] {
  const rust = Rust.fromString(
    JSON.stringify({
      version: '1.0',
      added_tokens: [],
      pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
      model: { type: 'WordLevel', vocab: { '?': 0 }, unk_token: '?' },
    }),
  ).getPreTokenizer();
  return (text) => (rust?.preTokenizeString(text) ?? []).map(([piece]) => piece);
}

function refuse(rule: string): never {
  throw new Error(rule);
}

function ours(pattern: string): (text: string) => readonly string[] {
  const find = createPatternFinder(pattern, refuse);
  return (text) => {
    const ends = [0, ...find(text), text.length];
    return ends.slice(1).flatMap((end, index) => (end > (ends[index] as number) ? [text.slice(ends[index], end)] : []));
  };
}

const PATTERNS: readonly string[] = [
  'a',
  '',
  'x*',
  'a|b|cd',
  '(a|ab)(c|bcd)?',
  'a+?b',
  'a{2}|b{,3}c|d{1,}e?',
  '(ab?)+',
  '(?:a|b)*c',
  '(?:a*)*b',
  '(?:a|b)*?d',
  '(?>a+)b?',
  'a++b?',
  '(?:ab)++',
  '(a)\\1',
  '(?<=a)b|(?<!a)c',
  '(?<=ab|c)d',
  'a(?=b)|c(?!d)',
  '\\ba|b\\b|\\Bc',
  '^a|b$',
  '\\Aa|b\\z|c\\Z',
  '(?i:abc)|(?i)d|e',
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
  'a(?i)b|c',
  '.b|(?m:.)c',
  '[^ab]',
  '[a-c&&[^b]]+',
  '[a-z&&[^aeiou]&&[b-y]]+',
  '[\\w&&[^\\d]]+',
  '[^\\s\\p{L}\\p{N}]+',
  '[[:alpha:]]+|[[:digit:]]+|[[:^space:]]',
  '\\h+|\\H',
  '\\R|\\s',
  '\\O{2}',
  '\\N+',
  '\\x{e9}|\\u00C5|\\n',
  'ab\\Kc|\\Gd',
  '\\p{Han}+|\\p{^L}',
  '\\p{Lu}\\p{Ll}+|\\P{N}',
  '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+',
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
  "[\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  ' ?[^(\\s|[.,!?…。，、।۔،])]+',
  '\\d{1,3}(?=(?:\\d{3})*\\b)',
  '(?:\\r?\\n)+(?!\\r?\\n)',
  '(\\p{Ll}(?:\\p{Lu}|\\d)*)+ ',
];

const letters = fc
  .array(fc.constantFrom(...'aaabbbccdd eABC', 'é', '\n', '\r', '1', '2', '3', '中', '😀', "'s", 'ſ', 'K', '_'), { maxLength: 14 })
  .map((parts) => parts.join(''));

describe('a pattern matches as in Oniguruma', () => {
  test.each(PATTERNS)('%s', (pattern) => {
    const [theirs, here] = [oracle(pattern), ours(pattern)];
    for (const text of [...fc.sample(letters, { numRuns: 300, seed: 1 }), ...fc.sample(hostile, { numRuns: 150, seed: 2 })]) {
      expect(here(text), JSON.stringify(text)).toEqual(theirs(text));
    }
  });
});

const CLASSES: readonly string[] = [
  '\\w',
  '\\W',
  '[\\w]',
  '[^\\w]',
  '\\d',
  '\\s',
  '\\h',
  '.',
  '\\R',
  ...'alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit'.split(' ').map((name) => `[[:${name}:]]`),
  ...'L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Cn Co'
    .split(' ')
    .map((name) => `\\p{${name}}`),
  ...'Han Latin Hiragana Greek Alphabetic Lowercase White_Space Emoji Alnum Punct'.split(' ').map((name) => `\\p{${name}}`),
  '(?i:s)',
  '(?i:[k-z])',
  '(?i:é)',
];

describe('every code point that is assigned', () => {
  let all = '';
  // Planes 4 to 13 are empty.
  for (let code = 0; code < 0xe_0200; code++)
    if (code < 0xd800 || (code > 0xf8f0 && code < 0x3_3600) || code > 0xe_0000) all += String.fromCodePoint(code);
  const starts = (pieces: readonly string[]): readonly string[] => pieces.map((piece) => (piece.codePointAt(0) as number).toString(16));
  test.each(CLASSES)('%s', (pattern) => {
    const runs = `(?:${pattern})+`;
    expect(starts(ours(runs)(all))).toEqual(starts(oracle(runs)(all)));
  });
});

describe('a catastrophic pattern is an error, and soon', () => {
  test.each([
    ['(a+)+$', `${'a'.repeat(40)}b`],
    ['(a|a)*b', 'a'.repeat(50)],
    ['(a|aa)+$', `${'a'.repeat(60)}!`],
    ['(.*)*x', 'y'.repeat(40)],
    ['a*a*a*a*a*b', 'a'.repeat(5000)],
    ['(?:x|y|xy)*z', 'xy'.repeat(50)],
    ['.*b', 'a'.repeat(100_000)],
  ])('%s', (pattern, text) => {
    const find = createPatternFinder(pattern, refuse);
    const start = process.cpuUsage().user;
    expect(() => find(text)).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'WEFT_TOKENIZER_PATTERN', message: expect.stringContaining(pattern) as string }),
    );
    expect(process.cpuUsage().user - start).toBeLessThan(3_000_000);
    // It is good for the next text.
    expect(find('').length).toBe(0);
  });
});

test('patterns that are not known are refused', () => {
  for (const pattern of ['(', '[a', 'a)', '\\p{Nonsense}', '(?<n>a)\\g<n>', '(?~a)', '\\X', `${'('.repeat(9000)}${')'.repeat(9000)}`]) {
    expect(() => createPatternFinder(pattern, refuse), pattern.slice(0, 20)).toThrow();
  }
});
