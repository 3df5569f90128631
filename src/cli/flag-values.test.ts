import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { UsageError } from '../core/index.ts';
import { decimalNumber, oneOf, repeated, wholeNumber } from './flag-values.ts';

describe('numbers', () => {
  test('whole numbers come back as they were written', () => {
    fc.assert(fc.property(fc.integer(), (value) => void expect(wholeNumber('--n')(String(value))).toBe(value)));
  });

  test('numbers come back as they were written', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(fc.property(finite, (value) => void expect(decimalNumber('--n')(String(value))).toBe(Number(String(value)))));
  });

  test.for(['', ' ', 'x', '1.5', '1e3', '0x10', '--', '1 2', '9007199254740993', 'NaN', 'Infinity'])('"%s" is no whole number', (text) => {
    expect(() => wholeNumber('--n')(text)).toThrow(UsageError);
  });

  test.for(['', 'x', '1.5.2', '0x10', 'NaN', 'Infinity', '1e999', '.', 'e5'])('"%s" is no number', (text) => {
    expect(() => decimalNumber('--n')(text)).toThrow(UsageError);
  });

  test.for([
    [{ min: 1 }, '0', 'a number of at least 1'],
    [{ above: 0 }, '0', 'a number above 0'],
    [{ max: 5 }, '6', 'a number of at most 5'],
    [{ below: 1 }, '1', 'a number below 1'],
    [{ min: 0, max: 5 }, '-1', 'a number from 0 to 5'],
    [{ above: 0, below: 1 }, '1', 'a number between 0 and 1'],
    [{ above: 0, max: 1 }, '2', 'a number above 0 and of at most 1'],
    [{ min: 0, below: 1 }, '1', 'a number of at least 0 and below 1'],
  ] as const)('%j refuses %s: %s', ([rule, text, wanted]) => {
    expect(() => decimalNumber('--n', rule)(text)).toThrow(`Cannot use --n as it takes ${wanted}: ${text}`);
  });

  test('the edges are inside or outside as their names say', () => {
    expect([decimalNumber('--n', { min: 1, max: 2 })('1'), decimalNumber('--n', { min: 1, max: 2 })('2')]).toEqual([1, 2]);
  });
});

test('words are one of a few', () => {
  const read = oneOf('--type', ['bpe', 'characters']);
  expect(read('bpe')).toBe('bpe');
  expect(() => read('BPE')).toThrow('Cannot use --type as it takes one of bpe, characters: BPE');
});

test('a flag that is repeated collects', () => {
  expect(repeated('b', repeated('a', undefined))).toEqual(['a', 'b']);
});
