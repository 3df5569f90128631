/**
 * Loads `recipe.ts` as Vite loads its configuration: TypeScript as it is, the default export an object, a promise of one,
 * or a function that gives one. `weft` and `weft/<room>` in it mean this very program, wherever the file lies.
 */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { createJiti } from 'jiti';

import { UsageError, WeftError } from '../../core/index.ts';

/**
 * What a recipe file exports, unchecked.
 *
 * @throws UsageError `WEFT_RECIPE_LOAD` when there is no such file, it has an error in it, or it exports nothing as default.
 */
export function loadRecipe(path: string): Promise<unknown> {
  return loadDefault(path, (exported) => (typeof exported === 'function' ? (exported as () => unknown)() : exported));
}

/**
 * The function that a file exports as its default.
 *
 * @throws UsageError `WEFT_RECIPE_LOAD` as {@link loadRecipe} does, and when it is no function.
 */
export async function loadFunction(path: string): Promise<unknown> {
  const exported = await loadDefault(path, (value) => value);
  if (typeof exported === 'function') return exported;
  throw loadError(path, {
    rule: 'its default export must be a function',
    value: typeof exported,
    remedy: 'End the file with: export default ({ text }) => text.length;',
  });
}

async function loadDefault(path: string, use: (exported: unknown) => unknown): Promise<unknown> {
  const file = resolve(path);
  if (!existsSync(file)) {
    throw loadError(path, {
      rule: 'there is no such file',
      remedy: 'Give the path of a recipe, or describe the run with flags: weft train --help.',
    });
  }
  const jiti = createJiti(import.meta.url, {
    virtualModules: await weftModules(),
    interopDefault: false,
    fsCache: false,
    moduleCache: false,
  });
  let exported: unknown;
  try {
    const module = await jiti.import<{ readonly default?: unknown }>(file);
    exported = await use(module.default);
  } catch (error) {
    if (error instanceof WeftError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw loadError(path, {
      rule: 'the file has an error',
      value: reason.split('\n')[0] ?? '',
      remedy: 'Correct the file and run it again.',
      cause: error,
    });
  }
  if (exported === undefined) {
    throw loadError(path, {
      rule: 'it has no default export',
      remedy: "End the file with: export default defineRecipe({ text: 'my.txt' });",
    });
  }
  return exported;
}

/** The rooms that a recipe may want, as this program has them loaded. */
async function weftModules(): Promise<Record<string, unknown>> {
  return {
    weft: await import('../../index.ts'),
    'weft/workflows': await import('../../workflows/index.ts'),
    'weft/data': await import('../../data/index.ts'),
    'weft/tokenizers': await import('../../tokenizers/index.ts'),
    'weft/models': await import('../../models/index.ts'),
    'weft/train': await import('../../train/index.ts'),
    'weft/finetune': await import('../../finetune/index.ts'),
    'weft/cost': await import('../../cost/index.ts'),
  };
}

function loadError(
  path: string,
  { rule, value, remedy, cause }: { rule: string; value?: string; remedy: string; cause?: unknown },
): UsageError {
  return new UsageError({
    code: 'WEFT_RECIPE_LOAD',
    action: `load ${path}`,
    rule,
    ...(value === undefined ? {} : { value }),
    remedy,
    cause,
  });
}
