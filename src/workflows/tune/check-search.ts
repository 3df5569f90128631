/** A search from outside, checked and with its defaults, and the recipes that it tries. */

import { z } from 'zod';

import { UsageError, checkOptions } from '../../core/index.ts';
import { TRAINING, modelOf, optimizerOf } from '../recipe-parts.ts';
import { checkRecipe } from '../recipe.ts';
import type { Recipe } from '../recipe.ts';
import { STRATEGIES } from './next-job.ts';
import { choice, logUniform } from './parameters.ts';
import type { AnyParameter, ParameterSpace, ParameterValue, ParameterValues } from './parameters.ts';
import type { Length, Search, SearchSpace } from './search.ts';

/** A search with its defaults. */
export type FullSearch = Required<Omit<Search, 'parallel' | 'budget'>> & {
  readonly parallel: number | undefined;
  readonly budget: { readonly trials: number; readonly steps: number; readonly minutes: number };
  /** The parameters by path, as the choosing sees them. */
  readonly parameters: ParameterSpace;
};

/** Where a search goes when it does not say. */
export const DEFAULT_SEARCH_FOLDER = 'runs/search';

/** Whole trainings that the default budget pays for. */
const DEFAULT_TRAININGS = 20;

/** What is searched where a file exports a recipe alone. */
const USUAL_SPACE: SearchSpace = {
  'training.learningRate': logUniform(1e-4, 2e-2),
  'training.weightDecay': logUniform(1e-3, 1),
  'training.schedule': choice('cosine', 'linear', 'warmup-stable-decay'),
  'training.betas': choice([0.9, 0.95], [0.9, 0.99], [0.9, 0.999]),
};

const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number(), z.boolean()]))]);
const when = z.exactOptional(z.record(z.string(), value));
const PARAMETER = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('number'),
    low: z.number(),
    high: z.number(),
    scale: z.enum(['linear', 'log']),
    integer: z.boolean(),
    when,
  }),
  z.strictObject({ kind: z.literal('choice'), options: z.array(value).min(1), when }),
]);
const count = z.number().int().positive();
const SEARCH = z.strictObject({
  recipe: z.record(z.string(), z.unknown()),
  space: z.record(z.string(), PARAMETER),
  budget: z.exactOptional(
    z.strictObject({ trials: z.exactOptional(count), steps: z.exactOptional(count), minutes: z.exactOptional(z.number().positive()) }),
  ),
  strategy: z.exactOptional(z.enum(STRATEGIES)),
  reduction: z.exactOptional(count.min(2)),
  rungs: z.exactOptional(count.max(10)),
  seed: z.exactOptional(z.number().int().min(0)),
  parallel: z.exactOptional(count),
  out: z.exactOptional(z.string().min(1)),
});

/**
 * Checks a search from outside and fills in its defaults; without a space the usual one is searched.
 *
 * @param given - what a file exported, flags already in it.
 * @param origin - where it comes from, for messages.
 * @throws UsageError `WEFT_OPTION_UNKNOWN`, `WEFT_RECIPE_VALUE` and `WEFT_TUNE_SPACE`, naming the place.
 */
export function checkSearch(given: unknown, origin: string): FullSearch {
  const asked = isRecord(given) && given['recipe'] !== undefined && given['space'] === undefined ? { ...given, space: USUAL_SPACE } : given;
  if (isRecord(asked)) checkOptions(`use ${origin}`, asked, Object.keys(SEARCH.shape));
  const result = SEARCH.safeParse(asked);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw spaceError(origin, `${issue?.path.join('.') || 'the search'} does not fit`, issue?.message ?? 'invalid');
  }
  const { space: parameters, budget = {}, strategy = 'tpe-asha', reduction = 3, rungs = 3, seed = 1, parallel, out } = result.data;
  const recipe = checkRecipe(result.data.recipe, `${origin} (recipe)`);
  if (Object.keys(parameters).length === 0) throw spaceError(origin, 'the space has no parameter', '{}');
  checkEdges(recipe, parameters, origin);
  const { trials, steps, minutes } = budget;
  const open = trials === undefined && steps === undefined && minutes === undefined;
  return {
    recipe,
    space: parameters,
    parameters,
    budget: {
      trials: trials ?? Infinity,
      steps: steps ?? (open ? DEFAULT_TRAININGS * (recipe.training?.steps ?? TRAINING.steps) : Infinity),
      minutes: minutes ?? Infinity,
    },
    strategy,
    reduction,
    rungs,
    seed,
    parallel,
    out: out ?? DEFAULT_SEARCH_FOLDER,
  };
}

/** A recipe with values at their paths. */
export function recipeWith(recipe: Recipe, values: ParameterValues): Recipe {
  const put = (inside: Readonly<Record<string, unknown>>, path: readonly string[], value: ParameterValue): Record<string, unknown> => {
    const [key = '', ...rest] = path;
    const below = inside[key];
    return { ...inside, [key]: rest.length === 0 ? value : put(isRecord(below) ? below : {}, rest, value) };
  };
  return Object.entries(values).reduce<Readonly<Record<string, unknown>>>(
    (inside, [path, value]) => put(inside, path.split('.'), value),
    recipe as unknown as Readonly<Record<string, unknown>>,
  ) as unknown as Recipe;
}

/** What each parameter may be at its ends must make a recipe by itself: a slip is told before hours of search, not after. */
function checkEdges(recipe: Recipe, parameters: ParameterSpace, origin: string): void {
  const before: string[] = [];
  for (const [path, parameter] of Object.entries(parameters)) {
    checkPlace(recipe, path, origin);
    for (const named of Object.keys(parameter.when ?? {}))
      if (!before.includes(named)) throw spaceError(origin, `${path} depends on what does not stand before it`, named);
    for (const edge of edges(parameter)) checkRecipe(recipeWith(recipe, { [path]: edge }), `${origin} (${path} in the space)`);
    before.push(path);
  }
}

function checkPlace(recipe: Recipe, path: string, origin: string): void {
  const [section = '', key = '', ...more] = path.split('.');
  const lengths: readonly string[] = ['steps', 'minutes', 'evaluateEvery', 'checkpointEvery', 'patience'] satisfies readonly Length[];
  if (!['tokenizer', 'model', 'training'].includes(section) || key === '' || more.length > 0)
    throw spaceError(origin, 'a path of the space is tokenizer, model or training, and one of their keys', path);
  if (section === 'training' && lengths.includes(key)) throw spaceError(origin, 'the length of trials is the search’s own matter', path);
  if (section === 'tokenizer' && typeof recipe.tokenizer === 'string')
    throw spaceError(origin, 'the recipe takes a tokenizer that is there already', path);
}

function edges(parameter: AnyParameter): readonly ParameterValue[] {
  return parameter.kind === 'choice' ? parameter.options : [parameter.low, parameter.high];
}

/** True when a model and an optimizer can be made of a recipe: what no single parameter can tell, as a width that heads do not divide. */
export function fitsTogether(recipe: Recipe): boolean {
  try {
    modelOf(recipe, 257);
    optimizerOf({ ...TRAINING, ...recipe.training });
    return true;
  } catch {
    return false;
  }
}

function spaceError(origin: string, rule: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_TUNE_SPACE',
    action: `use ${origin}`,
    rule,
    value,
    remedy: 'Correct it; defineSearch of weft/workflows lets the editor check it.',
  });
}

function isRecord(candidate: unknown): candidate is Readonly<Record<string, unknown>> {
  return typeof candidate === 'object' && candidate !== null && !Array.isArray(candidate);
}
