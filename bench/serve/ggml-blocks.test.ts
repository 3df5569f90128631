import { expect, test } from 'vitest';

import { createRandom, hostTensor } from '../../src/core/index.ts';
import { roundBlocks, unroundBlocks } from '../../src/formats/index.ts';
import { float16ToFloat32 } from '../../src/formats/half.ts';
import { BLOCK, decodeBlocks, encodeBlocks, float16Bits } from './ggml-blocks.ts';

const random = createRandom(1, 'blocks');
const data = Float32Array.from({ length: 8 * BLOCK }, () => random.normal());

test('every half is what it is rounded to, and ties go to even', () => {
  const all = Uint16Array.from({ length: 0x7c00 }, (_, index) => index);
  const values = float16ToFloat32(all);
  for (const [index, value] of values.entries()) {
    expect(float16Bits(value)).toBe(index);
    const next = values[index + 1];
    if (next !== undefined) expect(float16Bits((value + next) / 2)).toBe(index + (index % 2));
  }
  expect(float16Bits(-1)).toBe(0xbc00);
  expect(float16Bits(65_520)).toBe(0x7c00);
});

test('Q4_0 has the numbers of our own rounding to 4 bits, whose recipe is the same', () => {
  const bytes = encodeBlocks('Q4_0', data);
  const { values, scales } = roundBlocks(hostTensor('float32', [1, data.length], data), { bits: 4 });
  for (let block = 0; block < data.length / BLOCK; block++) {
    const part = bytes.subarray(block * 18, (block + 1) * 18);
    expect(part[0]! | (part[1]! << 8)).toBe(float16Bits(scales.data[block]!));
    for (let index = 0; index < BLOCK; index++) {
      const byte = part[2 + (index % 16)]!;
      const ours = values.data[(block * BLOCK + index) >> 1]!;
      expect(index < 16 ? byte & 15 : byte >> 4).toBe(index % 2 === 0 ? ours & 15 : ours >> 4);
    }
  }
});

test('Q8_0 is within half a step of the numbers, and uses its whole range', () => {
  const bytes = encodeBlocks('Q8_0', data);
  const read = decodeBlocks('Q8_0', bytes);
  for (let block = 0; block < data.length / BLOCK; block++) {
    const numbers = new Int8Array(bytes.buffer, block * 34 + 2, BLOCK);
    const most = Math.max(...data.subarray(block * BLOCK, (block + 1) * BLOCK).map(Math.abs));
    expect(Math.max(...numbers.map(Math.abs))).toBe(127);
    for (let index = block * BLOCK; index < (block + 1) * BLOCK; index++)
      // The scale is a half: a number of 127 steps is off by 127 times its rounding, too.
      expect(Math.abs(read[index]! - data[index]!)).toBeLessThanOrEqual((most / 127) * 0.5 + most * 2 ** -11);
  }
});

test('Q4_0 is read as it was written', () => {
  const read = decodeBlocks('Q4_0', encodeBlocks('Q4_0', data));
  const { data: ours } = unroundBlocks(roundBlocks(hostTensor('float32', [1, data.length], data), { bits: 4 }));
  for (let index = 0; index < data.length; index++) expect(Math.abs(read[index]! - ours[index]!)).toBeLessThanOrEqual(4 * 2 ** -11);
});
