/** `weft train`: a run of training from a recipe file, from flags, or from both. */

import type { Command } from 'commander';

import { printJson } from '../context.ts';
import type { CliContext } from '../context.ts';
import { addRecipeFlags, withFlags } from '../recipe/recipe-flags.ts';

interface Flags {
  readonly resume?: true;
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
        'Flags set the same things, and override the recipe. Ctrl-C saves a checkpoint; --resume continues bit for bit.',
    )
    .argument('[RECIPE]', 'recipe file, e.g. recipe.ts');
  addRecipeFlags(command)
    .option('--resume', "continue the run in the recipe's folder, or in --out")
    .option('--json', 'print one JSON object at the end')
    .action(async (file: string | undefined, flags: Flags & Readonly<Record<string, unknown>>) => {
      const { checkRecipe, resumeRun, trainRun } = await import('../../workflows/index.ts');
      const { loadRecipe } = await import('../recipe/load-recipe.ts');
      const { renderEvents } = await import('../terminal/render-events.ts');
      const given = withFlags(file === undefined ? {} : await loadRecipe(file), flags);
      const view = renderEvents(flags.json === true ? context.stderr : context.stdout, context);
      const hooks = { onEvent: view.show, signal: context.signal };
      let result;
      try {
        const recipe = checkRecipe(given, file ?? 'the flags');
        result = await (flags.resume === true ? resumeRun(recipe, hooks) : trainRun(recipe, hooks));
      } finally {
        view.end();
      }
      if (flags.json === true) printJson(context, result);
    });
}
