import { expect, test } from 'vitest';

import { bitsPerByte } from './bits-per-byte.ts';
import { perplexity } from './perplexity.ts';

test('a uniform guess has the perplexity of its size', () => {
  for (const size of [1, 2, 65, 50_257]) expect(perplexity(7 * Math.log(size), 7)).toBeCloseTo(size, 8);
});

test('one bit a byte is ln 2 nats a byte', () => {
  expect(bitsPerByte(12 * Math.LN2, 12)).toBeCloseTo(1, 14);
  // nanoGPT's loss of 1.4697 nats a character on tinyshakespeare, where a character is a byte.
  expect(bitsPerByte(1.4697 * 111_540, 111_540)).toBeCloseTo(2.1203, 4);
});
