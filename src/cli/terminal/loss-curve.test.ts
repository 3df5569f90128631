import { describe, expect, test } from 'vitest';

import { createLossCurve } from './loss-curve.ts';

const OPTIONS = { steps: 100, width: 48, height: 6 };

/** The row, from the top, of the line in each column right of the axis. */
function rowsOf(lines: readonly string[]): number[] {
  const axis = Math.max(...lines.map((line) => Math.max(line.indexOf('┤'), line.indexOf('┼'))));
  const width = Math.max(...lines.map((line) => line.length)) - axis - 1;
  return Array.from({ length: width }, (_, column) => lines.findIndex((line) => /[─╰╯╭╮│]/.test(line[axis + 1 + column] ?? ' ')));
}

describe('a loss curve', () => {
  test('is nothing before it has two columns', () => {
    const curve = createLossCurve();
    expect(curve.draw(OPTIONS)).toEqual([]);
    curve.add(1, 3);
    expect(curve.draw(OPTIONS)).toEqual([]);
  });

  test('falls where the loss falls, and has the height asked for', () => {
    const curve = createLossCurve();
    for (let step = 1; step <= 100; step++) curve.add(step, 5 - step / 25);
    const lines = curve.draw(OPTIONS);
    expect(lines).toHaveLength(6);
    const rows = rowsOf(lines);
    expect(rows).toEqual([...rows].sort((a, b) => a - b));
    expect([rows[0], rows.at(-1)]).toEqual([0, 5]);
  });

  test('grows to the right with the run', () => {
    const curve = createLossCurve();
    for (let step = 1; step <= 50; step++) curve.add(step, 5 - step / 25);
    const half = rowsOf(curve.draw(OPTIONS)).length;
    for (let step = 51; step <= 100; step++) curve.add(step, 5 - step / 25);
    expect(rowsOf(curve.draw(OPTIONS)).length).toBeGreaterThan(1.9 * half);
  });

  test('takes its scale from what comes after the steep beginning', () => {
    const curve = createLossCurve();
    for (let step = 1; step <= 100; step++) curve.add(step, step <= 5 ? 100 : 2 + (100 - step) / 100);
    expect(curve.draw(OPTIONS)[0]).toMatch(/^\s*2\.8/);
  });

  test.for([
    ['a flat one', [2, 2, 2, 2]],
    ['losses that are not numbers', [Number.NaN, 2, Infinity, 1]],
  ] as const)('draws %s', ([, losses]) => {
    const curve = createLossCurve();
    losses.forEach((loss, index) => curve.add(25 * (index + 1), loss));
    const lines = curve.draw(OPTIONS);
    expect(lines).toHaveLength(6);
    expect(lines.join('\n')).not.toMatch(/NaN|Infinity/);
  });

  test('many points are merged, and the curve stays', () => {
    const [few, many] = [createLossCurve(), createLossCurve()];
    for (let step = 1; step <= 100; step++) few.add(step, 5 - step / 25);
    for (let step = 1; step <= 100_000; step++) many.add(step, 5 - step / 25_000);
    expect(rowsOf(many.draw({ ...OPTIONS, steps: 100_000 }))).toEqual(rowsOf(few.draw(OPTIONS)));
  });
});
