/**
 * How many trainings beside each other, with how many threads each, do most steps a second here: a small model leaves threads idle, a large
 * one fills the caches alone. It is measured, with the recipe's own model, as no rule foretells it.
 */

import { availableParallelism } from 'node:os';

import type { Recipe } from '../recipe.ts';
import type { Split } from './journal.ts';
import type { TrialWorkers } from './trial-workers.ts';

/** Steps that are timed in each process. */
const STEPS = 12;

/** Trainings beside each other at most: each holds a model and its moments in memory. */
const MOST = 8;

/** A split and its speed. */
export interface MeasuredSplit extends Split {
  /** Of all trainings together. */
  readonly stepsPerSecond: number;
}

/** Times one training with all threads, two with half of them, and so on to one thread each; the fastest comes first. */
export async function measureSplit(
  workers: TrialWorkers,
  recipe: Recipe,
  { vocabSize, signal }: { readonly vocabSize: number; readonly signal?: AbortSignal },
): Promise<readonly MeasuredSplit[]> {
  const cores = availableParallelism();
  const rows: MeasuredSplit[] = [];
  for (let parallel = 1; parallel <= Math.min(cores, MOST); parallel *= 2) {
    signal?.throwIfAborted();
    const threads = Math.floor(cores / parallel);
    const request = { kind: 'time', recipe, vocabSize, threads, steps: STEPS } as const;
    const ends = await Promise.all(Array.from({ length: parallel }, () => workers.ask(request)));
    const speeds = ends.map((end) => (end.kind === 'timed' ? 1 / end.seconds : 0));
    rows.push({ parallel, threads, stepsPerSecond: speeds.reduce((sum, speed) => sum + speed, 0) });
  }
  return rows.toSorted((a, b) => b.stepsPerSecond - a.stepsPerSecond);
}

/** The split for a number of trainings that is given, or threads that are. */
export function givenSplit(parallel: number | undefined, threads: number | undefined): Split | undefined {
  const cores = availableParallelism();
  if (parallel === undefined && threads === undefined) return cores === 1 ? { parallel: 1, threads: 1 } : undefined;
  const beside = parallel ?? Math.max(1, Math.floor(cores / (threads ?? cores)));
  return { parallel: beside, threads: threads ?? Math.max(1, Math.floor(cores / beside)) };
}
