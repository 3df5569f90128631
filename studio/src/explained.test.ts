import { expect, test } from 'vitest';

import { logarithm, rowsOf, shown } from './explained.ts';

test('white space can be seen', () => {
  expect(shown('a b\n\tc')).toBe('a␣b↵⇥c');
});

test('logarithms have a minus sign', () => {
  expect([logarithm(-1.804), logarithm(0)]).toEqual(['−1.80', '0.00']);
});

test('spans never share a row where they overlap', () => {
  const spans = [
    { start: 0, end: 3 },
    { start: 1, end: 2 },
    { start: 2, end: 4 },
    { start: 3, end: 5 },
  ];
  expect(rowsOf(spans)).toEqual([0, 1, 1, 0]);
});
