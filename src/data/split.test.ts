import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Corpus, surveyCorpus, textCorpus } from './corpus.ts';
import { readText } from './read-text.ts';
import { createScratch, gather } from './scratch.fixture.ts';
import { split } from './split.ts';

const shakespeare = fileURLToPath(new URL('../../../shared/data/text/tinyshakespeare.txt', import.meta.url));

const textsOf = async (corpus: Corpus): Promise<readonly string[]> => (await gather(corpus)).map(({ text }) => text);
const sides = async (texts: readonly string[], heldOut: number, seed: number): Promise<readonly [readonly string[], readonly string[]]> => {
  const [train, held] = split(textCorpus(texts), { heldOut, seed });
  return [await textsOf(train), await textsOf(held)];
};
const lengthOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);

describe('many documents', () => {
  const texts = Array.from({ length: 500 }, (_, index) => `document ${index}: ${'word '.repeat((index * 7919) % 60)}`);

  test('each is whole, on one side', async () => {
    const [train, held] = await sides(texts, 0.1, 1);
    expect([...train, ...held].sort()).toEqual([...texts].sort());
    expect(lengthOf(held) / lengthOf(texts)).toBeGreaterThan(0.09);
    expect(lengthOf(held) / lengthOf(texts)).toBeLessThan(0.13);
    expect(await sides(texts, 0.1, 1)).toEqual([train, held]);
  });

  test('their order does not matter, and the seed does', async () => {
    const sets = await Promise.all([1, 2, 3].map(async (seed) => (await sides(texts, 0.05, seed))[1]));
    expect(new Set(sets.map((set) => [...set].sort().join('\n'))).size).toBe(3);
    expect([...(await sides(texts.toReversed(), 0.05, 1))[1]].sort()).toEqual([...(sets[0] ?? [])].sort());
  });

  test('a long one does not make the held-out part too large', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const [, held] = await sides([...texts, 'long '.repeat(lengthOf(texts) / 5)], 0.05, seed);
      expect(lengthOf(held) / (2 * lengthOf(texts))).toBeLessThan(0.07);
      expect(held.some((text) => text.startsWith('long'))).toBe(false);
    }
  });

  test('most can be held out', async () => {
    const [train, held] = await sides(texts, 0.9, 1);
    expect(train.length).toBeGreaterThan(20);
    expect(lengthOf(held) / lengthOf(texts)).toBeGreaterThan(0.85);
  });
});

describe('few documents', () => {
  const play = Array.from({ length: 400 }, (_, index) => `SPEAKER ${index % 7}:\nLine ${index},\nand another.\n\n`).join('');

  test('a span of each is held out, between blank lines', async () => {
    for (const seed of [1, 2, 3]) {
      const [train, held] = await sides([play], 0.1, seed);
      expect(held).toHaveLength(1);
      expect(held[0]).toMatch(/^SPEAKER[^]*\n\n$/);
      expect(lengthOf(held) / play.length).toBeCloseTo(0.1, 2);
      expect(lengthOf(train) + lengthOf(held)).toBe(play.length);
      expect(train.every((part) => play.includes(part))).toBe(true);
    }
    const spans = await Promise.all([1, 2, 3].map(async (seed) => (await sides([play], 0.1, seed))[1].join()));
    expect(new Set(spans).size).toBe(3);
  });

  test('without line ends too', async () => {
    for (const text of ['word '.repeat(1000), 'x'.repeat(1000), '😀'.repeat(500)]) {
      const [train, held] = await sides([text], 0.1, 7);
      expect(lengthOf(held) / text.length).toBeCloseTo(0.1, 1);
      expect([...train, ...held].join('')).toBe(text);
      expect([...train, ...held].join('')).not.toMatch(/\p{Surrogate}/u);
    }
  });

  test('however short, neither part is empty and no text is lost', async () => {
    const words = fc
      .array(fc.constantFrom('a', 'b ', '\n', '\n\n', '😀', 'word '), { minLength: 2, maxLength: 40 })
      .map((parts) => parts.join(''));
    const texts = fc.array(words, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(texts, fc.double({ min: 0.001, max: 0.999, noNaN: true }), fc.integer(), async (documents, heldOut, seed) => {
        const [train, held] = await sides(documents, heldOut, seed);
        expect(lengthOf(train)).toBeGreaterThan(0);
        expect(lengthOf(held)).toBeGreaterThan(0);
        const sorted = (list: readonly string[]): string => [...list.join('')].sort().join('');
        expect(sorted([...train, ...held])).toBe(sorted(documents));
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test.each([['a'], ['😀'], ['']])('%j can not be divided', async (text) => {
    const [train, held] = split(textCorpus([text]), { heldOut: 0.5, seed: 1 });
    await expect(gather(held)).rejects.toMatchObject({ code: 'WEFT_DATA_TOO_SMALL' });
    expect(await textsOf(train)).toEqual([text]);
  });

  test.runIf(existsSync(shakespeare))('Shakespeare (skipped without shared data)', async () => {
    const [train, held] = split(readText(shakespeare), { heldOut: 0.1, seed: 1 });
    const [a, b] = [await surveyCorpus(train), await surveyCorpus(held)];
    expect(a.bytes + b.bytes).toBe(1_115_394);
    expect(b.bytes / 1_115_394).toBeCloseTo(0.1, 2);
  });
});

describe('both parts', () => {
  test('tell what was read and left out', async () => {
    const scratch = createScratch();
    try {
      scratch.write({
        'a.bin': Uint8Array.of(0),
        ...Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${index}.txt`, `text ${index % 90}`])),
      });
      const [train, held] = split(readText(scratch.folder), { heldOut: 0.1, seed: 1 });
      const [a, b] = [await surveyCorpus(train), await surveyCorpus(held)];
      expect(a).toMatchObject({ files: 90, duplicates: 10, skipped: 1 });
      expect(b).toMatchObject({ files: 90, duplicates: 10, skipped: 1 });
      expect(a.documents + b.documents).toBe(90);
    } finally {
      scratch.remove();
    }
  });

  test('pass on what the corpus throws', async () => {
    const [train, held] = split(readText('nowhere.txt'), { heldOut: 0.1, seed: 1 });
    for (const part of [train, held, train]) await expect(gather(part)).rejects.toMatchObject({ code: 'WEFT_DATA_MISSING' });
  });

  test.each([[{ heldOut: 0, seed: 1 }], [{ heldOut: 1, seed: 1 }], [{ heldOut: Number.NaN, seed: 1 }], [{ heldOut: 0.1, seed: 0.5 }]])(
    '%j is out of range',
    (options) => {
      expect(() => split(textCorpus(['text']), options)).toThrow(expect.objectContaining({ code: 'WEFT_DATA_OPTION' }));
    },
  );
});
