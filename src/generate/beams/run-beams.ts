/**
 * A beam search whose hypotheses are sequences of a batch engine: they share one reading of their prompt, and take part in its steps
 * beside whoever else writes.
 *
 * Decided: the first continuation of a hypothesis stays where that one is; the others take the places of those that nothing continues,
 * and what the two have not in common is copied. Each has the bits of a sequence that wrote the same tokens alone.
 */

import type { BatchEngine, BatchTicket } from '../batching/batch-engine.ts';
import type { Scores } from '../batching/batch-runner.ts';
import { HOLD } from '../batching/sequence.ts';
import type { BatchTask, Family } from '../batching/sequence.ts';
import type { TokenLogProbability } from '../sampling/probabilities.ts';
import type { Beams, FinishedBeam } from './beams.ts';

/** What is searched, and for whom. */
export interface BeamRun<T> extends Pick<BatchTask, 'prompt' | 'client' | 'request' | 'priority' | 'namespace' | 'adapter' | 'started'> {
  /** Hypotheses at most: the size of the family that they are. */
  readonly size: number;
  readonly beams: Beams<T>;
  /** The likeliest tokens behind a hypothesis, `beams.width` of them; what it throws ends the search. */
  readonly likeliest: (scores: Scores, state: T) => readonly TokenLogProbability[];
  readonly signal: AbortSignal | undefined;
}

/** What a sequence computes. */
interface Hypothesis {
  written: readonly number[];
  /** Its place among those that go on; undefined while nothing goes on from it. */
  beam: number | undefined;
}

/** A hypothesis and its sequence. */
interface Seat {
  readonly hypothesis: Hypothesis;
  readonly ticket: BatchTicket;
}

/** The hypotheses that are left at the end, best first. */
export async function runBeams<T>(engine: BatchEngine, run: BeamRun<T>): Promise<readonly FinishedBeam<T>[]> {
  const { signal } = run;
  signal?.throwIfAborted();
  const seats: Seat[] = [];
  let abort: () => void = () => undefined;
  try {
    return await new Promise((resolve, reject) => {
      abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      begin(engine, run, { seats, resolve, reject });
    });
  } finally {
    signal?.removeEventListener('abort', abort);
    for (const { ticket } of seats) ticket.cancel(undefined);
  }
}

/** Where a search goes on, and how it ends. */
interface Search<T> {
  readonly seats: Seat[];
  readonly resolve: (found: readonly FinishedBeam<T>[]) => void;
  readonly reject: (reason: unknown) => void;
}

function begin<T>(
  engine: BatchEngine,
  { size, beams, likeliest, signal: _, started, ...task }: BeamRun<T>,
  { seats, resolve, reject }: Search<T>,
): void {
  const family: Family = { size };
  let next: (readonly TokenLogProbability[])[] = [];
  /** Hypotheses whose scores are yet to come. */
  let awaited = 1;

  const take = (hypothesis: Hypothesis, like?: BatchTicket): void => {
    const isFirst = like === undefined;
    const whole: BatchTask = {
      ...task,
      family,
      next(scores) {
        const { beam = -1 } = hypothesis;
        const live = beams.live[beam];
        if (live === undefined) return HOLD;
        next[beam] = likeliest(scores, live.state);
        if (--awaited === 0) goOn();
        return HOLD;
      },
      wants: () => true,
      started: isFirst ? started : () => undefined,
      ended: (error) => (error === undefined ? undefined : reject(error)),
    };
    seats.push({ hypothesis, ticket: engine.submit(whole, isFirst ? undefined : { written: hypothesis.written, like }) });
  };
  const goOn = (): void => {
    beams.advance(next);
    next = [];
    awaited = beams.live.length;
    if (awaited === 0) {
      resolve(beams.finished);
      return;
    }
    const parents = new Map(seats.map((seat) => [seat.hypothesis.beam, seat]));
    const before = new Map(seats.map(({ hypothesis }) => [hypothesis, hypothesis.written]));
    for (const { hypothesis } of seats) hypothesis.beam = undefined;
    const moves: { readonly beam: number; readonly written: readonly number[]; readonly like: BatchTicket }[] = [];
    for (const [beam, { parent, token = 0 }] of beams.live.entries()) {
      const { hypothesis, ticket } = parents.get(parent) as Seat;
      const written = [...(before.get(hypothesis) ?? []), token];
      if (hypothesis.beam !== undefined) moves.push({ beam, written, like: ticket });
      else {
        Object.assign(hypothesis, { beam, written });
        ticket.proceed(written);
      }
    }
    for (const { beam, written, like } of moves) {
      const free = seats.find(({ hypothesis }) => hypothesis.beam === undefined);
      if (free === undefined) take({ beam, written }, like);
      else {
        Object.assign(free.hypothesis, { beam, written });
        free.ticket.proceed(written, like);
      }
    }
  };
  take({ beam: 0, written: [] });
}
