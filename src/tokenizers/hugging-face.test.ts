/** What is trained and saved here means the same to Hugging Face's library: merges, pieces, ids and text. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { BpeModelJson } from './json/tokenizer-json.ts';
import { linesOf, oracleOf, trainMerges } from './hugging-face.fixture.ts';
import { SPLITTINGS } from './splitting/splittings.ts';
import { trainTokenizer } from './train-tokenizer.ts';

const shared = fileURLToPath(new URL('../../../shared/data/text/', import.meta.url));
const declarations = readFileSync(fileURLToPath(new URL('../../node_modules/@types/node/fs.d.ts', import.meta.url)), 'utf8');
const readShared = (name: string, length: number): string => readFileSync(`${shared}${name}`, 'utf8').slice(0, length);

const learnt = async (text: string): Promise<unknown> => {
  const tokenizer = await trainTokenizer(linesOf(text), { vocabSize: 30_000, splitting: 'gpt2', minFrequency: 1, specialTokens: [] });
  return (tokenizer.toJSON().model as BpeModelJson).merges;
};

describe('merges', () => {
  test('of declarations', async () => {
    const merges = trainMerges(declarations);
    expect((merges as readonly unknown[]).length).toBeGreaterThan(3000);
    expect(await learnt(declarations)).toEqual(merges);
  });

  test.runIf(existsSync(shared)).each(['tinyshakespeare.txt', 'multilingual.txt'])('of %s (skipped without shared data)', async (name) => {
    const text = readShared(name, 200_000);
    expect(await learnt(text)).toEqual(trainMerges(text));
  });

  test('of texts where tokens come about twice and counts tie', { timeout: 120_000 }, async () => {
    const text = fc.array(fc.constantFrom(...'aaab bcc\n'), { minLength: 2, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(text, async (characters) => {
        expect(await learnt(characters.join(''))).toEqual(trainMerges(characters.join('')));
      }),
      { numRuns: 150, seed: 1 },
    );
  });
});

const strings = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !/\p{Surrogate}/u.test(text));
const texty = fc
  .array(
    fc.constantFrom(
      ..." \n\t\r'’aAzZ019é中😀.,!-",
      '  ',
      "'s",
      "'LL",
      '\n\n',
      '\u0085',
      '\u00A0',
      '\u3000',
      'word',
      ' the',
      '<|endoftext|>',
    ),
  )
  .map((parts) => parts.join(''));

describe.each(['gpt2', 'gpt4', 'o200k', 'qwen2'] as const)('splitting %s', (splitting) => {
  test('cuts the same pieces', async () => {
    const bytes = await trainTokenizer(['no merges'], { splitting, vocabSize: 256, specialTokens: [] });
    const oracle = oracleOf(bytes);
    const { splitOne, splitBatch } = SPLITTINGS[splitting];
    await fc.assert(
      fc.asyncProperty(fc.oneof(strings, texty), async (text) => {
        const utf8 = new TextEncoder().encode(`${text}\0`);
        const { length } = text === '' ? '' : utf8.subarray(1);
        const ends: number[] = [];
        for (let start = 0; start < length; start = ends.at(-1) ?? 0) ends.push(splitOne(utf8, start, length));
        const lengths = ends.map((end, index) => end - (ends[index - 1] ?? 0));
        for (const room of [4, 7, 512]) {
          const batch = new Int32Array(room);
          const found: number[] = [];
          while ((found.at(-1) ?? 0) < length) found.push(...batch.subarray(0, splitBatch(utf8, found.at(-1) ?? 0, length, batch)));
          expect(found).toEqual(ends);
        }
        expect(lengths).toEqual(await oracle.pieces(text));
        expect([...bytes.encode(text)]).toEqual(await oracle.encode(text));
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  test('gives the same ids and the same text', async () => {
    const tokenizer = await trainTokenizer([declarations], {
      splitting,
      vocabSize: 1200,
      specialTokens: ['<|endoftext|>', '<|end|>', '<|endo'],
    });
    const oracle = oracleOf(tokenizer);
    await fc.assert(
      fc.asyncProperty(fc.oneof(strings, texty), async (text) => {
        const ids = [...tokenizer.encode(text, { specialTokens: 'allow' })];
        expect(ids).toEqual(await oracle.encode(text));
        expect(tokenizer.decode(ids)).toBe(await oracle.decode(ids));
      }),
      { numRuns: 1000, seed: 2 },
    );
    const ids = [...tokenizer.encode(declarations)];
    expect(ids).toEqual(await oracle.encode(declarations));
  });

  test('decodes what is no UTF-8 as it does', async () => {
    const tokenizer = await trainTokenizer(['aé中😀'], { splitting, vocabSize: 300 });
    const oracle = oracleOf(tokenizer);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 255 })), async (ids) => {
        expect(tokenizer.decode(ids)).toBe(await oracle.decode(ids));
      }),
      { numRuns: 500, seed: 3 },
    );
  });
});

test('characters: the same ids and the same text', async () => {
  const tokenizer = await trainTokenizer([declarations, 'aé中😀\u0000\uFEFF'], { type: 'characters' });
  const oracle = oracleOf(tokenizer);
  await fc.assert(
    fc.asyncProperty(fc.oneof(strings, texty), async (text) => {
      const ids = [...tokenizer.encode(text, { specialTokens: 'allow' })];
      expect(ids).toEqual(await oracle.encode(text));
      expect(tokenizer.decode(ids)).toBe(await oracle.decode(ids));
    }),
    { numRuns: 1000, seed: 4 },
  );
});
