/** Beam search over tables of probabilities, where what wins is known. */

import { expect, test } from 'vitest';

import { createBeams } from './beams.ts';
import type { FinishedBeam } from './beams.ts';

const END = 2;

/** Searches texts of digits, given what follows each. */
function search(
  following: (text: string) => readonly number[],
  { beams, limit, penalty }: { readonly beams: number; readonly limit: number; readonly penalty: (length: number) => number },
): readonly FinishedBeam<string>[] {
  const found = createBeams<string>({
    beams,
    penalty,
    limit,
    start: '',
    extend: (text, { id }) => (id === END ? { state: text, ended: true } : { state: `${text}${id}`, ended: false }),
  });
  while (found.live.length > 0) {
    found.advance(
      found.live.map(({ state }) =>
        following(state)
          .map((probability, id) => ({ id, logProbability: Math.log(probability) }))
          .sort((a, b) => b.logProbability - a.logProbability)
          .slice(0, found.width),
      ),
    );
  }
  return found.finished;
}

test('a longer text wins with a penalty and loses without', () => {
  // From the start: the end at once (0.45) or token 3 (0.55), which is followed by itself once (0.7), then by the end.
  const tables: Readonly<Record<string, readonly number[]>> = { '': [0, 0, 0.45, 0.55], '3': [0, 0, 0.3, 0.7], '33': [0, 0, 0.99, 0.01] };
  const lengths = (power: number): readonly number[] =>
    search((text) => tables[text] ?? [0, 0, 1, 0], { beams: 3, limit: 3, penalty: (length) => ((5 + length) / 6) ** power }).map(
      ({ state }) => state.length,
    );
  expect(lengths(0)).toEqual([0, 2, 1]);
  expect(lengths(1)).toEqual([2, 0, 1]);
});

test('a sure model is not cut off by unlikely texts that end at once', () => {
  // Token 3 three times, then the end, each almost certain.
  const [best] = search((text) => (text === '333' ? [1e-4, 1e-4, 0.9997, 1e-4] : [1e-4, 1e-4, 1e-3, 0.9988]), {
    beams: 2,
    limit: 8,
    penalty: (length) => length ** 0.6,
  });
  expect(best).toMatchObject({ state: '333', ended: true });
});

test('what is cut at the limit counts, and is told apart', () => {
  const found = search(() => [0.5, 0.3, 0, 0.2], { beams: 2, limit: 3, penalty: () => 1 });
  expect(found.map(({ state, ended }) => [state, ended])).toEqual([
    ['000', false],
    ['001', false],
  ]);
  expect(found[0]!.score).toBeCloseTo(3 * Math.log(0.5), 12);
});
