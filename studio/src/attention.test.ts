import { expect, test } from 'vitest';

import { habit, headMaps, nameOf, rowOf, shade, spoken, stencil, textsOf, topWeights } from './attention.ts';
import type { HeadMap } from './attention.ts';

/** A head whose weights a function gives. */
const mapOf = (size: number, weight: (from: number, to: number) => number): HeadMap => ({
  size,
  weights: Float32Array.from({ length: size * size }, (_, index) => weight(Math.floor(index / size), index % size)),
});

test('an answer is read as a map a head', () => {
  const numbers = [1, 0, 0.25, 0.75, 1, 0, 0.5, 0.5];
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeFloatLE(number, 4 * index);
  const tokens = [
    { id: 7, piece: 'a' },
    { id: 8, piece: 'b' },
  ];
  const maps = headMaps({ tokens, dropped: 0, layers: 1, heads: 2, layer: 0, probabilities: bytes.toString('base64') });
  expect(maps.map(({ size }) => size)).toEqual([2, 2]);
  expect(maps.map((map) => [...rowOf(map, 1)])).toEqual([
    [0.25, 0.75],
    [0.5, 0.5],
  ]);
});

test('small weights can be told from none', () => {
  expect([0, 0.01, 0.25, 1, 1.0001, -1e-9].map(shade)).toEqual([0, 0.1, 0.5, 1, 1, 0]);
});

test('a stencil is as opaque as the weights are dark', () => {
  const pixels = stencil(mapOf(2, (from, to) => (to > from ? 0 : 1 / (from + 1) ** 2)));
  expect([...pixels]).toEqual([0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0, 128]);
});

test('the largest weights, and what is left', () => {
  const row = Float32Array.of(0.125, 0.5, 0.25, 0.125, 0);
  expect(topWeights(row, 2)).toEqual({
    top: [
      { token: 1, weight: 0.5 },
      { token: 2, weight: 0.25 },
    ],
    rest: 0.25,
  });
  expect(topWeights(row, 9)).toMatchObject({ top: [{ token: 1 }, { token: 2 }, { token: 0 }, { token: 3 }], rest: 0 });
});

test.each([
  ['itself', 0.75, (from: number, to: number) => (to === from ? 0.75 : 0.05)],
  ['the one before', 0.5, (from: number, to: number) => (to === from - 1 ? 0.5 : 0.1)],
  ['the first', 0.625, (_: number, to: number) => (to === 0 ? 0.625 : 0.1)],
  ['here and there', 0.25, () => 0.25],
] as const)('a head that looks at %s', (where, amount, weight) => {
  expect(habit(mapOf(6, weight))).toEqual({ where, share: amount });
});

test('one token, and two, have habits too', () => {
  expect(habit(mapOf(1, () => 1))).toEqual({ where: 'itself', share: 1 });
  expect(habit(mapOf(2, (from, to) => (from === 1 && to === 0 ? 1 : 0))).share).toBe(1);
});

test('characters that are several tokens stand at the last of them', () => {
  const pieces = ['Gr', 'bytes:\\xc3', 'bytes:\\xb6', 'ß', 'bytes:\\xe6\\x96', 'bytes:\\x87', 'bytes:', ' bytes:\\xc3'];
  expect(textsOf(pieces)).toEqual(['Gr', '', 'ö', 'ß', '', '文', 'bytes:', ' bytes:\\xc3']);
  expect(nameOf('bytes:')).toBe('bytes:');
});

test('what is read out at a token', () => {
  const map = mapOf(4, (from, to) => [[1], [0.2, 0.8], [0.5, 0.125, 0.375], [0.25, 0.5, 0.05, 0.2]][from]?.[to] ?? 0);
  const pieces = ['The', ' cat', '\n', 'bytes:\\xe2'];
  expect(spoken(pieces, map, 0)).toBe('The: itself 100%');
  expect(spoken(pieces, map, 1)).toBe('␣cat: itself 80%, The 20%');
  expect(spoken(pieces, map, 2)).toBe('↵: The 50%, itself 38%, ␣cat 13%');
  expect(spoken(pieces, map, 3)).toBe('\\xe2: ␣cat 50%, The 25%, itself 20%');
  expect(nameOf(' a ')).toBe('␣a␣');
});
