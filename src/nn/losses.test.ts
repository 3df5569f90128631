/** The loss over tokens: small batches add up to the large one. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { gradients } from '../autodiff/index.ts';
import { createRandom, hostTensor } from '../core/index.ts';
import { axes, buildGraph, divide, input, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { tokenLosses } from './index.ts';

describe('the loss', () => {
  const [N, V] = [6, 5];
  const lossOf = (logits: NdArray, targets: NdArray, kept: number): { readonly loss: number; readonly gradient: NdArray } => {
    const rows = input('logits', 'float32', axes('N V', logits.shape[0] ?? 0, V));
    const losses = tokenLosses(rows, input('targets', 'int32', axes('N', logits.shape[0] ?? 0)));
    const loss = divide(sum(losses), input('denominator', 'float32', []));
    const [gradient] = gradients(loss, [rows]) as [Tensor];
    const results = evaluateGraph(buildGraph({ loss, gradient }), {
      logits,
      targets,
      denominator: fromHost(hostTensor('float32', [], Float32Array.of(kept))),
    });
    return { loss: results.get('loss')!.data[0]!, gradient: results.get('gradient')! };
  };
  const part = ({ dtype, shape, data }: NdArray, start: number, end: number): NdArray => {
    const row = shape.slice(1).reduce((product, size) => product * size, 1);
    return { dtype, shape: [end - start, ...shape.slice(1)], data: data.slice(start * row, end * row) };
  };

  test('of small batches adds up to that of the large one, wherever it is cut and whichever targets count', () => {
    const targetsArbitrary = fc.array(fc.integer({ min: -1, max: V - 1 }), { minLength: N, maxLength: N });
    fc.assert(
      fc.property(targetsArbitrary, fc.integer({ min: 1, max: N - 1 }), fc.nat(99), (values, cut, seed) => {
        const random = createRandom(seed);
        const logits = fill('float32', [N, V], () => 2 * random.normal());
        const targets: NdArray = { dtype: 'int32', shape: [N], data: Float64Array.from(values) };
        const kept = Math.max(1, values.filter((target) => target >= 0).length);
        const whole = lossOf(logits, targets, kept);
        const parts = [
          lossOf(part(logits, 0, cut), part(targets, 0, cut), kept),
          lossOf(part(logits, cut, N), part(targets, cut, N), kept),
        ];
        expect(parts.reduce((total, { loss }) => total + loss, 0)).toBeCloseTo(whole.loss, 10);
        expect(
          relativeError(
            { ...whole.gradient, data: Float64Array.from(parts.flatMap(({ gradient }) => [...gradient.data])) },
            whole.gradient,
          ),
        ).toBeLessThan(1e-9);
      }),
      { numRuns: 40 },
    );
  });

  test.for([
    ['plain', {}, 0.4076059461],
    ['smoothed', { labelSmoothing: 0.1 }, 0.5076059103],
    ['with a z-loss', { zLoss: 0.01 }, 0.4076059461 + 0.01 * Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)) ** 2],
  ] as const)("%s: PyTorch's number, and 0 without a target", ([, options, expected]) => {
    const losses = tokenLosses(input('logits', 'float32', axes('N V', 2, 3)), input('targets', 'int32', axes('N', 2)), options);
    const { data } = evaluateGraph(buildGraph({ losses }), {
      logits: fill('float32', [2, 3], ([, v = 0]) => v + 1),
      targets: { dtype: 'int32', shape: [2], data: Float64Array.of(2, -1) },
    }).get('losses')!;
    expect(data[0]).toBeCloseTo(expected, 6); // The reference was printed from float32.
    expect(data[1]).toBe(0);
  });

  test('rows without a target have no gradient', () => {
    const { gradient } = lossOf(
      fill('float32', [2, V], ([, v = 0]) => v),
      { dtype: 'int32', shape: [2], data: Float64Array.of(-1, 2) },
      1,
    );
    expect(gradient.data.slice(0, V)).toEqual(new Float64Array(V));
    expect(gradient.data.slice(V).reduce((a, b) => a + b)).toBeCloseTo(0, 12);
  });
});
