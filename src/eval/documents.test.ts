import fc from 'fast-check';
import { expect, test } from 'vitest';

import { encodeDocuments } from './documents.ts';

async function collect(texts: readonly string[], limit?: number): Promise<{ text: string; utf8: Uint8Array }[]> {
  const all = [];
  for await (const document of encodeDocuments(
    texts.map((text) => ({ text })),
    limit,
  ))
    all.push(document);
  return all;
}

test('text and bytes say the same, within the limit, and are a prefix of what was given', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'binary' })), fc.integer({ min: 1, max: 40 }), async (texts, limit) => {
      const documents = await collect(texts, limit);
      for (const { text, utf8 } of documents) expect(Buffer.from(utf8).equals(Buffer.from(text))).toBe(true);
      expect(texts.join('').startsWith(documents.map(({ text }) => text).join(''))).toBe(true);
      const bytes = documents.reduce((sum, { utf8 }) => sum + utf8.length, 0);
      expect(bytes).toBeLessThanOrEqual(limit);
      expect(bytes).toBeGreaterThan(Math.min(limit, Buffer.byteLength(texts.join(''))) - 4); // a character has up to four bytes
    }),
    { seed: 1 },
  );
});

test('empty documents are left out, a byte-order mark stays, lone surrogates become what their bytes say', async () => {
  expect(await collect(['', '\uFEFFa', 'b\uD800'])).toEqual([
    { text: '\uFEFFa', utf8: new TextEncoder().encode('\uFEFFa') },
    { text: 'b\uFFFD', utf8: new TextEncoder().encode('b\uFFFD') },
  ]);
});

test('a limit that is no number of bytes is refused', async () => {
  await expect(collect(['a'], 0)).rejects.toMatchObject({ code: 'WEFT_EVAL_OPTION' });
  await expect(collect(['a'], NaN)).rejects.toMatchObject({ code: 'WEFT_EVAL_OPTION' });
});
