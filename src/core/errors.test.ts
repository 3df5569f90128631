/** An unknown option names the one that was meant. */

import { expect, test } from 'vitest';

import { checkOptions } from './errors.ts';

test.each([
  ['a letter left out', 'sed', 'seed'],
  ['two letters swapped', 'stpes', 'steps'],
  ['two swapped in a longer name', 'laeyrs', 'layers'],
  ['a letter changed', 'stebs', 'steps'],
  ['the nearest, not the first that is near', 'layerss', 'layers'],
])('%s: %s is taken for %s', (_, key, meant) => {
  const known = ['layer1x', 'seed', 'steps', 'layers'];
  expect(() => checkOptions('train', { [key]: 1 }, known)).toThrow(
    expect.objectContaining({ code: 'WEFT_OPTION_UNKNOWN', remedy: `Did you mean ${meant}?` }) as Error,
  );
});

test('what is near to nothing is answered with all there is', () => {
  expect(() => checkOptions('train', { colour: 1 }, ['seed', 'steps'])).toThrow(
    expect.objectContaining({ remedy: 'Known options: seed, steps.' }) as Error,
  );
});
