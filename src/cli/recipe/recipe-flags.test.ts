import { Command } from 'commander';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { checkRecipe } from '../../workflows/index.ts';
import { addRecipeFlags, withFlags } from './recipe-flags.ts';

/** The values commander reads from a line of flags. */
function flags(line: string): Record<string, unknown> {
  return addRecipeFlags(new Command()).parse(line.split(' '), { from: 'user' }).opts();
}

test('every flag goes to a key that recipes know', () => {
  const command = addRecipeFlags(new Command());
  const samples: Record<string, string> = { n: '2', share: '0.5', path: 'p', folder: 'f' };
  const names: Record<string, string> = {
    '--text-field': 'body',
    '--tokenizer-type': 'bpe',
    '--splitting': 'gpt2',
    '--architecture': 'gpt',
    '--optimizer': 'muon',
    '--schedule': 'cosine',
  };
  for (const option of command.options) {
    const placeholder = /<(\w+)>/.exec(option.flags)?.[1] ?? '';
    const value = names[option.long ?? ''] ?? samples[placeholder] ?? '';
    const recipe = withFlags({ text: 'a.txt' }, flags(`${option.long} ${value}`));
    // Known, of its kind, and not lost on the way.
    expect(checkRecipe(recipe, 'test')).toEqual(recipe);
    expect(JSON.stringify(recipe)).not.toBe(JSON.stringify({ text: 'a.txt' }));
  }
});

test('a flag overrides the recipe, and leaves the rest', () => {
  const recipe = { text: 'a.txt', model: { layers: 2, width: 64 }, training: { steps: 10 } };
  expect(withFlags(recipe, flags('--layers 3 --batch-size 8'))).toEqual({
    text: 'a.txt',
    model: { layers: 3, width: 64 },
    training: { steps: 10, batchSize: 8 },
  });
  expect(recipe.model.layers).toBe(2);
});

test('how to train a tokenizer replaces the path of one', () => {
  expect(withFlags({ text: 'a', tokenizer: 'old/' }, flags('--vocab-size 300'))).toEqual({ text: 'a', tokenizer: { vocabSize: 300 } });
});

test('without flags a recipe is as it was, whatever it is', () => {
  fc.assert(fc.property(fc.anything(), (value) => void expect(withFlags(value, {})).toEqual(value)));
});

test('a tokenizer to use and one to train exclude each other', () => {
  expect(() => withFlags({ text: 'a.txt' }, flags('--tokenizer p --vocab-size 300'))).toThrow(
    expect.objectContaining({ code: 'WEFT_FLAG_VALUE', message: expect.stringContaining('--vocab-size') as string }),
  );
});
