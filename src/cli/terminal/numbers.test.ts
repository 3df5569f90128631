import { expect, test } from 'vitest';

import { byteSize, clock, compact, duration, small, whole } from './numbers.ts';

test.for([
  [whole(1234567), '1,234,567'],
  [compact(9999), '9,999'],
  [compact(10_000), '10k'],
  [compact(21_432), '21.4k'],
  [compact(124_439_808), '124.4M'],
  [compact(8_030_261_248), '8B'],
  [byteSize(0), '0 B'],
  [byteSize(999), '999 B'],
  [byteSize(1000), '1.0 kB'],
  [byteSize(999_949), '1000 kB'],
  [byteSize(999_950), '1.0 MB'],
  [byteSize(5_123_456), '5.1 MB'],
  [byteSize(123_456_789), '123 MB'],
  [duration(0.04), '0.0 s'],
  [duration(9.94), '9.9 s'],
  [duration(9.96), '0:10'],
  [clock(59.6), '1:00'],
  [clock(118), '1:58'],
  [clock(7400), '2:03:20'],
  [clock(-3), '0:00'],
  [small(0), '0'],
  [small(0.00098), '9.8e-4'],
] as const)('%s', ([actual, expected]) => {
  expect(actual).toBe(expected);
});
