/**
 * The tree-structured Parzen estimator, Bergstra et al. 2011, section 4: the trials are split into the best quarter (gamma) and the rest;
 * for every parameter the density of the best l and of the rest g are estimated, and of some values drawn from l the one is taken where
 * l ÷ g is largest, which is where the expected improvement is.
 *
 * Trials that still run count as bad ones (the constant liar of Ginsbourger et al. 2010 with the worst value as its lie), so that trials
 * beside each other do not all go to the same place.
 */

import type { Random } from '../../core/index.ts';
import { parzen } from './parzen.ts';
import type { ParameterValue, ParameterValues, ParameterSpace } from './parameters.ts';
import { drawValues, randomValues } from './sample.ts';

/** A trial as the estimator sees it. */
export interface Observation {
  readonly values: ParameterValues;
  /** The smaller, the better; infinite for a trial that diverged, failed or still runs. */
  readonly rank: number;
}

/** Share of the trials that are the good ones. */
const GAMMA = 0.25;

/** Values drawn from the density of the good ones, for each parameter. */
const CANDIDATES = 24;

/** Trials at random before anything is estimated. */
const STARTUP_TRIALS = 8;

/** Values for the next trial; random ones while few trials have come to an end. */
export function tpeValues(parameters: ParameterSpace, observations: readonly Observation[], random: Random): ParameterValues {
  const finished = observations.filter(({ rank }) => Number.isFinite(rank)).length;
  if (finished < STARTUP_TRIALS) return randomValues(parameters, random);
  const sorted = observations.toSorted((a, b) => a.rank - b.rank || 0);
  const count = Math.min(finished, Math.ceil(GAMMA * sorted.length));
  const seen = (trials: readonly Observation[], name: string): ParameterValue[] =>
    trials.flatMap(({ values }) => (values[name] === undefined ? [] : [values[name]]));
  return drawValues(parameters, (parameter, name) => {
    const good = parzen(parameter, seen(sorted.slice(0, count), name));
    const bad = parzen(parameter, seen(sorted.slice(count), name));
    let best: { readonly value: ParameterValue; readonly ratio: number } | undefined;
    for (let index = 0; index < CANDIDATES; index++) {
      const value = good.draw(random);
      const ratio = good.logDensity(value) - bad.logDensity(value);
      if (best === undefined || ratio > best.ratio) best = { value, ratio };
    }
    if (best === undefined) throw new RangeError('there is always a candidate');
    return best.value;
  });
}
