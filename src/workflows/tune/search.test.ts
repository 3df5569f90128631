import { describe, expect, test } from 'vitest';

import { choice, integer, logUniform, onlyWhen, uniform } from './parameters.ts';
import { checkSearch, recipeWith } from './check-search.ts';
import { defineSearch } from './search.ts';

describe('types', () => {
  test('know the places of a recipe and what they take', () => {
    defineSearch({
      recipe: { text: 'a' },
      space: {
        'model.width': choice(64, 96),
        'model.layers': integer(1, 4),
        'training.optimizer': choice('adamw', 'muon'),
        'training.betas': choice([0.9, 0.95], [0.9, 0.99]),
        'model.tiedHead': choice(true, false),
      },
    });
    // @ts-expect-error -- there is no such place
    defineSearch({ recipe: { text: 'a' }, space: { 'model.widht': choice(64) } });
    // @ts-expect-error -- there is no such optimizer
    defineSearch({ recipe: { text: 'a' }, space: { 'training.optimizer': choice('adamw', 'adam') } });
    // @ts-expect-error -- an optimizer is no number
    defineSearch({ recipe: { text: 'a' }, space: { 'training.optimizer': uniform(0, 1) } });
    // @ts-expect-error -- betas are two
    defineSearch({ recipe: { text: 'a' }, space: { 'training.betas': choice([0.9]) } });
    // @ts-expect-error -- the length of trials is the search's own matter
    defineSearch({ recipe: { text: 'a' }, space: { 'training.steps': integer(1, 10) } });
  });
});

test('values are put at their paths, and all else stays', () => {
  const recipe = { text: 'a', model: { layers: 2, width: 64 } };
  expect(recipeWith(recipe, { 'model.width': 96, 'training.betas': [0.9, 0.95], 'training.learningRate': 0.01 })).toEqual({
    text: 'a',
    model: { layers: 2, width: 96 },
    training: { betas: [0.9, 0.95], learningRate: 0.01 },
  });
  expect(recipe.model.width).toBe(64);
});

test('a recipe alone is searched in the usual places, for as many steps as 20 trainings have', () => {
  const { space, budget, strategy } = checkSearch({ recipe: { text: 'a', training: { steps: 50 } } }, 'search.ts');
  expect(Object.keys(space)).toContain('training.learningRate');
  expect(budget).toEqual({ trials: Infinity, steps: 1000, minutes: Infinity });
  expect(strategy).toBe('tpe-asha');
});

const failing = (given: unknown): unknown => {
  try {
    checkSearch(given, 'search.ts');
  } catch (error) {
    return error;
  }
  return undefined;
};
const recipe = { text: 'a' };

test.for([
  [{ recipe, space: {} }, 'WEFT_TUNE_SPACE', 'the space has no parameter'],
  [{ recipe, space: { width: integer(1, 2) } }, 'WEFT_TUNE_SPACE', 'a path of the space is tokenizer, model or training'],
  [{ recipe, space: { 'training.steps': integer(1, 2) } }, 'WEFT_TUNE_SPACE', 'the length of trials'],
  [{ recipe, space: { 'model.widht': integer(1, 2) } }, 'WEFT_OPTION_UNKNOWN', 'search.ts (model.widht in the space) (model)'],
  [{ recipe, space: { 'model.width': uniform(1.5, 2) } }, 'WEFT_RECIPE_VALUE', 'model.width does not fit'],
  [{ recipe, space: { 'training.optimizer': choice('adamw', 'adam') } }, 'WEFT_RECIPE_VALUE', 'training.optimizer does not fit'],
  [{ recipe, space: { 'model.width': 64 } }, 'WEFT_TUNE_SPACE', 'space.model.width does not fit'],
  [{ recipe: { ...recipe, tokenizer: 'x.json' }, space: { 'tokenizer.vocabSize': choice(1, 2) } }, 'WEFT_TUNE_SPACE', 'there already'],
  [
    { recipe, space: { 'model.heads': onlyWhen({ 'model.width': 64 }, choice(1, 2)), 'model.width': choice(64, 32) } },
    'WEFT_TUNE_SPACE',
    'depends on',
  ],
  [{ recipe, strategy: 'grid' }, 'WEFT_TUNE_SPACE', 'strategy does not fit'],
  [{ recipe, budget: { trials: 0 } }, 'WEFT_TUNE_SPACE', 'budget.trials does not fit'],
  [{ recipe, bugdet: {} }, 'WEFT_OPTION_UNKNOWN', 'bugdet'],
  [{ recipe: {} }, 'WEFT_RECIPE_VALUE', 'text does not fit'],
  [undefined, 'WEFT_TUNE_SPACE', 'the search does not fit'],
] as const)('what does not fit is named: %j', ([given, code, text]) => {
  expect(failing(given)).toMatchObject({ code, message: expect.stringContaining(text) as string });
});

test.for([
  () => uniform(1, 1),
  () => uniform(Number.NaN, 1),
  () => logUniform(0, 1),
  () => integer(1.5, 3),
  () => choice(),
  () => choice('a', 'a'),
  () => choice([0.9, 0.95], [0.9, 0.95]),
])('a parameter without sense is refused: %s', (make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'WEFT_TUNE_PARAMETER' }) as Error);
});
