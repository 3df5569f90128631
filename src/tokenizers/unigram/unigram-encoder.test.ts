import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { BASE, PARENT, UNIT, VALUE, createPieceTrie } from './piece-trie.ts';
import { type UnigramVocabulary, createUnigramEncoder, unknownScore } from './unigram-encoder.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The slow twin: the same recurrence over characters, pieces looked up as strings. */
function segmentSlowly({ pieces, scores, unknownId, unknownScore, single }: UnigramVocabulary, text: string, base: number): number[] {
  const round = single === true ? Math.fround : (value: number): number => value;
  const ids = new Map(pieces.map((piece, id) => [Buffer.from(piece ?? []).toString(), id]));
  const characters = [...text];
  const best: { readonly sum: number; readonly start: number; readonly id: number }[] = [{ sum: base, start: 0, id: -1 }];
  for (let end = 1; end <= characters.length; end++) {
    let found: { sum: number; start: number; id: number } | undefined;
    for (let start = Math.max(0, end - 4); start < end; start++) {
      const { sum } = best[start]!;
      const id = ids.get(characters.slice(start, end).join(''));
      if (id === undefined && start + 1 < end) continue;
      const candidate = id === undefined ? round(sum + unknownScore) : sum + scores[id]!;
      if (found === undefined || candidate > found.sum) found = { sum: round(candidate), start, id: id ?? unknownId };
    }
    best.push(found!);
  }
  const path: number[] = [];
  for (let end = characters.length; end > 0; end = best[end]!.start) path.unshift(best[end]!.id);
  return path;
}

/** Few characters and few scores, so that equal sums and near misses are frequent. */
const character = fc.constantFrom('a', 'b', 'ä', '▁', '😀');
const piece = fc.string({ unit: character, minLength: 1, maxLength: 4 });
const vocabulary = fc.uniqueArray(piece, { minLength: 1, maxLength: 30 }).chain((texts) =>
  fc
    .array(fc.oneof(fc.constantFrom(-1, -2, -3, -0.1), fc.float({ min: -12, max: Math.fround(-0.1), noNaN: true })), {
      minLength: texts.length,
      maxLength: texts.length,
    })
    .map((scores) => ({ pieces: texts.map(bytesOf), scores, unknownId: texts.length, unknownScore: unknownScore(scores) })),
);
const text = fc.string({ unit: fc.oneof(character, fc.constantFrom('x', '\0', 'é')), maxLength: 30 });

describe.each([true, false])('single precision %s', (single) => {
  test('gives the tokens of the slow twin, whatever stands before', () => {
    fc.assert(
      fc.property(vocabulary, text, fc.constantFrom(0, -1000.3, -3e6), (model, text, before) => {
        const base = single ? Math.fround(before) : before;
        const encoder = createUnigramEncoder({ ...model, single });
        const bytes = bytesOf(`é${text}é`);
        const count = encoder.segment(bytes, 2, bytes.length - 2, base);
        expect([...encoder.ids().subarray(0, count)]).toEqual(segmentSlowly({ ...model, single }, text, base));
        expect(count === 0 ? 0 : encoder.ends()[count - 1]).toBe(bytes.length - 4);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  test('says up to which base the tokens stay', () => {
    fc.assert(
      fc.property(vocabulary, text, fc.double({ min: 0, max: 1, noNaN: true }), (model, text, share) => {
        const encoder = createUnigramEncoder({ ...model, single });
        const bytes = bytesOf(text);
        const tokens = [...encoder.ids().subarray(0, encoder.segment(bytes, 0, bytes.length, -100))];
        const safe = encoder.safeBase();
        fc.pre(safe > 0);
        const base = -Math.min(safe, 1e12) * share;
        expect(segmentSlowly({ ...model, single }, text, single ? Math.fround(base) : base)).toEqual(tokens);
      }),
      { numRuns: 1000, seed: 2 },
    );
  });
});

test.each([
  ['paths that meet', ['a', 'b', 'ab', 'ba', 'aab'], [-1, -1, -1.5, -1.5, -2]],
  ['paths that never do', ['a', 'aa', 'b'], [-9, -1, -2]],
])('long texts are taken in windows: %s', (_, texts, scores) => {
  const model = { pieces: texts.map(bytesOf), scores, unknownId: 9, unknownScore: -20, single: true };
  const encoder = createUnigramEncoder(model);
  for (const text of ['a'.repeat(20_001), 'abaabab'.repeat(3000), `${'a'.repeat(9001)}xb${'a'.repeat(9001)}`]) {
    const bytes = bytesOf(text);
    const count = encoder.segment(bytes, 0, bytes.length, -10);
    expect([...encoder.ids().subarray(0, count)]).toEqual(segmentSlowly(model, text, -10));
    expect(encoder.ends()[count - 1]).toBe(bytes.length);
  }
});

test('a trie finds its keys and nothing else', () => {
  const key = fc.uint8Array({ maxLength: 5 });
  fc.assert(
    fc.property(fc.array(fc.oneof(key, fc.constant(undefined)), { maxLength: 300 }), fc.array(key), (keys, others) => {
      const units = createPieceTrie(keys);
      const places = new Map(keys.map((key, place) => [String(key), key === undefined || key.length === 0 ? -1 : place]));
      for (const key of [...keys, ...others]) {
        if (key === undefined) continue;
        let node = 0;
        for (const byte of key) {
          const child = units[node + BASE]! + byte * UNIT;
          node = units[child + PARENT] === node ? child : -1;
          if (node < 0) break;
        }
        expect(node < 0 ? -1 : units[node + VALUE]).toBe(places.get(String(key)) ?? -1);
      }
    }),
    { numRuns: 300, seed: 3 },
  );
});
