import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WeftError } from '../core/index.ts';
import { checkRecipe } from './recipe.ts';

const failure = (value: unknown): WeftError => {
  try {
    checkRecipe(value, 'recipe.ts');
  } catch (error) {
    if (error instanceof WeftError) return error;
    throw error;
  }
  throw new Error('no failure');
};

describe('checkRecipe', () => {
  test('gives a full recipe back as it is', () => {
    const recipe = {
      text: ['a.txt', 'b/**/*.md'],
      textField: 'body',
      heldOut: 0.1,
      tokenizer: { type: 'bpe', vocabSize: 512, splitting: 'gpt2' },
      model: { architecture: 'gpt', layers: 2, heads: 2, width: 64, hidden: 256, contextLength: 64, dropout: 0.1, tiedHead: true },
      training: {
        steps: 10,
        minutes: 0.5,
        batchSize: 4,
        accumulate: 2,
        optimizer: 'muon',
        learningRate: 1e-3,
        matrixLearningRate: 0.02,
        labelSmoothing: 0.1,
        zLoss: 1e-4,
        average: 0.999,
        schedule: 'warmup-stable-decay',
        warmup: 0,
        weightDecay: 0,
        betas: [0.9, 0.99],
        clipNorm: 0,
        evaluateEvery: 5,
        checkpointEvery: 5,
        patience: 3,
      },
      out: 'runs/a',
      seed: 0,
      threads: 2,
    };
    expect(checkRecipe(recipe, 'recipe.ts')).toEqual(recipe);
  });

  test.for([
    [{ text: 'a', sed: 1 }, 'Cannot use recipe.ts as the option is unknown: sed', 'Did you mean seed?'],
    [{ text: 'a', model: { laeyrs: 1 } }, 'Cannot use recipe.ts (model) as the option is unknown: laeyrs', 'Did you mean layers?'],
    [
      { text: 'a', tokenizer: { vocab: 1 } },
      'Cannot use recipe.ts (tokenizer) as the option is unknown: vocab',
      'Known options: type, vocabSize, splitting.',
    ],
  ] as const)('an unknown key is named, with the nearest known one: %j', ([value, message, remedy]) => {
    expect(failure(value)).toMatchObject({ code: 'WEFT_OPTION_UNKNOWN', message, remedy });
  });

  test.for([
    [{ text: 'a', training: { steps: 0 } }, 'training.steps', '0'],
    [{ text: 'a', training: { steps: 1.5 } }, 'training.steps', '1.5'],
    [{ text: 'a', training: { steps: '10' } }, 'training.steps', '"10"'],
    [{ text: 'a', training: { betas: [0.9] } }, 'training.betas', '[0.9]'],
    [{ text: 'a', training: { betas: [0.9, 1] } }, 'training.betas.1', '1'],
    [{ text: 'a', model: { architecture: 'lama' } }, 'model.architecture', '"lama"'],
    [{ text: 'a', model: { contextLength: 1 } }, 'model.contextLength', '1'],
    [{ text: 'a', heldOut: 1 }, 'heldOut', '1'],
    [{ text: 'a', tokenizer: 5 }, 'tokenizer', '5'],
    [{ text: 'a', model: 'gpt' }, 'model', '"gpt"'],
    [{ text: [] }, 'text', '[]'],
    [{}, 'text', 'nothing'],
    [{ text: 'a', seed: undefined }, 'seed', 'nothing'],
  ] as const)('a value out of its range is named with its path: %j', ([value, path, shown]) => {
    const error = failure(value);
    expect(error.code).toBe('WEFT_RECIPE_VALUE');
    expect(error.message).toContain(`Cannot use recipe.ts as ${path} does not fit (`);
    expect(error.message.endsWith(`: ${shown}`)).toBe(true);
  });

  test('where several kinds fit, all are named', () => {
    expect(failure({}).message).toContain('text does not fit (expected string or array)');
  });

  test.for([undefined, null, 3, 'text', [], () => ({})])('what is no object is refused: %j', (value) => {
    expect(failure(value)).toMatchObject({ code: 'WEFT_RECIPE_VALUE' });
  });

  test('nothing but a WeftError comes out, whatever goes in', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          checkRecipe(value, 'recipe.ts');
        } catch (error) {
          expect(error).toBeInstanceOf(WeftError);
        }
      }),
    );
  });
});
