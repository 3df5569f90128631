import fc from 'fast-check';
import { expect, test } from 'vitest';

import { CACHE_PADDING, UNKNOWN_PIECE, createPieceCache } from './piece-cache.ts';

/** The ids that a cache has for a piece, or undefined. */
function lookUp(cache: ReturnType<typeof createPieceCache>, piece: Uint8Array): readonly number[] | undefined {
  const bytes = new Uint8Array(piece.length + CACHE_PADDING).fill(0xee);
  bytes.set(piece);
  const found = cache.find(bytes, new DataView(bytes.buffer), 0, piece.length);
  if (found === UNKNOWN_PIECE) return undefined;
  if (found >= 0) return [found];
  const ids = cache.ids();
  const place = -1 - found;
  return [...ids.subarray(place + 1, place + 1 + (ids[place] ?? 0))];
}

test('agrees with a Map, whatever the lengths, and keeps nothing that is too long', () => {
  const piece = fc.uint8Array({ minLength: 1, maxLength: 300 });
  const short = fc.array(fc.constantFrom(0, 1, 0x80, 0xff), { minLength: 1, maxLength: 14 }).map((bytes) => Uint8Array.from(bytes));
  const ids = fc.array(fc.nat(1 << 20), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.oneof(piece, short), ids), { maxLength: 200 }), (entries) => {
      const cache = createPieceCache();
      const known = new Map<string, readonly number[]>();
      for (const [bytes, values] of entries) {
        const key = bytes.join();
        expect(lookUp(cache, bytes)).toEqual(known.get(key));
        if (known.has(key)) continue;
        cache.remember(Int32Array.from(values), values.length);
        if (bytes.length <= 255) known.set(key, values);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('is emptied when it is full, and stays right', () => {
  const cache = createPieceCache();
  let forgotten = 0;
  const pieceOf = (number: number): Uint8Array =>
    new TextEncoder().encode(number % 3 === 0 ? `a rather long piece ${number}` : `${number}`);
  for (let number = 0; number < 150_000; number++) {
    if (lookUp(cache, pieceOf(number)) !== undefined) throw new Error(`${number} is not known yet`);
    cache.remember(Int32Array.of(number, number + 1), 1 + (number % 2));
    const earlier = Math.floor(number / 2);
    const ids = lookUp(cache, pieceOf(earlier));
    if (ids === undefined) forgotten++;
    else if (ids.join() !== (earlier % 2 === 0 ? [earlier] : [earlier, earlier + 1]).join())
      throw new Error(`${earlier} has ${ids.join()}`);
  }
  expect(forgotten).toBeGreaterThan(0);
  expect(lookUp(cache, pieceOf(149_999))).toEqual([149_999, 150_000]);
});
