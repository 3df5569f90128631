import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { TuneResult } from '../../workflows/index.ts';
import { checkRecipe } from '../../workflows/index.ts';
import { Stop } from '../context.ts';
import { fakeContext } from '../fake-context.fixture.ts';
import { loadRecipe } from '../recipe/load-recipe.ts';
import { run } from '../run.ts';

let home = '';
let file = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'weft-tune-command-'));
  const text = join(home, 'text.txt');
  writeFileSync(text, Array.from({ length: 120 }, (_, index) => `line ${index}: to be, or not to be.\n`).join('\n'));
  file = join(home, 'search.ts');
  writeFileSync(
    file,
    `import { defineSearch, logUniform } from 'weft/workflows';
export default defineSearch({
  recipe: {
    text: ${JSON.stringify(text)},
    heldOut: 0.2,
    tokenizer: { type: 'characters' },
    model: { architecture: 'gpt', layers: 1, heads: 2, width: 16, contextLength: 16 },
    training: { steps: 4, batchSize: 4 },
    threads: 1,
  },
  space: { 'training.learningRate': logUniform(1e-3, 1e-1) },
  strategy: 'random',
  parallel: 1,
});\n`,
  );
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

test('searches, prints one JSON object, and writes a recipe that weft train takes', { timeout: 120_000 }, async () => {
  const out = join(home, 'json');
  const context = fakeContext();
  expect(await run(['tune', file, '--trials', '3', '--out', out, '--json'], context)).toBe(0);
  const result = JSON.parse(context.out()) as TuneResult;
  expect(result.trials).toHaveLength(3);
  expect(result).toMatchObject({ strategy: 'random', steps: 12, recipe: join(out, 'best.ts') });
  expect(context.err()).toContain('Trial 1');
  const recipe = checkRecipe(await loadRecipe(result.recipe), 'best.ts');
  expect(recipe.training?.learningRate).toBe(result.best.values['training.learningRate']);
});

test('stopped, it exits with 130 and says so; the same command goes on', { timeout: 120_000 }, async () => {
  const out = join(home, 'stopped');
  const context = fakeContext();
  const write = context.stdout.write.bind(context.stdout);
  Object.assign(context.stdout, {
    write(text: string) {
      write(text);
      if (text.includes('Trial 2')) context.stop(new Stop(130));
    },
  });
  expect(await run(['tune', file, '--trials', '4', '--out', out], context)).toBe(130);
  expect(context.out()).toContain('the same command goes on');
  expect(existsSync(join(out, 'best.ts'))).toBe(false);
  const again = fakeContext();
  expect(await run(['tune', file, '--trials', '4', '--out', out], again)).toBe(0);
  expect(again.out()).toContain('goes on after');
  expect(readFileSync(join(out, 'search.jsonl'), 'utf8').match(/"kind":"reported"/g)).toHaveLength(4);
});

test('a wrong strategy is a wrong use', async () => {
  const context = fakeContext();
  expect(await run(['tune', file, '--strategy', 'grid'], context)).toBe(2);
  expect(context.err()).toContain('one of random, tpe, asha, tpe-asha');
});
