/** A search for the least value of any function: what `weft tune` does with trainings, for numbers and choices of all kinds. */

import { UsageError, checkOptions } from '../../core/index.ts';
import type { AnyParameter, ParameterSpace } from './parameters.ts';
import { runSearch } from './run-search.ts';
import { ranked } from './trial.ts';
import type { Trial } from './trial.ts';

/** What a function is called with: a value for each parameter of the space; undefined where a parameter's condition does not hold. */
export type ValuesOf<S extends ParameterSpace> = { readonly [P in keyof S]: ValueOf<S[P]> };

type ValueOf<P extends AnyParameter> = P extends { readonly kind: 'choice'; readonly options: readonly (infer T)[] } ? T : number;

/** Options of {@link minimize}. */
export interface MinimizeOptions {
  /** Calls of the function at most. */
  readonly trials: number;
  /** `tpe` (the default) or `random`. */
  readonly strategy?: 'random' | 'tpe';
  /** Default 1. */
  readonly seed?: number;
  /** Calls at a time; default 1. */
  readonly parallel?: number;
}

/** What {@link minimize} found. */
export interface Minimum<S extends ParameterSpace> {
  readonly values: ValuesOf<S>;
  readonly value: number;
  /** All trials, in their order. */
  readonly trials: readonly Trial[];
}

/**
 * Searches for the values that make a function small: TPE (Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization") or at random.
 *
 * @param space - parameters by name.
 * @param measure - the function; a value that is no number, as infinity, counts as worst.
 * @param options - how many calls, and how to choose.
 * @returns the best values. For one seed the same, where calls come one after the other.
 * @throws UsageError `WEFT_TUNE_OPTION` for an option out of range, or when no call gave a number; whatever `measure` throws.
 *
 * @example
 * ```ts
 * import { minimize, uniform } from 'weft/workflows';
 *
 * const space = { x: uniform(-5, 5), y: uniform(-5, 5) };
 * const { value } = await minimize(space, ({ x, y }) => (x - 1) ** 2 + (y + 2) ** 2, { trials: 60 });
 * console.log(value < 0.5); // true
 * ```
 */
export async function minimize<const S extends ParameterSpace>(
  space: S,
  measure: (values: ValuesOf<S>) => number | Promise<number>,
  options: MinimizeOptions,
): Promise<Minimum<S>> {
  checkOptions('minimize', options, ['trials', 'strategy', 'seed', 'parallel']);
  const { trials, strategy = 'tpe', seed = 1, parallel = 1 } = options;
  for (const [name, value] of Object.entries({ trials, parallel })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw optionError(`${name} must be a whole number of at least 1`, String(value));
  }
  if (strategy !== 'tpe' && strategy !== 'random') throw optionError('strategy must be tpe or random', String(strategy));
  const all = await runSearch(
    { parameters: space, strategy, seed, rungs: [1], reduction: 2, trials, steps: Infinity },
    {
      parallel,
      async run({ values }) {
        const loss = await measure(values as ValuesOf<S>);
        if (Number.isFinite(loss)) return { kind: 'reported', loss, steps: 1, seconds: 0 };
        return { kind: 'failed', code: 'WEFT_TRAIN_DIVERGED', message: `the value is ${loss}`, steps: 1 };
      },
    },
  );
  const best = ranked(all)[0];
  if (best === undefined || !Number.isFinite(best.loss)) throw optionError('the function gave no finite number', String(best?.message));
  return { values: best.values as ValuesOf<S>, value: best.loss, trials: all };
}

function optionError(rule: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_TUNE_OPTION',
    action: 'search',
    rule,
    value,
    remedy: 'Correct the option.',
  });
}
