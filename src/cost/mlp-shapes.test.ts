/** The shapes that are found are all there are, and each can be built with just so many parameters. */

import { expect, test } from 'vitest';

import { mlp } from '../models/index.ts';
import { countParameters, findMlpShapes } from './index.ts';

/** Every shape, by trying all sizes. */
function tryAll(parameters: number, { hiddenLayers, bias }: { readonly hiddenLayers: number; readonly bias: boolean }): readonly string[] {
  const found: string[] = [];
  const extend = (sizes: readonly number[]): void => {
    const count = sizes.slice(1).reduce((sum, out, index) => sum + (sizes[index] ?? 0) * out + (bias ? out : 0), 0);
    if (sizes.length === hiddenLayers + 2) {
      if (count === parameters) found.push(sizes.join('-'));
    } else for (let width = 1; width <= parameters; width++) extend([...sizes, width]);
  };
  extend([]);
  return found;
}

test.for([
  [24, 0, true],
  [24, 1, true],
  [24, 1, false],
  [13, 2, true],
  [11, 2, false],
] as const)('%i parameters, %i hidden layers, bias %s: as by trying all', ([parameters, hiddenLayers, bias]) => {
  const shapes = findMlpShapes({ parameters, hiddenLayers, bias }).map((sizes) => sizes.join('-'));
  expect(shapes).toEqual(tryAll(parameters, { hiddenLayers, bias }));
});

test('networks of exactly 100 parameters', () => {
  const shapes = [0, 1, 2, 3].flatMap((hiddenLayers) => findMlpShapes({ parameters: 100, hiddenLayers, outputs: 1 }));
  expect(shapes.length).toBeGreaterThan(20);
  for (const sizes of shapes) expect(countParameters(mlp({ sizes })).total, sizes.join('-')).toBe(100);
  expect(findMlpShapes({ parameters: 97, inputs: 10, outputs: 1 })).toEqual([[10, 8, 1]]);
  expect(findMlpShapes({ parameters: 109, inputs: 10, outputs: 1 })).toEqual([[10, 9, 1]]);
});

test('a limit, and what is refused', () => {
  expect(findMlpShapes({ parameters: 1000, hiddenLayers: 2, limit: 5 })).toHaveLength(5);
  for (const options of [{ parameters: 0 }, { parameters: 10.5 }, { parameters: 10, hiddenLayers: -1 }, { parameters: 10, inputs: 0 }])
    expect(() => findMlpShapes(options)).toThrow(expect.objectContaining({ code: 'WEFT_COST_OPTION' }));
});
