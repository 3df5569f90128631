import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { trainByteNgrams } from './byte-ngrams.ts';

/** The slow, readable twin: counts by context text, the formula as it stands in the paper. */
function twin(documents: readonly Uint8Array[], order: number): (context: readonly number[], byte: number) => number {
  const counts = new Map<string, Map<number, number>>();
  for (const document of documents) {
    document.forEach((byte, at) => {
      for (let length = 0; length < order && length <= at; length++) {
        const context = document.subarray(at - length, at).join(' ');
        const after = counts.get(context) ?? new Map<number, number>();
        counts.set(context, after.set(byte, (after.get(byte) ?? 0) + 1));
      }
    });
  }
  const probability = (context: readonly number[], byte: number): number => {
    const lower = context.length === 0 ? 1 / 256 : probability(context.slice(1), byte);
    const after = counts.get(context.join(' '));
    if (after === undefined) return lower;
    const total = [...after.values()].reduce((sum, count) => sum + count, 0);
    return ((after.get(byte) ?? 0) + after.size * lower) / (total + after.size);
  };
  return (context, byte) => probability(context.slice(Math.max(0, context.length - order + 1)), byte);
}

/** Bytes of few kinds, so that contexts come back, with any byte now and then. */
const document = fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.map((byte) => (byte < 240 ? 97 + (byte % 3) : byte)));

describe('byte n-grams', () => {
  test('agree with the formula on every byte of any documents', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { maxLength: 5 }),
        document.filter((d) => d.length > 0),
        fc.integer({ min: 1, max: 7 }),
        async (train, heldOut, order) => {
          const model = await trainByteNgrams(train, { order });
          const slow = twin(train, order);
          let bits = 0;
          heldOut.forEach((byte, at) => (bits -= Math.log2(slow([...heldOut.subarray(0, at)], byte))));
          expect(await model.bitsPerByte([heldOut])).toBeCloseTo(bits / heldOut.length, 10);
          const context = [...heldOut.subarray(0, 5)];
          const probabilities = model.probabilities(Uint8Array.from(context));
          for (let byte = 0; byte < 256; byte++) expect(probabilities[byte]).toBeCloseTo(slow(context, byte), 12);
        },
      ),
      { numRuns: 80, seed: 1 },
    );
  });

  test('probabilities sum to one after any context, also when strings were passed over', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { maxLength: 5 }),
        fc.uint8Array({ maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        async (train, context, maxEntries) => {
          const model = await trainByteNgrams(train, { maxEntries });
          expect(model.entries).toBeLessThanOrEqual(maxEntries);
          for (const after of [context, train[0]?.subarray(0, 7) ?? context]) {
            expect(model.probabilities(after).reduce((sum, p) => sum + p)).toBeCloseTo(1, 12);
          }
        },
      ),
      { numRuns: 80, seed: 1 },
    );
  });

  test('a worked example: after "ab ab ac", context a', async () => {
    // Root: 8 bytes of 4 kinds (a 3, b 2, space 2, c 1); after "a": b 2, c 1 of 2 kinds.
    const model = await trainByteNgrams([Buffer.from('ab ab ac')], { order: 2 });
    const root = (count: number): number => (count + 4 / 256) / 12;
    const after = model.probabilities(Buffer.from('a'));
    expect(after[0x62]).toBeCloseTo((2 + 2 * root(2)) / 5, 14);
    expect(after[0x63]).toBeCloseTo((1 + 2 * root(1)) / 5, 14);
    expect(after[0x7a]).toBeCloseTo((2 * root(0)) / 5, 14);
  });

  test('without any training it is the uniform guess', async () => {
    const model = await trainByteNgrams([]);
    expect(await model.bitsPerByte([Buffer.from('anything')])).toBe(8);
  });

  test('order 1 comes to the entropy of the bytes', async () => {
    const text = Buffer.from('aab'.repeat(10_000));
    const model = await trainByteNgrams([text], { order: 1 });
    const entropy = -(2 / 3) * Math.log2(2 / 3) - (1 / 3) * Math.log2(1 / 3);
    expect(await model.bitsPerByte([text])).toBeCloseTo(entropy, 3);
  });

  test('contexts do not reach across documents, nor break at slices of a long one', async () => {
    const apart = await trainByteNgrams([Buffer.from('ab'), Buffer.from('cd')]);
    expect(apart.entries).toBe(6); // a b c d ab cd
    const long = new Uint8Array(2 ** 21 + 5).map((_, index) => 97 + (index % 7));
    const model = await trainByteNgrams([long]);
    expect(model.entries).toBe(35); // 7 strings of each length from 1 to 5
    expect(await model.bitsPerByte([long])).toBeLessThan(1e-4);
  });

  test('the table grows past its first size and keeps every count', async () => {
    const random = new Uint8Array(60_000);
    let state = 1;
    for (let index = 0; index < random.length; index++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      random[index] = state >>> 24;
    }
    const model = await trainByteNgrams([random]);
    const slow = new Set<string>();
    for (let at = 0; at < random.length; at++) {
      for (let length = 1; length <= 5 && at + length <= random.length; length++)
        slow.add(Buffer.from(random.subarray(at, at + length)).toString('latin1'));
    }
    expect(model.entries).toBe(slow.size);
    expect(model.full).toBe(false);
  });

  test('bad options, no text and a signal stop it with a word', async () => {
    await expect(trainByteNgrams([], { order: 0 })).rejects.toMatchObject({ code: 'WEFT_EVAL_OPTION' });
    await expect(trainByteNgrams([], { maxEntries: 2 ** 24 })).rejects.toMatchObject({ code: 'WEFT_EVAL_OPTION' });
    await expect(trainByteNgrams([], { ordre: 5 } as object)).rejects.toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
    await expect((await trainByteNgrams([])).bitsPerByte([])).rejects.toMatchObject({ code: 'WEFT_EVAL_EMPTY' });
    await expect(trainByteNgrams([Buffer.from('a')], { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
