import { expect, test } from 'vitest';

import { bfloat16ToFloat32, float16ToFloat32 } from './half.ts';

const ALL = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);

/** The definition of a binary interchange format (IEEE 754-2019, section 3.4), term by term. */
function decode(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >>> 15 === 1 ? -1 : 1;
  const exponent = (bits >>> fractionBits) & (2 ** exponentBits - 1);
  const fraction = bits & (2 ** fractionBits - 1);
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
  return sign * (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias);
}

test('every binary16 pattern has its value', () => {
  const values = float16ToFloat32(ALL);
  expect(ALL.every((bits) => Object.is(values[bits], decode(bits, 5, 10)))).toBe(true);
});

test('every bfloat16 pattern has its value', () => {
  const values = bfloat16ToFloat32(ALL);
  expect(ALL.every((bits) => Object.is(values[bits], decode(bits, 8, 7)))).toBe(true);
});
