/** TPE against random search on functions whose minimum is known, at the same number of trials, medians over many seeds. */

import { describe, expect, test } from 'vitest';

import { createRandom } from '../../core/index.ts';
import { minimize } from './minimize.ts';
import type { ValuesOf } from './minimize.ts';
import { choice, integer, logInteger, logUniform, onlyWhen, uniform } from './parameters.ts';
import type { ParameterSpace } from './parameters.ts';
import { parzen } from './parzen.ts';
import { tpeValues } from './tpe.ts';

const SEEDS = 25;

async function medians<const S extends ParameterSpace>(space: S, measure: (values: ValuesOf<S>) => number, trials: number, parallel = 1) {
  const median = async (strategy: 'random' | 'tpe'): Promise<number> => {
    const values: number[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) values.push((await minimize(space, measure, { trials, strategy, seed, parallel })).value);
    return values.sort((a, b) => a - b)[SEEDS >> 1] ?? Number.NaN;
  };
  return { random: await median('random'), tpe: await median('tpe') };
}

describe('finds better values than random search', () => {
  // Branin and Hoo 1972; its least value is 0.397887 (https://www.sfu.ca/~ssurjano/branin.html).
  const plane = { x: uniform(-5, 10), y: uniform(0, 15) };
  const branin = ({ x, y }: ValuesOf<typeof plane>): number =>
    (y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6) ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;

  test('Branin, 60 trials', async () => {
    expect(branin({ x: Math.PI, y: 2.275 })).toBeCloseTo(0.397887, 5);
    const { random, tpe } = await medians(plane, branin, 60);
    expect(tpe - 0.397887).toBeLessThan(0.5 * (random - 0.397887));
  });

  test('Branin, 60 trials, four at a time', async () => {
    const { random, tpe } = await medians(plane, branin, 60, 4);
    expect(tpe - 0.397887).toBeLessThan(0.5 * (random - 0.397887));
  });

  test('six parameters of all kinds, 100 trials', async () => {
    const space = {
      rate: logUniform(1e-5, 1),
      decay: logUniform(1e-6, 1),
      layers: integer(1, 12),
      dropout: uniform(0, 0.6),
      optimizer: choice('a', 'b', 'c', 'd'),
      activation: choice('r', 'g', 's'),
    };
    const { random, tpe } = await medians(
      space,
      ({ rate, decay, layers, dropout, optimizer, activation }) =>
        (Math.log10(rate) + 2.7) ** 2 +
        0.3 * (Math.log10(decay) + 3) ** 2 +
        0.05 * (layers - 7) ** 2 +
        4 * (dropout - 0.15) ** 2 +
        { a: 0, b: 0.8, c: 0.5, d: 1.2 }[optimizer] +
        { r: 0.3, g: 0, s: 0.6 }[activation],
      100,
    );
    expect(tpe).toBeLessThan(0.7 * random);
  });

  test('a tree: a parameter that counts beside one choice alone', async () => {
    const space = { kind: choice('a', 'b'), rate: onlyWhen({ kind: 'b' }, logUniform(1e-4, 1)), width: logInteger(8, 512) };
    const { random, tpe } = await medians(
      space,
      ({ kind, rate, width }) => (kind === 'a' ? 1 : 0.2 + (Math.log10(rate) + 2) ** 2) + Math.log2(width / 64) ** 2,
      50,
    );
    expect(tpe).toBeLessThan(random);
  });
});

test('values lie within their bounds, whole where they should be, and only where their condition holds', async () => {
  const space = {
    n: integer(2, 5),
    m: logInteger(1, 1000),
    u: uniform(-1, 1),
    l: logUniform(0.01, 0.1),
    c: choice([0.9, 0.95], [0.9, 0.99]),
    only: onlyWhen({ n: [2, 3] }, uniform(5, 6)),
  };
  const { trials } = await minimize(space, ({ u }) => u, { trials: 80 });
  for (const { values } of trials) {
    const { n, m, u, l, only } = values as { n: number; m: number; u: number; l: number; only?: number };
    expect([Number.isInteger(n) && n >= 2 && n <= 5, Number.isInteger(m) && m >= 1 && m <= 1000, Math.abs(u) <= 1]).toEqual([
      true,
      true,
      true,
    ]);
    expect(l >= 0.01 && l <= 0.1 && n <= 3 === (only !== undefined)).toBe(true);
  }
});

