import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { mergeLongPiece } from './merge-long-piece.ts';
import { createPieceMerger } from './merge-piece.ts';
import { type Merge, createMergeTable, mergeListOf } from './merge-table.ts';

/** The slow twin: again and again the lowest rank, leftmost first. */
function mergeSlowly(ids: readonly number[], merges: readonly Merge[]): readonly number[] {
  let parts = [...ids];
  for (;;) {
    let best = merges.length;
    let at = -1;
    for (let index = 0; index + 1 < parts.length; index++) {
      const rank = merges.findLastIndex(({ left, right }) => left === parts[index] && right === parts[index + 1]);
      if (rank >= 0 && rank < best) {
        best = rank;
        at = index;
      }
    }
    if (at < 0) return parts;
    parts = [...parts.slice(0, at), merges[best]!.result, ...parts.slice(at + 2)];
  }
}

/** Merges of a small alphabet; later ones may build upon earlier ones, or make a token that there is already. */
const merges = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { maxLength: 12 }).map((numbers) => {
  const made: Merge[] = [];
  for (const [a, b, c] of numbers) {
    const size = 3 + made.length;
    made.push({ left: a % size, right: b % size, result: c % 5 === 0 ? c % size : size });
  }
  return made;
});

describe('merging a piece', () => {
  test.each([
    ['short, by scanning', 12],
    ['long, by a heap', 120],
  ])('%s: as the slow twin', (_, maxLength) => {
    fc.assert(
      fc.property(merges, fc.array(fc.nat(2), { minLength: maxLength / 2, maxLength }), (table, ids) => {
        const symbols = Int32Array.from(ids);
        const count = createPieceMerger(createMergeTable(mergeListOf(table)))(symbols, ids.length);
        expect([...symbols.subarray(0, count)]).toEqual(mergeSlowly(ids, table));
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  test('very long, by queues: as the slow twin', () => {
    fc.assert(
      fc.property(merges, fc.array(fc.nat(2), { minLength: 1, maxLength: 120 }), (table, ids) => {
        const symbols = Int32Array.from(ids);
        const count = mergeLongPiece(createMergeTable(mergeListOf(table)), symbols, ids.length);
        expect([...symbols.subarray(0, count)]).toEqual(mergeSlowly(ids, table));
      }),
      { numRuns: 2000, seed: 2 },
    );
  });

  test('a million symbols', () => {
    const merge = createPieceMerger(
      createMergeTable(
        mergeListOf([
          { left: 0, right: 0, result: 1 },
          { left: 1, right: 1, result: 2 },
        ]),
      ),
    );
    const symbols = new Int32Array(1_000_001);
    expect(merge(symbols, symbols.length)).toBe(250_001);
    expect([...symbols.subarray(249_998, 250_001)]).toEqual([2, 2, 0]);
  });
});
