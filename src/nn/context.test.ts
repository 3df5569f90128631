/** Dropout: where it is, what share it drops, and that masks depend on their seeds alone. */

import { describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, get } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { createRandom } from '../core/index.ts';
import { axes, buildGraph, input, scope } from '../graph/index.ts';
import type { Shape } from '../graph/index.ts';
import { dropout, dropoutMaskFor, isDropoutSeed } from './index.ts';

const x = input('x', 'float32', axes('B T C', 2, 3, 4));

describe('dropout', () => {
  const shape = (rows: number, columns: number): Shape => axes('N C', rows, columns);
  const maskOf = (rate: number, { rows = 300, columns = 200, seed = 1 } = {}): NdArray => {
    const mask = dropoutMaskFor('m', shape(rows, columns), rate);
    const random = createRandom(seed);
    const seeds = (...sizes: readonly number[]): NdArray => fill('int32', sizes, () => random.uint32() | 0);
    return evaluateGraph(buildGraph({ mask }), { 'dropout:m.rows': seeds(rows, 1), 'dropout:m.columns': seeds(columns) }).get('mask')!;
  };

  test('is nothing outside of training or at rate 0', () => {
    expect(dropout(x, { name: 'd', rate: 0.5 }, {})).toBe(x);
    expect(dropout(x, { name: 'd', rate: 0 }, { dropout: true })).toBe(x);
  });

  test('is fed by two small seeds, named after the scope', () => {
    const y = scope('blocks.1', () => dropout(x, { name: 'd', rate: 0.5 }, { dropout: true }));
    const fed = buildGraph({ y })
      .inputs.map(({ attributes }) => attributes)
      .filter(({ name }) => isDropoutSeed(name));
    expect(fed.map(({ name, dtype, shape }) => [name, dtype, shape.map(({ size }) => size)])).toEqual([
      ['dropout:blocks.1.d.rows', 'int32', [2, 3, 1]],
      ['dropout:blocks.1.d.columns', 'int32', [4]],
    ]);
    expect(isDropoutSeed('tokens.weight')).toBe(false);
  });

  test.for([0.05, 0.1, 0.2, 0.5, 0.9])('drops a share of %f and scales what stays', (rate) => {
    const { data } = maskOf(rate);
    const dropped = data.filter((value) => value === 0).length / data.length;
    // Four deviations of a binomial share.
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / data.length));
    expect(new Set(data)).toEqual(new Set([0, 1 / (1 - rate)]));
  });

  test('rows and columns drop independently of each other', () => {
    const [rows, columns, rate] = [300, 200, 0.3];
    const mask = maskOf(rate, { rows, columns });
    const at = (row: number, column: number): number => Number(get(mask, [row, column]) === 0);
    let [inRows, inColumns] = [0, 0];
    for (let row = 0; row + 1 < rows; row++)
      for (let column = 0; column < columns; column++) inRows += at(row, column) * at(row + 1, column);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column + 1 < columns; column++) inColumns += at(row, column) * at(row, column + 1);
    expect(inRows / ((rows - 1) * columns)).toBeCloseTo(rate * rate, 2);
    expect(inColumns / (rows * (columns - 1))).toBeCloseTo(rate * rate, 2);
    for (let row = 0; row < rows; row++) {
      const share = Array.from({ length: columns }, (_, column) => at(row, column)).reduce((a, b) => a + b) / columns;
      expect(Math.abs(share - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / columns));
    }
  });

  test('other seeds give another mask, the same seeds the same', () => {
    expect(maskOf(0.5, { seed: 2 })).not.toEqual(maskOf(0.5));
    expect(maskOf(0.5, { seed: 2 })).toEqual(maskOf(0.5, { seed: 2 }));
  });
});
