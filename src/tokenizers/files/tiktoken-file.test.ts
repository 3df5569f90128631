/** tiktoken's files: OpenAI's, vocabularies made at random with tiktoken itself as the oracle, and damaged ones. */

import { createRequire } from 'node:module';

import { Tiktoken } from 'tiktoken/lite';
import { describe, expect, test } from 'vitest';

import { createRandom } from '../../core/index.ts';
import { loadEncoding } from '../encodings/load-encoding.ts';
import { SPLITTINGS } from '../splitting/splittings.ts';
import { trainTokenizer } from '../train-tokenizer.ts';
import { readTiktoken, writeTiktoken } from './tiktoken-file.ts';

const require = createRequire(import.meta.url);

/** The file that OpenAI publishes, from the same ranks inside npm's tiktoken. */
function publishedFile(name: string): string {
  const { bpe_ranks: ranks } = require(`tiktoken/encoders/${name}.json`) as { readonly bpe_ranks: string };
  const lines = ranks.split('\n').flatMap((line) => {
    const [, offset, ...tokens] = line.split(' ');
    return tokens.map((token, index) => `${token} ${Number(offset) + index}\n`);
  });
  return lines.join('');
}

test.each(['r50k_base', 'p50k_base', 'cl100k_base', 'o200k_base'] as const)('%s, read and written', async (name) => {
  const file = publishedFile(name);
  const tokenizer = readTiktoken(file, `${name}.tiktoken`);
  const builtIn = await loadEncoding(name);
  expect(JSON.stringify(tokenizer) === JSON.stringify(builtIn)).toBe(true);
  expect(writeTiktoken(builtIn.toJSON()) === file).toBe(true);
});

const BYTES = Array.from({ length: 256 }, (_, byte) => Buffer.from([byte]));

describe('vocabularies made at random, with tokens that merging does not lead to', () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))('seed %i', (seed) => {
    const random = createRandom(seed);
    const below = (limit: number): number => random.integer(limit);
    const word = (longest: number): string => Array.from({ length: 1 + below(longest) }, () => 'abc'[below(3)]).join('');
    const words = [...new Set(Array.from({ length: 40 }, () => word(6)))].filter((text) => text.length > 1);
    const tokens = [...BYTES, ...words.map((text) => Buffer.from(text))].map((bytes) => bytes.toString('base64'));
    const theirs = new Tiktoken(`! 0 ${tokens.join(' ')}`, {}, SPLITTINGS.gpt2.pattern);
    const ours = readTiktoken(tokens.map((token, rank) => `${token} ${rank}\n`).join(''), 'random', { splitting: 'gpt2' });
    for (let round = 0; round < 200; round++) {
      const text = `${word(12)} ${word(20)}`;
      expect([...ours.encode(text)], text).toEqual([...theirs.encode_ordinary(text)]);
    }
    theirs.free();
  });
});

test('what was trained here comes back, when its splitting and special tokens are given', async () => {
  const trained = await trainTokenizer(['low lower lowest __proto__ naïve'], { vocabSize: 280, splitting: 'o200k' });
  const read = readTiktoken(writeTiktoken(trained.toJSON()), 'trained', { splitting: 'o200k', specialTokens: trained.specialTokens });
  expect(JSON.stringify(read)).toBe(JSON.stringify(trained));
});

test('Llama 3 is known by its size', () => {
  const rest = Array.from({ length: 128000 - 256 }, (_, index) => Buffer.from(`${index + 1_000_000}`).toString('base64'));
  const lines = [...BYTES.map((bytes) => bytes.toString('base64')), ...rest].map((token, rank) => `${token} ${rank}`);
  const { specialTokens, vocabSize } = readTiktoken(lines.join('\n'), 'tokenizer.model');
  expect(vocabSize).toBe(128256);
  expect(specialTokens.get('<|eot_id|>')).toBe(128009);
  expect(specialTokens.get('<|reserved_special_token_4|>')).toBe(128008);
  expect(specialTokens.get('<|reserved_special_token_250|>')).toBe(128255);
});

const LINES = BYTES.map((bytes, rank) => `${bytes.toString('base64')} ${rank}\n`).join('');

test.each([
  ['an empty file', '', 'every byte is a token'],
  ['a line without a rank', `${LINES}YWI=\n`, 'every line is the base64'],
  ['no base64', `${LINES}#### 256\n`, 'every line is the base64'],
  ['a token of nothing', `${LINES} 256\n`, 'every line is the base64'],
  ['a token that is too long', `${LINES}${btoa('a'.repeat(513))} 256\n`, 'every line is the base64'],
  ['a token twice', `${LINES}YWI= 256\nYWI= 257\n`, 'every token is given once'],
  ['a rank twice', `${LINES}YWI= 256\nYWM= 256\n`, 'every rank is given once'],
  ['a rank far away', `${LINES}YWI= 99999999\n`, 'without large gaps'],
  ['a byte that is missing', LINES.slice(0, LINES.lastIndexOf('\n', LINES.length - 2) + 1), 'every byte is a token'],
])('%s', (_, text, rule) => {
  expect(() => readTiktoken(text, 'bad.tiktoken', { splitting: 'gpt4' })).toThrow(
    expect.objectContaining({ code: 'WEFT_TOKENIZER_FORMAT', message: expect.stringContaining(rule) as string }) as Error,
  );
});

test('a splitting that is not given, and one that there is not', () => {
  expect(() => readTiktoken(LINES, 'a.tiktoken')).toThrow(expect.objectContaining({ code: 'WEFT_TOKENIZER_SPLITTING' }) as Error);
  expect(() => readTiktoken(LINES, 'a.tiktoken', { splitting: 'toString' as 'gpt2' })).toThrow(
    expect.objectContaining({ code: 'WEFT_TOKENIZER_SPLITTING' }) as Error,
  );
});

test('a special token with an id that is taken', () => {
  const specialTokens = new Map([['<|a|>', 7]]);
  expect(() => readTiktoken(LINES, 'a.tiktoken', { splitting: 'gpt2', specialTokens })).toThrow(
    expect.objectContaining({ code: 'WEFT_TOKENIZER_FORMAT' }) as Error,
  );
});

test('what it cannot hold is said', async () => {
  const characters = await trainTokenizer(['abc'], { type: 'characters' });
  expect(() => writeTiktoken(characters.toJSON())).toThrow(expect.objectContaining({ code: 'WEFT_TOKENIZER_SAVE' }) as Error);
});
