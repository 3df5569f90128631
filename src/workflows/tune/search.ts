/** The definition of a search over recipes: plain data, as a recipe is, and what `weft tune` reads. */

import type { ModelRecipe, Recipe, TokenizerRecipe, TrainingRecipe } from '../recipe.ts';
import type { Strategy } from './next-job.ts';
import type { ChoiceParameter, NumberParameter, ParameterValue } from './parameters.ts';

/** What the length of a trial is made of, which the search itself decides. */
export type Length = 'steps' | 'minutes' | 'evaluateEvery' | 'checkpointEvery' | 'patience';

type Section<Name extends string, Keys> = { readonly [K in keyof Keys & string as `${Name}.${K}`]-?: Exclude<Keys[K], undefined> };

/** Places of a recipe that can be searched, with what each takes. */
export type SearchPlaces = Section<'tokenizer', TokenizerRecipe> &
  Section<'model', ModelRecipe> &
  Section<'training', Omit<TrainingRecipe, Length>>;

/** A parameter for values of a type: choices always, bounds for numbers. */
export type Parameter<T> = ([T] extends [ParameterValue] ? ChoiceParameter<T> : never) | (number extends T ? NumberParameter : never);

/** Places of a recipe, each with where to look. */
export type SearchSpace = { readonly [P in keyof SearchPlaces]?: Parameter<SearchPlaces[P]> };

/** When a search ends; the first that is reached ends it. */
export interface SearchBudget {
  /** Trials at most. */
  readonly trials?: number;
  /** Training steps of all trials together. */
  readonly steps?: number;
  /** Minutes after which no training begins. */
  readonly minutes?: number;
}

/** A search over recipes. */
export interface Search {
  /** What all trials share; its `training.steps` are those of a whole training. */
  readonly recipe: Recipe;
  /** Default learning rate, weight decay, schedule and betas. */
  readonly space?: SearchSpace;
  /** Default as many steps as 20 whole trainings. */
  readonly budget?: SearchBudget;
  /** Default `tpe-asha`. */
  readonly strategy?: Strategy;
  /** For `asha`: how many times the steps of the rung below a rung has; the best of a rung that climb are 1 ÷ this. Default 3. */
  readonly reduction?: number;
  /** For `asha`: rungs, the last one the whole training. Default 3. */
  readonly rungs?: number;
  /** Of the choices; default 1. Trials have the seed of the recipe. */
  readonly seed?: number;
  /** Trainings at a time; default what is fastest on this machine, which is measured. */
  readonly parallel?: number;
  /** The search's folder; default `runs/search`. */
  readonly out?: string;
}

/**
 * Gives a search back as it is: for types and completion in the file that `weft tune` reads. Paths and values of the space are checked
 * against the type of a recipe.
 *
 * @example
 * ```ts
 * import { choice, defineSearch, logUniform } from 'weft/workflows';
 *
 * const search = defineSearch({
 *   recipe: { text: 'notes/*.md', training: { steps: 900 } },
 *   space: { 'training.learningRate': logUniform(3e-4, 3e-2), 'model.width': choice(64, 96, 128) },
 *   budget: { trials: 40 },
 * });
 * console.log(Object.keys(search.space ?? {})); // [ 'training.learningRate', 'model.width' ]
 * ```
 */
export function defineSearch(search: Search): Search {
  return search;
}
