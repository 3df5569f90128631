/** Initial weights: their distributions, and that each parameter has a stream of its own. */

import { describe, expect, test } from 'vitest';

import { axes } from '../graph/index.ts';
import type { Initializer } from '../graph/index.ts';
import { initialize } from './index.ts';

describe('initial weights', () => {
  const filled = (initializer: Initializer, { name = 'w', seed = 1, size = 40_000 } = {}): Float32Array =>
    initialize([{ name, shape: axes('C', size), initializer }], { seed }).get(name)!.data;
  const mean = (data: Float32Array): number => data.reduce((total, value) => total + value, 0) / data.length;
  const deviation = (data: Float32Array): number => Math.sqrt(mean(data.map((value) => value * value)) - mean(data) ** 2);

  test('normal: mean 0 and the deviation asked for, with tails', () => {
    const data = filled({ kind: 'normal', standardDeviation: 0.02 });
    expect(Math.abs(mean(data))).toBeLessThan(4 * (0.02 / 200));
    expect(deviation(data)).toBeCloseTo(0.02, 3);
    // Shares within one, two and three deviations: 68.27, 95.45, 99.73 %.
    for (const [limit, share] of [
      [1, 0.6827],
      [2, 0.9545],
      [3, 0.9973],
    ] as const)
      expect(data.filter((value) => Math.abs(value) < limit * 0.02).length / data.length).toBeCloseTo(share, 2);
  });

  test('uniform: within the bound, level', () => {
    const data = filled({ kind: 'uniform', bound: 0.5 });
    expect(Math.max(...data)).toBeLessThanOrEqual(0.5);
    expect(Math.min(...data)).toBeGreaterThanOrEqual(-0.5);
    expect(deviation(data)).toBeCloseTo(0.5 / Math.sqrt(3), 2);
    for (let tenth = 0; tenth < 10; tenth++)
      expect(data.filter((value) => Math.floor((value + 0.5) * 10) === tenth).length / data.length).toBeCloseTo(0.1, 1);
  });

  test('constant', () => {
    expect(new Set(filled({ kind: 'constant', value: 3 }))).toEqual(new Set([3]));
  });

  test('a parameter keeps its numbers when others are added; another seed or name gives others', () => {
    const initializer: Initializer = { kind: 'normal', standardDeviation: 1 };
    const alone = filled(initializer, { name: 'b', size: 10 });
    const among = initialize(
      [
        { name: 'a', shape: axes('C', 99), initializer },
        { name: 'b', shape: axes('C', 10), initializer },
      ],
      { seed: 1 },
    );
    expect(among.get('b')?.data).toEqual(alone);
    expect(filled(initializer, { name: 'b', size: 10, seed: 2 })).not.toEqual(alone);
    expect(among.get('a')?.data.subarray(0, 10)).not.toEqual(alone);
  });
});
