/** Matching gives what merging gives, wherever it claims to apply. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { arenaOf } from '../token-arena.ts';
import { createBacktracker } from './backtrack.ts';
import { createPieceMerger } from './merge-piece.ts';
import { type Merge, createMergeTable, mergeListOf } from './merge-table.ts';

const BYTES = 256;
const byteIds = Int32Array.from({ length: BYTES }, (_, byte) => byte);

/** A vocabulary of the bytes and of what merges make. */
interface Vocabulary {
  readonly tokens: readonly Uint8Array[];
  readonly merges: readonly Merge[];
}

/** Merges of tokens given by their places; what spells a token that there is already makes that token again. */
function vocabularyOf(pairs: readonly (readonly [number, number])[], alphabet: readonly number[]): Vocabulary {
  const tokens = Array.from({ length: BYTES }, (_, byte) => Uint8Array.of(byte));
  const known = [...alphabet];
  const idOf = new Map(tokens.map((token, id) => [token.join(), id]));
  const merges: Merge[] = [];
  for (const [a, b] of pairs) {
    const left = known[a % known.length] as number;
    const right = known[b % known.length] as number;
    const token = Uint8Array.of(...(tokens[left] as Uint8Array), ...(tokens[right] as Uint8Array));
    let result = idOf.get(token.join());
    if (result === undefined) {
      result = tokens.length;
      tokens.push(token);
      idOf.set(token.join(), result);
      known.push(result);
    }
    merges.push({ left, right, result });
  }
  return { tokens, merges };
}

/** A matcher and a merger of the same vocabulary. */
function both({ tokens, merges }: Vocabulary, ignoreMerges = false) {
  const table = createMergeTable(mergeListOf(merges));
  const matcher = createBacktracker({ tokens: arenaOf(tokens), merges: table, byteIds, ignoreMerges });
  const merge = createPieceMerger(table);
  return {
    applies: matcher !== undefined,
    matched(bytes: Uint8Array): readonly number[] {
      const ids = new Int32Array(bytes.length + 2);
      return [...ids.subarray(0, matcher?.(Uint8Array.of(7, ...bytes), 1, bytes.length + 1, ids))];
    },
    merged(bytes: Uint8Array): readonly number[] {
      const ids = Int32Array.from(bytes);
      return [...ids.subarray(0, merge(ids, ids.length))];
    },
  };
}

const pairs = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 });

describe.each([
  ['two letters', [0x61, 0x62]],
  ['four letters', [0x61, 0x62, 0x63, 0xff]],
] as const)('%s', (_, alphabet) => {
  const text = fc.array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 80 }).map((bytes) => Uint8Array.from(bytes));

  test('matching is merging', () => {
    let applied = 0;
    fc.assert(
      fc.property(pairs, fc.array(text, { minLength: 1, maxLength: 4 }), (list, texts) => {
        const { applies, matched, merged } = both(vocabularyOf(list, alphabet));
        if (!applies) return;
        applied++;
        for (const bytes of texts) expect(matched(bytes)).toEqual(merged(bytes));
      }),
      { numRuns: 4000, seed: 1 },
    );
    expect(applied).toBeGreaterThan(2000);
  });
});

test('merges whose parts come about later are left to the merger', () => {
  const tokens = [...Array.from({ length: BYTES }, (_, byte) => Uint8Array.of(byte)), Uint8Array.of(97, 98, 99), Uint8Array.of(97, 98)];
  const merges = [
    { left: 257, right: 99, result: 256 },
    { left: 97, right: 98, result: 257 },
  ];
  expect(both({ tokens, merges }).applies).toBe(false);
});

test('a vocabulary that lacks bytes is left to the merger', () => {
  const some = byteIds.map((id) => (id === 65 ? -1 : id));
  const tokens = arenaOf(Array.from({ length: BYTES }, (_, byte) => Uint8Array.of(byte)));
  expect(createBacktracker({ tokens, merges: createMergeTable(mergeListOf([])), byteIds: some, ignoreMerges: false })).toBeUndefined();
});

test('a token that merges do not make is a whole piece or nothing', () => {
  const { tokens, merges } = vocabularyOf([[0, 1]], [97, 98]);
  const all = { tokens: [...tokens, Uint8Array.of(98, 98)], merges };
  expect(both(all).matched(Uint8Array.of(98, 98))).toEqual([98, 98]);
  expect(both(all, true).matched(Uint8Array.of(98, 98))).toEqual([257]);
  expect(both(all, true).matched(Uint8Array.of(98, 98, 97, 98))).toEqual([98, 98, 256]);
});

test('long pieces', () => {
  const doubling = Array.from({ length: 12 }, (_, index): [number, number] => [index === 0 ? 0 : index + 1, index === 0 ? 0 : index + 1]);
  const { matched, merged } = both(vocabularyOf([...doubling, [0, 1], [1, 0]], [97, 98]));
  const letters = Uint8Array.from({ length: 50_000 }, (_, index) => (index % 997 === 0 ? 98 : 97));
  expect(matched(letters)).toEqual(merged(letters));
});
