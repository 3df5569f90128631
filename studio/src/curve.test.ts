import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { EMPTY_CURVE, extendCurve, smooth } from './curve.ts';
import type { StepMetric } from './curve.ts';

const step = (index: number): StepMetric => ({ kind: 'step', step: index, loss: index });
const steps = (curve: { readonly steps: readonly StepMetric[] }): number[] => curve.steps.map((one) => one.step);

describe('a curve', () => {
  test('grows by records of each kind', () => {
    const curve = extendCurve(EMPTY_CURVE, [step(1), { kind: 'eval', step: 1, loss: 3 }, { kind: 'sample', step: 1, text: 'a' }, step(2)]);
    expect([steps(curve), curve.evals.length, curve.samples.length]).toEqual([[1, 2], 1, 1]);
    expect(extendCurve(curve, [])).toBe(curve);
  });

  test('goes back when the run was resumed from an earlier step', () => {
    const first = extendCurve(EMPTY_CURVE, [
      step(1),
      step(2),
      { kind: 'eval', step: 2, loss: 3 },
      step(3),
      step(4),
      { kind: 'eval', step: 4, loss: 2 },
      { kind: 'sample', step: 4, text: 'a' },
    ]);
    const resumed = extendCurve(first, [step(3)]);
    expect([steps(resumed), resumed.evals.map((one) => one.step), resumed.samples.length]).toEqual([[1, 2, 3], [2], 0]);
    expect(steps(first)).toEqual([1, 2, 3, 4]);
  });

  test('an evaluation of the current step stays when the next step comes', () => {
    const curve = extendCurve(EMPTY_CURVE, [step(1), { kind: 'eval', step: 1, loss: 3 }, step(2)]);
    expect(curve.evals).toHaveLength(1);
  });

  test('steps always rise, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 40 }), (order) => {
        const found = steps(extendCurve(EMPTY_CURVE, order.map(step)));
        expect(found).toEqual([...new Set(found)].toSorted((a, b) => a - b));
      }),
      { seed: 1 },
    );
  });
});

describe('smoothing', () => {
  test('is the weighted mean of what came so far', () => {
    const values = [4, 2, 7];
    const weight = 0.5;
    const mean = (upTo: number): number => {
      const weights = values.slice(0, upTo + 1).map((_, index) => weight ** (upTo - index));
      return weights.reduce((sum, one, index) => sum + one * (values[index] ?? 0), 0) / weights.reduce((sum, one) => sum + one, 0);
    };
    smooth(values, weight).forEach((value, index) => expect(value).toBeCloseTo(mean(index), 12));
  });

  test('none leaves the values, gaps stay gaps, and a constant stays itself', () => {
    expect(smooth([3, null, 5], 0)).toEqual([3, null, 5]);
    for (const value of smooth([2, 2, 2, 2], 0.97)) expect(value).toBeCloseTo(2, 12);
  });
});
