/** `weft tokenizer train` as a user runs it. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { loadTokenizer } from '../../tokenizers/index.ts';
import { fakeContext } from '../fake-context.fixture.ts';
import { run } from '../run.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-train-'));
  writeFileSync(join(folder, 'words.txt'), 'new newer newest wide wider widest naïve '.repeat(200));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function train(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const context = fakeContext({});
  const code = await run(['tokenizer', 'train', join(folder, 'words.txt'), ...args], context);
  return { code, out: context.out(), err: context.err() };
}

test.each([
  ['bpe', 'Newest', '--vocab-size 270 --splitting gpt2'],
  ['character-bpe', 'newest', '--vocab-size 60 --marking end-of-word --lowercase'],
  ['sentencepiece-bpe', 'newest', '--vocab-size 60 --character-coverage 1 --user-defined-symbol <a> --user-defined-symbol <b>'],
  ['unigram', 'newest', '--vocab-size 300 --byte-fallback --no-dummy-prefix --seed-size 100 --shrinking-factor 0.9 --sub-iterations 1'],
  ['wordpiece', 'newest', '--vocab-size 60 --no-lowercase --continuing-prefix @@ --alphabet-limit 12'],
  ['words', 'newest', '--vocab-size 6 --special-token [UNK] --unknown-token [UNK]'],
  ['whitespace', 'newest', '--min-frequency 2 --seed 3'],
  ['characters', 'newest', '--special-token <|end|> --special-token <|unknown|>'],
])('--type %s is saved, and encodes', async (type, text, flags) => {
  const out = join(folder, type);
  const { code, err } = await train('--type', type, '--out', out, ...flags.split(' '));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const tokenizer = await loadTokenizer(out);
  expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  if (flags.includes('<a>')) expect(tokenizer.vocabulary.has('<b>')).toBe(true);
  if (flags.includes('@@')) expect(tokenizer.vocabulary.has('@@e')).toBe(true);
});

test('a .model is one of SentencePiece', async () => {
  const out = join(folder, 'saved.model');
  expect(await train('--type', 'unigram', '--vocab-size', '40', '--out', out)).toMatchObject({ code: 0 });
  const tokenizer = await loadTokenizer(out);
  expect(tokenizer.decode(tokenizer.encode('newer wider'))).toBe('newer wider');
});

test('a flag of another type is an error, and nothing is written', async () => {
  const out = join(folder, 'nothing');
  const { code, err } = await train('--type', 'words', '--byte-fallback', '--out', out);
  expect(code).toBe(2);
  expect(err).toContain('byteFallback is for tokenizers of type unigram, sentencepiece-bpe, not words');
  expect(existsSync(out)).toBe(false);
});
