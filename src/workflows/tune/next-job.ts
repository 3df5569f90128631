/** What a search does next: lets a trial climb, or begins one. A function of what has happened so far, and of nothing else. */

import { createRandom } from '../../core/index.ts';
import type { ParameterValues, Parameters } from './parameters.ts';
import { sameValue } from './parameters.ts';
import { promotable } from './rungs.ts';
import { randomValues } from './sample.ts';
import { STARTUP_TRIALS, tpeValues } from './tpe.ts';
import type { Observation } from './tpe.ts';
import type { Trial } from './trial.ts';

/** How values are chosen (at random, or by TPE), and whether trials climb rungs (ASHA). */
export type Strategy = 'random' | 'tpe' | 'asha' | 'tpe-asha';

/** Their names. */
export const STRATEGIES: readonly Strategy[] = ['random', 'tpe', 'asha', 'tpe-asha'];

/** What decides the course of a search. */
export interface Course {
  readonly parameters: Parameters;
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
function newValues(
  { parameters, strategy, seed, rungs, fits = () => true }: Course,
  trials: readonly Trial[],
): ParameterValues | undefined {
  const random = createRandom(seed, `trial ${trials.length + 1}`);
  const estimates = strategy === 'tpe' || strategy === 'tpe-asha';
  const seen = estimates ? observations(trials, rungs.length) : [];
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
 * What TPE learns from: the losses at the highest rung that enough trials came to, as losses of different rungs cannot be compared
 * (Falkner et al. 2018, "BOHB", section 4). Who failed, or has yet to get there from the rung below and runs, counts as worst.
 */
export function observations(trials: readonly Trial[], rungs: number): readonly Observation[] {
  const reached = (rung: number): number => trials.filter(({ losses }) => Number.isFinite(losses[rung] ?? Infinity)).length;
  const highest = Array.from({ length: rungs }, (_, index) => rungs - 1 - index).find((rung) => reached(rung) >= STARTUP_TRIALS) ?? 0;
  return trials
    .filter(({ status, losses }) => losses.length > highest || status !== 'waiting')
    .map(({ values, losses }) => ({ values, loss: losses[highest] ?? Infinity }));
}