test('one seed always gives the same trials, another gives others', async () => {
  const run = async (seed: number) =>
    (await minimize({ x: uniform(0, 1) }, ({ x }) => x, { trials: 20, seed })).trials.map(({ values }) => values['x']);
  expect(await run(1)).toEqual(await run(1));
  expect(await run(1)).not.toEqual(await run(2));
});

test('where all values were tried, the search ends', async () => {
  const { trials, values } = await minimize({ a: choice('x', 'y'), b: integer(1, 3) }, ({ a, b }) => (a === 'x' ? b : -b), { trials: 100 });
  expect(trials).toHaveLength(6);
  expect(values).toEqual({ a: 'y', b: 3 });
});

test('what diverges counts as worst: its neighbourhood is left', async () => {
  const { trials } = await minimize({ x: uniform(0, 1) }, ({ x }) => (x > 0.5 ? Number.NaN : 1 - x), { trials: 60 });
  const late = trials.slice(30).filter(({ status }) => status === 'diverged').length;
  expect(late).toBeLessThan(12);
  expect(trials.filter(({ status }) => status === 'diverged').every(({ loss }) => loss === Infinity)).toBe(true);
});

test('trials that run keep others away from where they are', () => {
  const space: ParameterSpace = { x: uniform(0, 1) };
  const seen = Array.from({ length: 20 }, (_, index) => ({ values: { x: (index + 0.5) / 20 }, rank: Math.abs(index / 20 - 0.3) }));
  const near = (running: number): number => {
    const lies = Array.from({ length: running }, () => ({ values: { x: 0.325 }, rank: Infinity }));
    const places = Array.from({ length: 300 }, (_, seed) => Number(tpeValues(space, [...seen, ...lies], createRandom(seed))['x']));
    return places.filter((x) => Math.abs(x - 0.325) < 0.025).length / places.length;
  };
  expect(near(0)).toBeGreaterThan(0.4);
  expect(near(4)).toBeLessThan(0.5 * near(0));
});

describe('a Parzen estimator', () => {
  const near = (value: number, wanted: number): void => expect(Math.abs(value - wanted)).toBeLessThan(2e-3);

  test.for([
    ['linear', uniform(-2, 3), [0, 0.1, 2.9]],
    ['log', logUniform(1e-3, 10), [0.01, 0.011, 9]],
  ] as const)('of numbers integrates to one: %s', ([, parameter, seen]) => {
    const { logDensity } = parzen(parameter, seen);
    const [low, high] = parameter.scale === 'log' ? [Math.log(parameter.low), Math.log(parameter.high)] : [parameter.low, parameter.high];
    const parts = 20_000;
    let sum = 0;
    for (let index = 0; index < parts; index++) {
      const place = low + ((index + 0.5) * (high - low)) / parts;
      sum += (Math.exp(logDensity(parameter.scale === 'log' ? Math.exp(place) : place)) * (high - low)) / parts;
    }
    near(sum, 1);
  });

  test.for([
    ['whole numbers', integer(1, 9), [2, 2, 8], [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['whole numbers on a logarithmic scale', logInteger(1, 12), [1, 12, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ['choices', choice('a', 'b', 'c'), ['a', 'a', 'c'], ['a', 'b', 'c']],
  ] as const)('of %s has masses that sum to one, which its draws follow', ([, parameter, seen, all]) => {
    const { logDensity, draw } = parzen(parameter, seen);
    const masses = all.map((value) => Math.exp(logDensity(value)));
    near(
      masses.reduce((sum, mass) => sum + mass, 0),
      1,
    );
    const random = createRandom(1);
    const draws = Array.from({ length: 20_000 }, () => draw(random));
    for (const [index, value] of all.entries())
      expect(Math.abs(draws.filter((drawn) => drawn === value).length / draws.length - (masses[index] ?? 0))).toBeLessThan(0.012);
  });
});
