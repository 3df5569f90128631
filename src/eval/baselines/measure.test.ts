import { expect, test } from 'vitest';

import { trainByteNgrams } from './byte-ngrams.ts';
import { gzipBitsPerByte } from './compressors.ts';
import { measureBaselines } from './measure.ts';

const TRAIN = Array.from({ length: 50 }, (_, index) => ({
  text: `Document ${index} speaks of the weather, which is ${index % 3 === 0 ? 'fine' : 'poor'}.`,
}));
const HELD_OUT = [{ text: 'Document 50 speaks of the weather.' }, { text: 'It is poor.' }];
const BYTES = HELD_OUT.map(({ text }) => Buffer.from(text));

test('each baseline sees the held-out bytes, the n-grams the training text too', async () => {
  const baselines = await measureBaselines(HELD_OUT, { train: TRAIN });
  const ngrams = await trainByteNgrams(TRAIN.map(({ text }) => Buffer.from(text)));
  expect(baselines.gzipBitsPerByte).toBe(await gzipBitsPerByte(BYTES));
  expect(baselines.ngramBitsPerByte).toBe(await ngrams.bitsPerByte(BYTES));
  expect(baselines.ngramBitsPerByte).toBeLessThan(baselines.brotliBitsPerByte);
});

test('the byte limit holds for every baseline', async () => {
  const baselines = await measureBaselines(HELD_OUT, { train: TRAIN, byteLimit: 10 });
  const ngrams = await trainByteNgrams(TRAIN.map(({ text }) => Buffer.from(text)));
  expect(baselines.gzipBitsPerByte).toBe(await gzipBitsPerByte(BYTES[0]?.subarray(0, 10) ?? []));
  expect(baselines.ngramBitsPerByte).toBe(await ngrams.bitsPerByte([Buffer.from('Document 5')]));
});

test('without training text there are only compressors; without held-out text there is nothing', async () => {
  expect(Object.keys(await measureBaselines(HELD_OUT))).toEqual(['gzipBitsPerByte', 'brotliBitsPerByte']);
  await expect(measureBaselines([])).rejects.toMatchObject({ code: 'WEFT_EVAL_EMPTY' });
  await expect(measureBaselines(HELD_OUT, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});
