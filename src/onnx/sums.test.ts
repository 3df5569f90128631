/** Sums on several threads: whole numbers, whose sum has the same bits in any order, so that one that is lost shows. */

import { describe, expect, test } from 'vitest';

import { hostTensor } from '../core/index.ts';
import { axes, buildGraph, input, scatterRows, sum, sumOfSquares } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { compileGraph } from '../runtime/index.ts';

const [ROWS, WIDTH] = [2048, 384];
const value = (row: number, column: number): number => ((row * 31 + column * 17) % 7) - 3;
const values = hostTensor(
  'float32',
  [ROWS, WIDTH],
  Float32Array.from({ length: ROWS * WIDTH }, (_, index) => value(Math.floor(index / WIDTH), index % WIDTH)),
);
const x = input('x', 'float32', axes('N C', ROWS, WIDTH));

async function run(y: Tensor, threads: number, ids?: Int32Array): Promise<Float32Array> {
  const session = await compileGraph(buildGraph({ y }), { threads });
  const result = await session.run({ x: values, ...(ids === undefined ? {} : { ids: hostTensor('int32', [ROWS], ids) }) });
  session.close();
  return result['y']?.data as Float32Array;
}

for (const threads of [1, 2, 4]) {
  describe(`on ${threads} threads`, () => {
    // A table summed by a product, and one by ScatterElements.
    test.for([65, 300])('rows come together in a table of %d, none of them lost', async (tableRows) => {
      const ids = Int32Array.from({ length: ROWS }, (_, row) => (row * row) % 13);
      const expected = new Float32Array(tableRows * WIDTH);
      for (let row = 0; row < ROWS; row++)
        for (let column = 0; column < WIDTH; column++) {
          const at = (ids[row] ?? 0) * WIDTH + column;
          expected[at] = (expected[at] ?? 0) + value(row, column);
        }
      const table = scatterRows(x, input('ids', 'int32', axes('N', ROWS)), tableRows);
      for (let round = 0; round < 3; round++) expect(await run(table, threads, ids)).toEqual(expected);
    });

    test('over the first axis', async () => {
      const expected = new Float32Array(WIDTH);
      for (const [index, each] of values.data.entries()) expected[index % WIDTH] = (expected[index % WIDTH] ?? 0) + each;
      expect(await run(sum(x, { axes: [0] }), threads)).toEqual(expected);
    });

    test('of squares', async () => {
      const expected = values.data.reduce((total, each) => total + each * each, 0);
      expect(await run(sumOfSquares(x), threads)).toEqual(Float32Array.of(expected));
    });
  });
}
