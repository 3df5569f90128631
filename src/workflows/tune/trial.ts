/** Trials of a search, and what happened to them: a list of events, from which all else follows, also when a search goes on. */

import type { ParameterValues } from './parameters.ts';

/** A trial begins, or climbs to the next rung. */
export interface TrialStarted {
  readonly kind: 'started';
  /** Counted from 1. */
  readonly trial: number;
  readonly values: ParameterValues;
  /** The rung that it climbs to, counted from 0. */
  readonly rung: number;
}

/** A trial reached its rung. */
export interface TrialReported {
  readonly kind: 'reported';
  readonly trial: number;
  readonly rung: number;
  /** What the search makes small. */
  readonly loss: number;
  /** Training steps in all. */
  readonly steps: number;
  /** Seconds of training in all. */
  readonly seconds: number;
}

/** A trial ended badly: its training diverged, or it could not be run. It counts as worst. */
export interface TrialFailed {
  readonly kind: 'failed';
  readonly trial: number;
  readonly rung: number;
  /** `WEFT_TRAIN_DIVERGED` or the code of another error. */
  readonly code: string;
  readonly message: string;
  readonly steps: number;
}

/** What happens to a trial. */
export type TrialEvent = TrialStarted | TrialReported | TrialFailed;

/** Where a trial stands: it waits on a rung, trains, has had all steps, diverged or failed. */
export type TrialStatus = 'waiting' | 'running' | 'done' | 'diverged' | 'failed';

/** A trial so far. */
export interface Trial {
  readonly id: number;
  readonly values: ParameterValues;
  readonly status: TrialStatus;
  /** The least loss at any of its rungs; infinite before the first. */
  readonly loss: number;
  /** The loss at each rung it came to. */
  readonly losses: readonly number[];
  readonly steps: number;
  /** Seconds of training. */
  readonly seconds: number;
  /** Why it failed. */
  readonly message?: string;
}

/** The trials after one event more. */
export function withEvent(trials: readonly Trial[], event: TrialEvent, rungs: number): readonly Trial[] {
  const change = (to: Partial<Trial>): readonly Trial[] => trials.map((trial) => (trial.id === event.trial ? { ...trial, ...to } : trial));
  switch (event.kind) {
    case 'started': {
      if (trials.some(({ id }) => id === event.trial)) return change({ status: 'running' });
      const { trial: id, values } = event;
      return [...trials, { id, values, status: 'running', loss: Infinity, losses: [], steps: 0, seconds: 0 }];
    }
    case 'reported': {
      const { loss, rung, steps, seconds } = event;
      const before = trials.find(({ id }) => id === event.trial);
      return change({
        status: rung === rungs - 1 ? 'done' : 'waiting',
        loss: Math.min(loss, before?.loss ?? Infinity),
        losses: [...(before?.losses ?? []), loss],
        steps,
        seconds,
      });
    }
    case 'failed': {
      const { code, message, steps } = event;
      const losses = trials.find(({ id }) => id === event.trial)?.losses ?? [];
      return change({
        status: code === 'WEFT_TRAIN_DIVERGED' ? 'diverged' : 'failed',
        loss: Infinity,
        losses: [...losses, Infinity],
        steps,
        message,
      });
    }
  }
}

/** Trials from the best to the worst. */
export function ranked(trials: readonly Trial[]): readonly Trial[] {
  return trials.toSorted((a, b) => a.loss - b.loss || a.id - b.id);
}
