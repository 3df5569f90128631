import { expect, test } from 'vitest';

import { ago, bytes, compact, digits, duration, percent, visible } from './format.ts';

test.each([
  [compact, 789, '789'],
  [compact, 45_600, '45.6k'],
  [compact, 10_712_345, '10.7M'],
  [digits, 0, '0'],
  [digits, 0.001, '0.001'],
  [digits, 0.0005, '5e−4'],
  [digits, 0.00012, '1.2e−4'],
  [digits, 2.5, '2.5'],
  [digits, 12_345.6, '12,346'],
  [bytes, 6_812_345, '6.81 MB'],
  [bytes, 12, '12 bytes'],
  [percent, 0, '100%'],
  [percent, Math.log(0.985), '99%'],
  [percent, Math.log(0.031), '3.1%'],
  [percent, Math.log(0.0002), '0.02%'],
  [percent, -100, '< 0.01%'],
  [duration, 8.13, '8.1 s'],
  [duration, 9.97, '10 s'],
  [duration, 59.7, '1 min 00 s'],
  [duration, 93, '1 min 33 s'],
  [duration, 119.7, '2 min 00 s'],
  [duration, 11_100, '3 h 05 min'],
  [ago, 900, 'just now'],
  [ago, 12_000, '12 s ago'],
  [ago, 7_200_000, '2 h ago'],
] as const)('%o writes %d as %s', (write, value, text) => {
  expect(write(value)).toBe(text);
});

test('a token’s invisible characters are shown', () => {
  expect(visible(' the')).toBe('␣the');
  expect(visible('\n  ')).toBe('↵␣␣');
  expect(visible('a b')).toBe('a b');
  expect(visible('')).toBe('(empty)');
  expect(visible('\t\u0018\r')).toBe('⇥␘␍');
});
