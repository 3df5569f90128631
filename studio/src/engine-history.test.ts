/** The engine's last minute, from answers as they come. */

import { expect, test } from 'vitest';

import type { PageEngine } from '../../src/serve/index.ts';
import { extendHistory, modelsAtWork } from './engine-history.ts';
import type { EngineHistory } from './engine-history.ts';

const answer = (now: number, generatedTokens: number): PageEngine => ({
  data: [{ name: 'a model', status: null, running: 0, waiting: 0, generatedTokens }],
  workers: 1,
  now,
});
const after = (answers: readonly PageEngine[]): EngineHistory => answers.reduce(extendHistory, new Map() as EngineHistory);
const rates = (answers: readonly PageEngine[]): readonly (readonly [number, number])[] =>
  modelsAtWork(after(answers), answers.at(-1) as PageEngine)[0]?.rates ?? [];

test('a rate is the tokens between two answers over the time between them', () => {
  expect(rates([answer(1000, 50)])).toEqual([]);
  expect(rates([answer(1000, 50), answer(2000, 60), answer(4000, 160)])).toEqual([
    [-2, 10],
    [0, 50],
  ]);
});

test('a minute is kept, and the moment before it', () => {
  const answers = Array.from({ length: 200 }, (_, second) => answer(second * 1000, second * 5));
  const kept = rates(answers);
  expect(kept).toHaveLength(60);
  expect(kept.every(([, rate]) => rate === 5)).toBe(true);
  expect(kept[0]?.[0]).toBe(-59);
});

test('a worker that was replaced, a clock that was put back, and the same moment twice, do no harm', () => {
  expect(rates([answer(1000, 900), answer(2000, 3), answer(3000, 23)])).toEqual([[0, 20]]);
  expect(rates([answer(5000, 1), answer(1000, 2), answer(2000, 4)])).toEqual([[0, 2]]);
  expect(rates([answer(1000, 1), answer(1000, 9), answer(2000, 11)])).toEqual([[0, 10]]);
});
