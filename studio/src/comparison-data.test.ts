import { expect, test } from 'vitest';

import { layOver, lineOf, valueAt } from './comparison-data.ts';
import { EMPTY_CURVE, extendCurve } from './curve.ts';

const curve = (steps: number, loss: (step: number) => number | null) =>
  extendCurve(EMPTY_CURVE, [
    ...Array.from({ length: steps }, (_, index) => ({
      kind: 'step' as const,
      step: index + 1,
      loss: loss(index + 1),
      learningRate: 0.1,
      tokensSeen: (index + 1) * 64,
      seconds: Math.floor(index / 2),
    })),
    { kind: 'eval' as const, step: steps, loss: 9 },
  ]);

test('curves of different lengths share one axis, and each has nothing where it has no point', () => {
  const [places, first, second] = layOver([curve(2, (step) => step), curve(3, (step) => 10 * step)], {
    measure: 'loss',
    axis: 'step',
    weight: 0,
  });
  expect([...(places ?? [])]).toEqual([1, 2, 3]);
  expect([...(first ?? [])].map((value) => value ?? null)).toEqual([1, 2, null]);
  expect([...(second ?? [])]).toEqual([10, 20, 30]);
  expect(layOver([], { measure: 'loss', axis: 'step', weight: 0 })).toEqual([[]]);
});

test('places grow, whatever the axis; held-out numbers stand where their step stands', () => {
  expect(
    lineOf(
      curve(4, () => 1),
      { measure: 'learningRate', axis: 'seconds', weight: 0.9 },
    ),
  ).toEqual([
    [0, 1],
    [0.1, 0.1],
  ]);
  expect(
    lineOf(
      curve(4, () => 1),
      { measure: 'heldOut', axis: 'tokensSeen', weight: 0.9 },
    ),
  ).toEqual([[256], [9]]);
});

test('a long curve is thinned, its end stays', () => {
  const [places, values] = lineOf(
    curve(10_000, (step) => step),
    { measure: 'loss', axis: 'step', weight: 0 },
  );
  expect(places.length).toBeLessThanOrEqual(2001);
  expect([places.at(-1), values.at(-1)]).toEqual([10_000, 10_000]);
});

test('the value at a place is the last one up to it', () => {
  expect([valueAt([1, null, 3, null], 3), valueAt([1, null], 1), valueAt([null], 0), valueAt(undefined, 2)]).toEqual([
    3,
    1,
    undefined,
    undefined,
  ]);
});
