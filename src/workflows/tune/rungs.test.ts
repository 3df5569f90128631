import { expect, test } from 'vitest';

import { promotable, rungSteps } from './rungs.ts';

test.for([
  [270, 3, 3, [30, 90, 270]],
  [1000, 3, 3, [111, 333, 1000]],
  [1000, 4, 4, [15, 60, 240, 1000]],
  [5, 3, 3, [1, 5]],
  [1, 4, 3, [1]],
  [7, 1, 3, [7]],
] as const)('rungs of %i steps', ([steps, count, reduction, rungs]) => {
  expect(rungSteps(steps, { count, reduction })).toEqual(rungs);
});

const climbers = (...losses: readonly (readonly number[])[]) => losses.map((of, index) => ({ id: index + 1, losses: of }));
const free = { rungs: 3, reduction: 3, climbing: new Set<number>() };

test('nobody climbs before the rung holds as many as the reduction says', () => {
  expect(promotable(climbers([1], [2]), free)).toEqual([]);
  expect(promotable(climbers([3], [2], [5]), free)).toEqual([2]);
});

test('the example of the paper: four rungs of a reduction of 3, nine trials, one climbs to the top', () => {
  const nine = climbers([9], [8], [7], [6], [5], [4], [3], [2], [1]);
  expect(promotable(nine, free)).toEqual([9, 8, 7]);
  const three = nine.map((one) => (one.id >= 7 ? { ...one, losses: [...one.losses, one.losses[0] ?? 0] } : one));
  expect(promotable(three, free)).toEqual([9]);
});

test('the highest rung comes first; who climbs already or has failed does not', () => {
  const some = climbers([1, 1], [2, 2], [3, 3], [4], [5], [6], [7], [8], [9], [2.5], [9], [9]);
  expect(promotable(some, free)).toEqual([1, 10]);
  expect(promotable(some, { ...free, climbing: new Set([1]) })).toEqual([10]);
  expect(promotable(climbers([Infinity], [Infinity], [Infinity]), free)).toEqual([]);
});

test('a failed trial makes room for others, as it counts among those of the rung', () => {
  expect(promotable(climbers([1], [Infinity], [Infinity]), free)).toEqual([1]);
});
