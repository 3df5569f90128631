import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type ChunkOptions, FIRST, LAST, createChunkCounter } from './count-chunks.ts';

const OPTIONS: ChunkOptions = {
  separator: 'space',
  lines: true,
  places: true,
  empty: false,
  limit: 10_000,
  byteLimit: 1_000_000,
  seed: 0,
};

function count(texts: readonly string[], options: Partial<ChunkOptions> = {}): Map<string, number> {
  const counter = createChunkCounter({ ...OPTIONS, ...options });
  for (const text of texts) counter.add(text);
  const { size, bytes, starts, counts, places } = counter.result();
  const chunks = new Map<string, number>();
  for (let chunk = 0; chunk < size; chunk++) {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(starts[chunk], starts[chunk + 1]));
    const place = places[chunk] as number;
    chunks.set(`${(place & FIRST) === 0 ? '' : '^'}${text}${(place & LAST) === 0 ? '' : '$'}`, counts[chunk] as number);
  }
  return chunks;
}

/** The same by splitting strings. */
function countSlowly(texts: readonly string[], { separator, lines, places, empty }: ChunkOptions): Map<string, number> {
  const chunks = new Map<string, number>();
  for (const line of texts.flatMap((text) => text.replace(/\p{Surrogate}/gu, '\uFFFD').split(lines ? '\n' : /(?!)/))) {
    if (line === '') continue;
    const parts = line.split(separator === 'space' ? ' ' : /[ \t-\r]/).filter((part) => empty || part !== '');
    parts.forEach((part, index) => {
      const key = places ? `${index === 0 ? '^' : ''}${part}${index === parts.length - 1 ? '$' : ''}` : part;
      chunks.set(key, (chunks.get(key) ?? 0) + 1);
    });
  }
  return chunks;
}

describe.each<Partial<ChunkOptions>>([
  {},
  { empty: true },
  { separator: 'whitespace', lines: false, places: false },
  { lines: false, empty: true },
])('%o', (options) => {
  test('counts what stands between separators', () => {
    const unit = fc.constantFrom('a', 'b', ' ', ' ', '\n', '\t', '\r', 'é', '😀', '\uFEFF', '\uD800', '\u00A0');
    fc.assert(
      fc.property(fc.array(fc.string({ unit, maxLength: 30 }), { maxLength: 5 }), (texts) => {
        expect(count(texts, options)).toEqual(countSlowly(texts, { ...OPTIONS, ...options }));
      }),
      { numRuns: 500, seed: 3 },
    );
  });
});

test('beyond its limits the rarest chunks are forgotten', () => {
  const rare = Array.from({ length: 5000 }, (_, index) => `rare${index} often never${index % 7}`);
  for (const limits of [{ limit: 100 }, { byteLimit: 1000 }]) {
    const chunks = count(rare, { places: false, ...limits });
    expect(chunks.size).toBeLessThanOrEqual(150);
    expect(chunks.get('often')).toBe(5000);
    expect(chunks.get('never3')).toBe(Math.floor(5000 / 7));
    // Of those that were seen once, some early ones are left as well as late ones.
    const kept = [...chunks.keys()].filter((chunk) => chunk.startsWith('rare')).map((chunk) => Number(chunk.slice(4)));
    expect(kept.length).toBeGreaterThan(10);
    expect(count(rare, { places: false, ...limits })).toEqual(chunks);
    expect(count(rare, { places: false, seed: 1, ...limits })).not.toEqual(chunks);
  }
});
