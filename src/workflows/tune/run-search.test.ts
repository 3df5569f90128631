/** The loop of a search, with functions in the place of trainings. */

import { describe, expect, test } from 'vitest';

import type { Course, Job, Strategy } from './next-job.ts';
import { choice, logUniform, uniform } from './parameters.ts';
import { runSearch } from './run-search.ts';
import type { JobResult, SearchLoop } from './run-search.ts';
import type { Trial, TrialEvent } from './trial.ts';
import { ranked } from './trial.ts';

const STEPS = 81;

function courseOf(strategy: Strategy, seed = 1, trainings = 15): Course {
  return {
    parameters: { rate: logUniform(1e-5, 1), decay: logUniform(1e-5, 1), kind: choice('a', 'b', 'c'), noise: uniform(0, 1) },
    strategy,
    seed,
    rungs: strategy.endsWith('asha') ? [9, 27, 81] : [81],
    reduction: 3,
    trials: Infinity,
    steps: trainings * STEPS,
  };
}

/** A learning curve that falls as a power of the steps to where the values lead; `misled` has early losses ask for another rate. */
function curve({ values, until }: Job, misled = 0): JobResult {
  const { rate, decay, kind } = values as { readonly rate: number; readonly decay: number; readonly kind: 'a' | 'b' | 'c' };
  if (rate > 0.3) return { kind: 'failed', code: 'WEFT_TRAIN_DIVERGED', message: 'loss NaN', steps: 3 };
  const end = 1.5 + 0.3 * (Math.log10(rate) + 2.5) ** 2 + 0.1 * (Math.log10(decay) + 2) ** 2 + { a: 0.3, b: 0, c: 0.6 }[kind];
  const early = misled * (Math.log10(rate) + 1.7) ** 2 * (1 - until / STEPS);
  return { kind: 'reported', loss: end + early + 3 * until ** -0.7, steps: until, seconds: until / 10 };
}

const search = (course: Course, loop: Partial<SearchLoop> = {}): Promise<readonly Trial[]> =>
  runSearch(course, { run: (job) => Promise.resolve(curve(job)), parallel: 1, ...loop });

test('every strategy keeps to its budget of steps', async () => {
  for (const strategy of ['random', 'tpe', 'asha', 'tpe-asha'] as const) {
    for (const parallel of [1, 3]) {
      const trials = await search(courseOf(strategy), { parallel });
      const steps = trials.reduce((sum, trial) => sum + trial.steps, 0);
      expect(steps).toBeLessThanOrEqual(15 * STEPS);
      expect(steps).toBeGreaterThan(14 * STEPS);
      expect(trials.some(({ status }) => status === 'done')).toBe(true);
    }
  }
});

test.for([
  ['early losses foretell the last', 0, 0.6],
  ['early losses mislead', 0.4, 1],
] as const)(
  'with the same steps, each strategy finds better than random search, and TPE with ASHA better than either: %s',
  async ([, misled, share]) => {
    const run = (job: Job): Promise<JobResult> => Promise.resolve(curve(job, misled));
    const median = async (strategy: Strategy): Promise<number> => {
      const best: number[] = [];
      for (let seed = 1; seed <= 25; seed++) best.push(ranked(await search(courseOf(strategy, seed, 20), { run }))[0]?.loss ?? Infinity);
      return (best.sort((a, b) => a - b)[12] ?? Infinity) - (1.5 + 3 * STEPS ** -0.7);
    };
    const [random, tpe, asha, both] = [await median('random'), await median('tpe'), await median('asha'), await median('tpe-asha')];
    expect(Math.max(tpe, asha)).toBeLessThan(0.7 * random);
    expect(both).toBeLessThan(share * Math.min(tpe, asha));
  },
);

describe('goes on where it was broken off', () => {
  test.for(['random', 'tpe', 'asha', 'tpe-asha'] as const)('and does what it would have done: %s', async (strategy) => {
    const whole: TrialEvent[] = [];
    const trials = await search(courseOf(strategy), { onEvent: (event) => void whole.push(event) });
    for (const at of [0, 1, 2, 7, 12, whole.length - 1, whole.length]) {
      const again = whole.slice(0, at);
      expect(await search(courseOf(strategy), { earlier: whole.slice(0, at), onEvent: (event) => void again.push(event) })).toEqual(trials);
      expect(again).toEqual(whole);
    }
  });

  test('when it is stopped, with the reason of the signal, and the trial that ran stays open', async () => {
    const controller = new AbortController();
    const events: TrialEvent[] = [];
    const stopped = search(courseOf('tpe-asha'), {
      signal: controller.signal,
      onEvent: (event) => void events.push(event),
      run: async (job) => {
        if (job.trial === 5) {
          controller.abort(new Error('enough'));
          controller.signal.throwIfAborted();
        }
        return curve(job);
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(events.at(-1)).toMatchObject({ kind: 'started', trial: 5 });
  });
});

test('a failed trial is told and does not end the search; ten in a row do', async () => {
  const run = (fails: (trial: number) => boolean) =>
    search(courseOf('random'), {
      run: (job) =>
        Promise.resolve(
          fails(job.trial) ? { kind: 'failed', code: 'WEFT_TUNE_CRASH', message: 'the process ended', steps: 0 } : curve(job),
        ),
    });
  const trials = await run((trial) => trial % 3 === 0);
  expect(trials.filter(({ status }) => status === 'failed').map(({ id, loss, message }) => [id % 3, loss, message])).toContainEqual([
    0,
    Infinity,
    'the process ended',
  ]);
  await expect(run(() => true)).rejects.toMatchObject({ code: 'WEFT_TUNE_FAILED' });
});

test('runs as many at a time as asked', async () => {
  let [now, most] = [0, 0];
  await search(courseOf('asha'), {
    parallel: 4,
    run: async (job) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
      return curve(job);
    },
  });
  expect(most).toBe(4);
});
