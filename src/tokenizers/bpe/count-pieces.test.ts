import fc from 'fast-check';
import { expect, test } from 'vitest';

import { splitGpt4Batch } from '../splitting/gpt4.ts';
import type { BatchSplitter } from '../splitting/runs.ts';
import { type PieceCounts, createPieceCounter } from './count-pieces.ts';

/** Pieces that end after a comma. */
const commas: BatchSplitter = (bytes, start, end, ends) => {
  let count = 0;
  for (let at = start; at < end && count < ends.length;) {
    const comma = bytes.indexOf(0x2c, at);
    at = comma < 0 || comma >= end ? end : comma + 1;
    ends[count++] = at;
  }
  return count;
};

function asMap({ size, bytes, starts, counts }: PieceCounts): ReadonlyMap<string, number> {
  const decoder = new TextDecoder();
  return new Map(
    Array.from({ length: size }, (_, piece) => [decoder.decode(bytes.subarray(starts[piece], starts[piece + 1])), counts[piece]!]),
  );
}

test('agrees with a Map', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀', ',', ',', '\0') });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 50 }), (texts) => {
      const counter = createPieceCounter(commas, 1_000_000);
      const expected = new Map<string, number>();
      for (const text of texts) {
        counter.add(text);
        for (const piece of text.match(/[^,]*,|[^,]+$/g) ?? []) expected.set(piece, (expected.get(piece) ?? 0) + 1);
      }
      expect(asMap(counter.result())).toEqual(expected);
      expect(counter.bytesSeen()).toBe(Buffer.byteLength(texts.join('')));
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('counts many pieces', () => {
  const counter = createPieceCounter(commas, 1_000_000);
  for (let round = 0; round < 2; round++) counter.add(Array.from({ length: 30_000 }, (_, index) => `${index},`).join(''));
  const counts = asMap(counter.result());
  expect(counts.size).toBe(30_000);
  expect(new Set(counts.values())).toEqual(new Set([2]));
});

test('forgets what it saw once when there are too many pieces, and keeps counting the others', () => {
  const counter = createPieceCounter(commas, 100);
  for (let round = 0; round < 50; round++)
    counter.add(`often,${'often,'}${Array.from({ length: 20 }, (_, index) => `${round}-${index},`).join('')}`);
  const counts = asMap(counter.result());
  expect(counts.get('often,')).toBe(100);
  expect(counts.size).toBeLessThanOrEqual(101);
});

test('lone surrogates count as U+FFFD', () => {
  const counter = createPieceCounter(splitGpt4Batch, 100);
  counter.add('\uD800');
  counter.add('\uFFFD');
  expect(asMap(counter.result())).toEqual(new Map([['\uFFFD', 2]]));
});
