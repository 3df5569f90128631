import { expect, test } from 'vitest';

import { createRandom, hostTensor } from '../../src/core/index.ts';
import { roundBlocks } from '../../src/formats/index.ts';
import { float16ToFloat32 } from '../../src/formats/half.ts';
import { BLOCK, encodeBlocks, float16Bits } from './ggml-blocks.ts';

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
  for (let block = 0; block < data.length / BLOCK; block++) {
    const part = bytes.subarray(block * 34, (block + 1) * 34);
    const numbers = new Int8Array(part.buffer, part.byteOffset + 2, BLOCK);
    const most = Math.max(...data.subarray(block * BLOCK, (block + 1) * BLOCK).map(Math.abs));
    expect(Math.max(...numbers.map(Math.abs))).toBe(127);
    for (let index = 0; index < BLOCK; index++)
      expect(Math.abs(numbers[index]! * (most / 127) - data[block * BLOCK + index]!)).toBeLessThanOrEqual((most / 127) * 0.5001);
  }
});
