/** What a search does next: lets a trial climb, or begins one. A function of what has happened so far, and of nothing else. */

import { createRandom } from '../../core/index.ts';
import type { ParameterValues, ParameterSpace } from './parameters.ts';
import { sameValue } from './parameters.ts';
import { promotable } from './rungs.ts';
import { randomValues } from './sample.ts';
import { tpeValues } from './tpe.ts';
import type { Observation } from './tpe.ts';
import type { Trial } from './trial.ts';

/** How values are chosen (at random, or by TPE), and whether trials climb rungs (ASHA). */
export type Strategy = 'random' | 'tpe' | 'asha' | 'tpe-asha';

/** Their names. */
export const STRATEGIES: readonly Strategy[] = ['random', 'tpe', 'asha', 'tpe-asha'];

/** What decides the course of a search. */
export interface Course {
  readonly parameters: ParameterSpace;
  readonly strategy: Strategy;
  readonly seed: number;
  /** Steps at each rung; one rung where trials do not climb. */
  readonly rungs: readonly number[];
  readonly reduction: number;
  /** Trials at most. */
  readonly trials: number;
  /** Training steps of all trials at most. */
  readonly steps: number;
  /** Whether values go together; default always. */
  readonly fits?: (values: ParameterValues) => boolean;
}

/** A trial to be brought to a rung. */
export interface Job {
  /** Counted from 1. */
  readonly trial: number;
  readonly values: ParameterValues;
  readonly rung: number;
  /** Steps in all that the rung asks for. */
  readonly until: number;
}

/** Draws before a space counts as exhausted. */
const DRAWS = 200;

/** The next job, or undefined when the budget allows none, or all values have been tried. */
export function nextJob(course: Course, trials: readonly Trial[]): Job | undefined {
  const { rungs, reduction } = course;
  const left = course.steps - trials.reduce((sum, trial) => sum + stepsOf(trial, rungs), 0);
  const climbing = new Set(trials.filter(({ status }) => status === 'running').map(({ id }) => id));
  for (const id of promotable(trials, { rungs: rungs.length, reduction, climbing })) {
    const trial = trials.find((one) => one.id === id);
    const rung = trial?.losses.length ?? 0;
    const until = rungs[rung] ?? 0;
    if (trial !== undefined && until - trial.steps <= left) return { trial: id, values: trial.values, rung, until };
  }
  const until = rungs[0] ?? 0;
  if (trials.length >= course.trials || until > left) return undefined;
  const values = newValues(course, trials);
  return values === undefined ? undefined : { trial: trials.length + 1, values, rung: 0, until };
}

/** Steps that a trial has taken, or will have when it is on its rung. */
function stepsOf({ status, losses, steps }: Trial, rungs: readonly number[]): number {
  return status === 'running' ? (rungs[losses.length] ?? steps) : steps;
}

/** Values that no trial had: a training is decided by its seed, so a second one would tell nothing. */
function newValues({ parameters, strategy, seed, fits = () => true }: Course, trials: readonly Trial[]): ParameterValues | undefined {
  const random = createRandom(seed, `trial ${trials.length + 1}`);
  const estimates = strategy === 'tpe' || strategy === 'tpe-asha';
  const seen = estimates ? observations(trials) : [];
  for (let draw = 0; draw < DRAWS; draw++) {
    const values = estimates && draw < DRAWS / 10 ? tpeValues(parameters, seen, random) : randomValues(parameters, random);
    if (fits(values) && !trials.some((trial) => sameValues(trial.values, values))) return values;
  }
  return undefined;
}

function sameValues(a: ParameterValues, b: ParameterValues): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => a[name] !== undefined && b[name] !== undefined && sameValue(a[name], b[name]))
  );
}

/**
 * What TPE learns from: trials in the order of the rung that they came to, and on one rung of their loss there, as losses of different
 * rungs cannot be compared. So what was let climb is good beside what was not. Those that failed or run their first steps are worst.
 *
 * Falkner et al. 2018 ("BOHB", section 4) learn from the highest rung alone that enough trials came to. That was tried: the rest of the
 * space is then forgotten, and where early losses mislead it did worse than ASHA without TPE (docs/decisions/076-search.md).
 */
export function observations(trials: readonly Trial[]): readonly Observation[] {
  return trials
    .filter(({ status, losses }) => losses.length > 0 || status !== 'waiting')
    .map((trial) => ({ trial, ends: Number.isFinite(trial.losses.at(-1) ?? Infinity) }))
    .toSorted((a, b) => {
      if (a.ends !== b.ends) return a.ends ? -1 : 1;
      if (!a.ends) return a.trial.id - b.trial.id;
      return b.trial.losses.length - a.trial.losses.length || (a.trial.losses.at(-1) ?? 0) - (b.trial.losses.at(-1) ?? 0);
    })
    .map(({ trial: { values }, ends }, rank) => ({ values, rank: ends ? rank : Infinity }));
}
