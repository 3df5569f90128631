/** The loop of a search: as many trials beside each other as asked for, each told, until the budget is spent. */

import { WeftError } from '../../core/index.ts';
import { nextJob } from './next-job.ts';
import type { Course, Job } from './next-job.ts';
import type { Trial, TrialEvent } from './trial.ts';
import { withEvent } from './trial.ts';

/** What came of a job: a report, or why there is none. */
export type JobResult =
  | { readonly kind: 'reported'; readonly loss: number; readonly steps: number; readonly seconds: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly steps: number };

/** What {@link runSearch} needs beside its course. */
export interface SearchLoop {
  /** Runs a job; throws only to end the whole search. */
  readonly run: (job: Job) => Promise<JobResult>;
  /** Jobs at a time. */
  readonly parallel: number;
  /** What happened before. */
  readonly earlier?: readonly TrialEvent[];
  /** Called with everything that happens and the trials as they then are; the search waits for it. */
  readonly onEvent?: (event: TrialEvent, trials: readonly Trial[]) => void | Promise<void>;
  /** Aborted to stop: jobs are then expected to throw its reason. */
  readonly signal?: AbortSignal;
  /** No job begins when this says so. */
  readonly isOver?: () => boolean;
}

/** Trials that may fail one after the other before a search gives up. */
const FAILURES = 10;

/**
 * Runs a search to its end.
 *
 * @returns all trials.
 * @throws WeftError `WEFT_TUNE_FAILED` when ten trials in a row failed; whatever a job throws, when the others have ended.
 */
export async function runSearch(course: Course, loop: SearchLoop): Promise<readonly Trial[]> {
  const { run, parallel, earlier = [], onEvent, signal, isOver = () => false } = loop;
  let trials: readonly Trial[] = [];
  for (const event of earlier) trials = withEvent(trials, event, course.rungs.length);
  /** Jobs of a search that was broken off. */
  const open = trials
    .filter(({ status }) => status === 'running')
    .map(({ id, values, losses }): Job => ({ trial: id, values, rung: losses.length, until: course.rungs[losses.length] ?? 0 }));
  const running = new Set<Promise<void>>();
  let failures = 0;
  let thrown: { readonly error: unknown } | undefined;
  let told: Promise<void> = Promise.resolve();

  const tell = async (event: TrialEvent): Promise<void> => {
    trials = withEvent(trials, event, course.rungs.length);
    const now = trials;
    // One after the other, as they happened.
    told = told.then(() => onEvent?.(event, now));
    await told;
  };
  const start = async (job: Job, again: boolean): Promise<void> => {
    const { trial, values, rung } = job;
    if (!again) await tell({ kind: 'started', trial, values, rung });
    const result = await run(job);
    failures = result.kind === 'failed' && result.code !== 'WEFT_TRAIN_DIVERGED' ? failures + 1 : 0;
    await tell({ ...result, trial, rung });
    if (failures >= FAILURES && result.kind === 'failed')
      throw new WeftError({
        code: 'WEFT_TUNE_FAILED',
        action: 'go on with the search',
        rule: `${FAILURES} trials failed one after the other, the last one so`,
        value: result.message,
        remedy: 'Correct the recipe or the space; train the recipe alone with weft train to see that it runs.',
      });
  };
  const mayStart = (): boolean => running.size < parallel && thrown === undefined && signal?.aborted !== true && !isOver();
  for (;;) {
    while (mayStart()) {
      const again = open.shift();
      const job = again ?? nextJob(course, trials);
      if (job === undefined) break;
      const work: Promise<void> = start(job, again !== undefined)
        .catch((error: unknown) => {
          thrown ??= { error };
        })
        .finally(() => running.delete(work));
      running.add(work);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  signal?.throwIfAborted();
  if (thrown !== undefined) throw thrown.error;
  return trials;
}
