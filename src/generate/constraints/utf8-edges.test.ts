import fc from 'fast-check';
import { expect, it } from 'vitest';

import { codePoints, complemented, hasCodePoint, intersected } from './code-point-ranges.ts';
import { type Utf8Edge, utf8Edges } from './utf8-edges.ts';

const point = fc.oneof(
  fc.integer({ min: 0, max: 0x10_ffff }),
  fc.constantFrom(0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff),
);
const ranges = fc.array(
  fc.tuple(point, point).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
  { maxLength: 5 },
);

const isSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xe000;

/** How many texts of bytes the edges have. */
function count(edges: readonly Utf8Edge[]): number {
  return edges.reduce((sum, { low, high, tail }) => sum + (high - low + 1) * (tail === undefined ? 1 : count(tail)), 0);
}

function follows(edges: readonly Utf8Edge[], bytes: Uint8Array): boolean {
  const [first, ...rest] = bytes;
  const taken = edges.filter(({ low, high }) => first !== undefined && first >= low && first <= high);
  // No two edges share a byte.
  expect(taken.length).toBeLessThan(2);
  const [edge] = taken;
  return edge !== undefined && (edge.tail === undefined ? rest.length === 0 : follows(edge.tail, Uint8Array.from(rest)));
}

it('the bytes of a set are those of its characters, and no others', () => {
  fc.assert(
    fc.property(ranges, fc.array(point, { minLength: 30, maxLength: 30 }), (given, points) => {
      const set = codePoints(given);
      const edges = utf8Edges(set);
      for (const code of [...points, ...given.flat()].filter((code) => !isSurrogate(code))) {
        const isIn = given.some(([first, last]) => code >= first && code <= last);
        expect(hasCodePoint(set, code)).toBe(isIn);
        expect(follows(edges, new TextEncoder().encode(String.fromCodePoint(code)))).toBe(isIn);
      }
      expect(count(edges)).toBe(set.reduce((sum, [first, last]) => sum + last - first + 1, 0));
    }),
    { seed: 1, numRuns: 300 },
  );
});

it('sets are combined as sets are', () => {
  fc.assert(
    fc.property(ranges, ranges, fc.array(point, { minLength: 30, maxLength: 30 }), (left, right, points) => {
      const [a, b] = [codePoints(left), codePoints(right)];
      for (const code of [...points, ...left.flat(), ...right.flat()].filter((code) => !isSurrogate(code))) {
        const [inA, inB] = [hasCodePoint(a, code), hasCodePoint(b, code)];
        expect(hasCodePoint(intersected(a, b), code)).toBe(inA && inB);
        expect(hasCodePoint(complemented(a), code)).toBe(!inA);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});
