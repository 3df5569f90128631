/** Comparing what is read of a `tokenizer.json` here with Hugging Face's own library (npm `tokenizers`, Rust). */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { type Model, type PreTokenizer, Tokenizer as Rust } from 'tokenizers';
import { expect } from 'vitest';

import { tokenizerFromJson } from '../json/read-tokenizer.ts';
import type { Tokenizer } from '../tokenizer.ts';

/** A file with a vocabulary of every character that tests use, one token each, unless parts say otherwise. */
export function file(parts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: wordLevel(),
    ...parts,
  };
}

/** A WordLevel model, whose tokens are unknown pieces: only places tell them apart. */
export function wordLevel(words: readonly string[] = []): unknown {
  return { type: 'WordLevel', vocab: Object.fromEntries(['[UNK]', ...words].map((word, id) => [word, id])), unk_token: '[UNK]' };
}

/** An added token. */
export function added(id: number, content: string, flags: Readonly<Record<string, boolean>> = {}): unknown {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...flags };
}

/** The same file here and there. */
export interface Both {
  readonly ours: Tokenizer;
  readonly rust: Rust;
}

/** Reads a file with both, and checks that ours is written as it was read. */
export async function readBoth(json: Record<string, unknown>): Promise<Both> {
  const ours = await tokenizerFromJson(JSON.parse(JSON.stringify(json)));
  expect(JSON.parse(JSON.stringify(ours))).toEqual(json);
  return { ours, rust: Rust.fromString(JSON.stringify(json)) };
}

/** What one of them says of a text. */
interface Answer {
  readonly ids: readonly number[];
  readonly places: readonly string[];
  readonly types: readonly number[];
  readonly added: readonly number[];
}

/** Compares ids, places, types, added tokens and decoded text. */
export async function compare({ ours, rust }: Both, text: string, pair?: string): Promise<void> {
  for (const addSpecialTokens of [false, true]) {
    const theirs = await rust.encode(text, pair ?? null, { addSpecialTokens });
    const options = { specialTokens: 'allow', addSpecialTokens, ...(pair === undefined ? {} : { pair }) } as const;
    const encoding = ours.encodeWithOffsets(text, options);
    const [units, pairUnits] = [unitsOf(text), unitsOf(pair ?? '')];
    const sequences = theirs.getSequenceIds();
    const expected: Answer = {
      ids: theirs.getIds(),
      places: theirs.getOffsets().map(([start = 0, end = 0], index) => {
        const places = sequences[index] === 1 ? pairUnits : units;
        // Bytes that a model made up may stand behind the end there.
        return `${places[start] ?? places.at(-1)}-${places[end] ?? places.at(-1)}`;
      }),
      types: theirs.getTypeIds(),
      added: theirs.getSpecialTokensMask(),
    };
    const actual: Answer = {
      ids: [...encoding.ids],
      places: Array.from(encoding.starts, (start, index) => `${start}-${encoding.ends[index]}`),
      types: [...encoding.types],
      added: [...encoding.added],
    };
    expect(actual, JSON.stringify({ text, pair, addSpecialTokens })).toEqual(expected);
    expect([...ours.encode(text, options)], JSON.stringify({ text, pair, addSpecialTokens })).toEqual(expected.ids);
    for (const skipSpecialTokens of [false, true]) {
      expect(ours.decode(expected.ids, { skipSpecialTokens }), JSON.stringify({ text, pair, skipSpecialTokens })).toBe(
        await rust.decode([...expected.ids], skipSpecialTokens),
      );
    }
  }
}

/** UTF-16 units by code points. */
function unitsOf(text: string): readonly number[] {
  const units = [0];
  for (const character of text) units.push((units.at(-1) as number) + character.length);
  return units;
}

/** Compares random texts, rich in what is difficult. */
export async function compareMany(
  both: Both,
  { runs = 60, seed = 1, withPair = false }: { readonly runs?: number; readonly seed?: number; readonly withPair?: boolean } = {},
): Promise<void> {
  for (const fixed of FIXED) await compare(both, fixed);
  for (const sample of fc.sample(hostile, { numRuns: runs, seed })) await compare(both, sample, withPair ? 'a pair, é 2' : undefined);
}

const FIXED = [
  '',
  ' ',
  '  ',
  'a',
  'Hello, world!',
  ' leading and trailing ',
  'tab\tnew\nline\r\n',
  "I'm don't  can't",
  'naïve café ÀÉÎ',
  'ſt ﬁ Ⅷ ①②',
];

const PIECES = [
  ...' \t\n\r.,!?-_\'"/$+<>|~^`()[]{}#@%&*:;=\\',
  ...'abcdefgzABCXYZ0129',
  'é',
  'e\u0301',
  'Å',
  'ǅ',
  'ß',
  'ſ',
  'İ',
  'ı',
  'Σ',
  'ς',
  'ﬁ',
  'ﷺ',
  '①',
  '½',
  '²',
  'Ⅷ',
  '٣',
  '中',
  '文',
  '日本',
  'ー',
  'ひら',
  'カナ',
  '한국',
  '\u1112\u1161\u11AB',
  'กำ',
  'हिन्दी',
  'עִברִית',
  'العَرَبِيَّة',
  'ελληνικά',
  'Привет',
  '😀',
  '👩‍👩‍👧',
  '🇩🇪',
  '👍🏽',
  '𝔘',
  '𠀀',
  '\u0000',
  '\u0007',
  '\u0085',
  '\u00A0',
  '\u00AD',
  '\u0300\u0327',
  '\u0345',
  '\u1680',
  '\u200B',
  '\u200D',
  '\u200E',
  '\u2028',
  '\u202E',
  '\u2581',
  '\u3000',
  '\uFEFF',
  '\uFFFD',
  '  ',
  '   ',
  '\n\n',
  'the ',
  ' of',
  'low lower lowest',
  "'s",
  "'LL",
  '[CLS]',
  '[MASK]',
  '<s>',
  '</s>',
  '<mask>',
  '<|x|>',
  '1234567',
  'don\u2019t',
  '…',
  '—',
];

/** Texts of difficult pieces, and of any code points. */
export const hostile: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 25 }).map((parts) => parts.join('')) },
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replace(/\p{Surrogate}/gu, '\uFFFD')),
);

/** The model that Hugging Face's library trains with its default settings. */
export function trainModel(model: Model, preTokenizer: PreTokenizer, text: string): Record<string, unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-model-'));
  try {
    const path = join(folder, 'text.txt');
    writeFileSync(path, text);
    const rust = new Rust(model);
    rust.setPreTokenizer(preTokenizer);
    rust.train([path]);
    rust.save(join(folder, 'tokenizer.json'));
    return (JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as { model: Record<string, unknown> }).model;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A text to train on: English, and the pieces of the hostile texts so that their characters are known. */
export function trainingText(): string {
  const english = readFileSync(new URL('../../../CONTRIBUTING.md', import.meta.url), 'utf8').repeat(2);
  const pieces = PIECES.filter((_, index) => index % 5 !== 0).join(' ');
  return `${english}\n${`${pieces}\n${PIECES.join('')}\n`.repeat(3)}`;
}
