import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { brotliBitsPerByte, gzipBitsPerByte } from './compressors.ts';

const TEXT = Buffer.from(Array.from({ length: 400 }, (_, index) => `line ${(index * 7919) % 1000} of some text\n`).join(''));

test('gzip counts what gzip -9 writes', async () => {
  expect(await gzipBitsPerByte(TEXT)).toBe((8 * gzipSync(TEXT, { level: 9 }).length) / TEXT.length);
});

test('brotli counts what the highest quality writes', async () => {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  expect(await brotliBitsPerByte(TEXT)).toBeCloseTo((8 * brotliCompressSync(TEXT, { params }).length) / TEXT.length, 1);
  expect(await brotliBitsPerByte(TEXT)).toBeLessThan(await gzipBitsPerByte(TEXT));
});

test('pieces count as their whole', async () => {
  const pieces = [TEXT.subarray(0, 100), new Uint8Array(0), TEXT.subarray(100)];
  expect(await gzipBitsPerByte(pieces)).toBe(await gzipBitsPerByte(TEXT));
});

test('no text is refused', async () => {
  await expect(gzipBitsPerByte(new Uint8Array(0))).rejects.toMatchObject({ code: 'WEFT_EVAL_EMPTY' });
  await expect(brotliBitsPerByte([])).rejects.toMatchObject({ code: 'WEFT_EVAL_EMPTY' });
});

test("the source's own error comes through", async () => {
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield TEXT;
    throw new Error('the disk is gone');
  };
  await expect(gzipBitsPerByte(broken())).rejects.toThrow('the disk is gone');
});
