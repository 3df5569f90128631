/** `weft train`: a run of training from a recipe file, from flags, or from both. */

import type { Command } from 'commander';

import { UsageError } from '../../core/index.ts';
import type { RunResult } from '../../workflows/index.ts';
import { printJson } from '../context.ts';
import type { CliContext } from '../context.ts';
import { addRecipeFlags, recipeFlagsIn, withFlags } from '../recipe/recipe-flags.ts';

interface Flags {
  readonly resume?: true | string;
  readonly out?: string;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addTrain(program: Command, context: CliContext): void {
  const command = program
    .command('train')
    .summary('train a model from a recipe file or flags')
    .description(
      'Trains a model as a recipe describes it. RECIPE is a TypeScript file that ends with\n' +
        "  export default defineRecipe({ text: 'my.txt' });\n" +
        'Flags set most of what it may say, and override it. Ctrl-C saves a checkpoint; weft train --resume FOLDER continues bit for bit.',
    )
    .argument('[RECIPE]', 'recipe file, e.g. recipe.ts');
  addRecipeFlags(command)
    .option('--resume [folder]', "continue the run in a folder (default: the recipe's) from its last checkpoint")
    .option('--json', 'print one JSON object at the end')
    .action(async (file: string | undefined, flags: Flags & Readonly<Record<string, unknown>>) => {
      const { DEFAULT_RUN_FOLDER, checkRecipe, resumeRun, trainRun } = await import('../../workflows/index.ts');
      const { loadRecipe } = await import('../recipe/load-recipe.ts');
      const { renderEvents } = await import('../terminal/render-events.ts');
      const given = withFlags(file === undefined ? {} : await loadRecipe(file), flags);
      // A folder to resume knows its recipe; one that is given beside it must be the same, which the workflow checks.
      const needed = flags.resume === undefined || file !== undefined || flags['text'] !== undefined;
      const recipe = needed ? checkRecipe(given, file ?? 'the flags') : undefined;
      const ignored = needed ? undefined : recipeFlagsIn(flags).find((flag) => flag !== '--out');
      if (ignored !== undefined) {
        throw new UsageError({
          code: 'WEFT_FLAG_VALUE',
          action: 'use --resume',
          rule: 'a resumed run keeps the recipe that it was started with',
          value: ignored,
          remedy: `Leave ${ignored} out, or start a new run with it.`,
        });
      }
      const view = renderEvents(flags.json === true ? context.stderr : context.stdout, context);
      const hooks = { onEvent: view.show, signal: context.signal };
      let result: RunResult;
      try {
        if (recipe !== undefined && flags.resume === undefined) result = await trainRun(recipe, hooks);
        else {
          const folder = typeof flags.resume === 'string' ? flags.resume : (recipe?.out ?? flags.out ?? DEFAULT_RUN_FOLDER);
          result = await resumeRun(folder, { ...hooks, ...(recipe === undefined ? {} : { recipe }) });
        }
      } finally {
        view.end();
      }
      if (flags.json === true) printJson(context, result);
    });
}
