/** `weft tune`: a search over recipes. */

import type { Command } from 'commander';

import type { Search, Strategy, TuneResult } from '../../workflows/index.ts';
import { printJson } from '../context.ts';
import type { CliContext } from '../context.ts';
import { decimalNumber, oneOf, wholeNumber } from '../flag-values.ts';

const STRATEGIES: readonly Strategy[] = ['random', 'tpe', 'asha', 'tpe-asha'];

interface Flags {
  readonly strategy?: Strategy;
  readonly trials?: number;
  readonly steps?: number;
  readonly minutes?: number;
  readonly parallel?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addTune(program: Command, context: CliContext): void {
  program
    .command('tune')
    .summary('search for the best learning rate, width, … of a recipe')
    .description(
      'Searches over recipes. SEARCH is a TypeScript file that ends with\n' +
        "  export default defineSearch({ recipe: {…}, space: { 'training.learningRate': logUniform(1e-4, 1e-2), … }, budget: { trials: 40 } });\n" +
        'or a recipe alone, whose learning rate, weight decay, schedule and betas are then searched. Trials that fall behind are stopped ' +
        'early. Ctrl-C keeps what was done; the same command goes on.',
    )
    .argument('<SEARCH>', 'search or recipe file, e.g. search.ts')
    .option('--strategy <name>', `${STRATEGIES.join(', ')} (default: tpe-asha)`, oneOf('--strategy', STRATEGIES))
    .option('--trials <n>', 'trials at most', wholeNumber('--trials', { min: 1 }))
    .option('--steps <n>', 'training steps of all trials at most (default: those of 20 trainings)', wholeNumber('--steps', { min: 1 }))
    .option('--minutes <n>', 'time after which no trial begins', decimalNumber('--minutes', { above: 0 }))
    .option('--parallel <n>', 'trials at a time (default: what is measured to be fastest)', wholeNumber('--parallel', { min: 1 }))
    .option('--seed <n>', 'seed of the choices (default: 1)', wholeNumber('--seed', { min: 0 }))
    .option('--out <folder>', "the search's folder (default: runs/search)")
    .option('--json', 'print one JSON object at the end')
    .action(async (file: string, { json, trials, steps, minutes, ...flags }: Flags) => {
      const { tune } = await import('../../workflows/index.ts');
      const { loadRecipe } = await import('../recipe/load-recipe.ts');
      const { createTuneView } = await import('../terminal/tune-view.ts');
      const exported = await loadRecipe(file);
      const budget = Object.fromEntries(Object.entries({ trials, steps, minutes }).filter(([, value]) => value !== undefined));
      const search = withFlags(exported, { ...flags, ...(Object.keys(budget).length === 0 ? {} : { budget }) });
      const view = createTuneView(json === true ? context.stderr : context.stdout, context);
      let result: TuneResult;
      try {
        result = await tune(search as Search, { onEvent: view.show, signal: context.signal });
        view.result(result);
      } catch (error) {
        view.end();
        if (context.signal.aborted) (json === true ? context.stderr : context.stdout).write('  Stopped; the same command goes on.\n');
        throw error;
      } finally {
        view.end();
      }
      if (json === true) printJson(context, result);
    });
}

/** What a file exported, with flags over it; what is no object is left to the workflow to refuse. */
function withFlags(exported: unknown, flags: Readonly<Record<string, unknown>>): unknown {
  if (typeof exported !== 'object' || exported === null) return exported;
  return 'text' in exported && !('recipe' in exported) ? { recipe: exported, ...flags } : { ...exported, ...flags };
}
