import fc from 'fast-check';
import { expect, test } from 'vitest';

import { arenaOf } from '../token-arena.ts';
import { LONGEST_PIECE, PIECE_PADDING, UNKNOWN_PIECE, createPieceTable } from './piece-table.ts';

const tokens = arenaOf(Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)));

/** The ids that a table has for a piece, or undefined. */
function lookUp(table: ReturnType<typeof createPieceTable>, piece: Uint8Array): readonly number[] | undefined {
  const bytes = new Uint8Array(piece.length + PIECE_PADDING).fill(0xee);
  bytes.set(piece);
  const view = new DataView(bytes.buffer);
  const found = table.find(bytes, view, 0, piece.length);
  if (found === UNKNOWN_PIECE) return undefined;
  if (found >= 0) return [found];
  const ids = table.values();
  return [...ids.subarray(-found, -found + (ids[-found - 1] as number))];
}

test('agrees with a Map, whatever the lengths', () => {
  const piece = fc.uint8Array({ minLength: 1, maxLength: LONGEST_PIECE });
  const short = fc.array(fc.constantFrom(0, 1, 0x80, 0xff), { minLength: 1, maxLength: 14 }).map((bytes) => Uint8Array.from(bytes));
  const ids = fc.array(fc.nat(255), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.oneof(piece, short), ids), { maxLength: 200 }), (entries) => {
      const table = createPieceTable(tokens);
      const known = new Map<string, readonly number[]>();
      for (const [bytes, values] of entries) {
        const key = bytes.join();
        expect(lookUp(table, bytes)).toEqual(known.get(key));
        if (known.has(key)) continue;
        table.remember(Int32Array.from(values), values.length);
        known.set(key, values);
        expect(lookUp(table, bytes)).toEqual(values);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('forgets all when it is full, and says so', () => {
  const table = createPieceTable(tokens);
  const pieceOf = (index: number): Uint8Array => new TextEncoder().encode(index % 2 === 0 ? `${index}` : `a long piece, number ${index}`);
  const generation = table.generation();
  let known = 0;
  for (let index = 0; index < 300_000; index++) {
    expect(lookUp(table, pieceOf(index))).toBeUndefined();
    table.remember(Int32Array.of(index & 255, 7), 2);
    if (index % 997 === 0) expect(lookUp(table, pieceOf(index))).toEqual([index & 255, 7]);
  }
  expect(table.generation()).toBe(generation + 1);
  for (let index = 0; index < 300_000; index++) {
    const ids = lookUp(table, pieceOf(index));
    if (ids === undefined) continue;
    known++;
    expect(ids).toEqual([index & 255, 7]);
  }
  expect(known).toBe(300_000 - 196_608);
});
