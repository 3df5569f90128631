import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { WeftError } from '../../core/index.ts';
import { loadRecipe } from './load-recipe.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-recipe-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(source: string): string {
  const path = join(folder, `recipe-${Math.abs(source.length * 31 + source.charCodeAt(source.length >> 1))}.ts`);
  writeFileSync(path, source);
  return path;
}

describe('a recipe file', () => {
  test.for([
    ['an object', "export default { text: 'a.txt' };"],
    ['a typed one', "import { defineRecipe } from 'weft/workflows';\nexport default defineRecipe({ text: 'a.txt' });"],
    [
      'types alone',
      "import type { Recipe } from 'weft/workflows';\nconst recipe: Recipe = { text: 'a.txt' };\nexport default recipe satisfies Recipe;",
    ],
    ['a promise', "export default Promise.resolve({ text: 'a.txt' });"],
    ['a function', "export default () => ({ text: 'a.txt' });"],
    ['an async function', "export default async () => ({ text: 'a.txt' });"],
    ['top-level await', "const text = await Promise.resolve('a.txt');\nexport default { text };"],
  ] as const)('may export %s', async ([, source]) => {
    expect(await loadRecipe(file(source))).toEqual({ text: 'a.txt' });
  });

  test.for([
    ['is missing', undefined, 'there is no such file'],
    ['does not parse', 'export default {', 'the file has an error'],
    ['throws', "throw new Error('boom');\nexport default {};", 'the file has an error: boom'],
    ['imports what is not there', "import x from 'no-such-package-at-all';\nexport default x;", 'the file has an error'],
    ['has no default export', 'export const recipe = {};', 'it has no default export'],
  ] as const)('that %s gives one line and a remedy', async ([, source, rule]) => {
    const error = await loadRecipe(source === undefined ? join(folder, 'nowhere.ts') : file(source)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(WeftError);
    expect(error).toMatchObject({ code: 'WEFT_RECIPE_LOAD', message: expect.stringContaining(rule) as string });
    expect((error as WeftError).message).not.toContain('\n');
  });
});
