/** What a search tells while it runs. */

import type { WorkflowEvent } from '../events.ts';
import type { Strategy } from './next-job.ts';
import type { Trial } from './trial.ts';

/** Text is read, or it is measured how many trainings beside each other this machine does best. */
export interface TunePreparingEvent {
  readonly kind: 'preparing';
  readonly what: 'data' | 'split';
  /** While text is read: what the preparing tells. */
  readonly event?: WorkflowEvent;
}

/** A way to share the machine, as measured: more steps a second are better. */
export interface TuneSplitEvent {
  readonly kind: 'split';
  readonly rows: readonly { readonly parallel: number; readonly threads: number; readonly stepsPerSecond: number }[];
}

/** The search begins, or goes on. */
export interface TuneBeginEvent {
  readonly kind: 'begin';
  readonly strategy: Strategy;
  readonly folder: string;
  readonly parallel: number;
  readonly threads: number;
  /** Steps at each rung. */
  readonly rungs: readonly number[];
  readonly budget: { readonly trials: number; readonly steps: number; readonly minutes: number };
  /** What the loss is, e.g. nats a token. */
  readonly unit: string;
  /** Trials of before. */
  readonly trials: readonly Trial[];
}

/** A trial began, reached a rung or failed. */
export interface TuneTrialEvent {
  readonly kind: 'trial';
  readonly trial: Trial;
  /** All trials. */
  readonly trials: readonly Trial[];
}

/** A step of a trial, now and then. */
export interface TuneStepEvent {
  readonly kind: 'step';
  readonly trial: number;
  readonly step: number;
  /** Steps at the rung that it climbs to. */
  readonly until: number;
  readonly loss: number;
  readonly tokensPerSecond: number;
}

/** Anything that a search tells. */
export type TuneEvent = TunePreparingEvent | TuneSplitEvent | TuneBeginEvent | TuneTrialEvent | TuneStepEvent;

/** How a search talks to its caller. */
export interface TuneHooks {
  /** Called with every event, in order. */
  readonly onEvent?: (event: TuneEvent) => void;
  /** Aborted to stop: trials are saved, then the signal's reason is thrown. */
  readonly signal?: AbortSignal;
}
