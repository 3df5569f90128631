/** The defaults that `weft train --help` tells are those that a run has. */

import { Command } from 'commander';
import { expect, test } from 'vitest';

import { addRecipeFlags, withFlags } from '../src/cli/recipe/recipe-flags.ts';
import { TRAINING, modelOf } from '../src/workflows/recipe-parts.ts';

test('numbers and names in the help of the flags', () => {
  const told = addRecipeFlags(new Command()).options.flatMap(({ long, description }) => {
    const value = /\(default: ([\w.]+)\)$/.exec(description)?.[1];
    return value === undefined ? [] : [long ?? '', value];
  });
  const { model, training } = withFlags({}, addRecipeFlags(new Command()).parse(told, { from: 'user' }).opts()) as {
    readonly model: { readonly dropout: number; readonly architecture: string };
    readonly training: object;
  };
  const { architecture, dropout, ...shape } = model;
  const { architecture: made, config } = modelOf({}, 257);
  expect([architecture, dropout]).toEqual([made, 0]);
  expect(config).toMatchObject(shape);
  expect(TRAINING).toMatchObject(training);
  expect(Object.keys(training)).toEqual(
    expect.arrayContaining(['steps', 'batchSize', 'learningRate', 'schedule', 'weightDecay', 'clipNorm']),
  );
});
