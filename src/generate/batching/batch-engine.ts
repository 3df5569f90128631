/**
 * Continuous batching: sequences join and leave a running batch at every step. Yu et al. 2022 ("Orca"), Kwon et al. 2023 ("vLLM").
 *
 * Decided: one prompt is read at a time, in pieces, with a step of all sequences that write between two pieces, so that nobody who
 * writes waits for long. A sequence that gave up its memory is computed again: its prompt by reading, what it had written by steps, so
 * that every bit is what it was. One whose reader is behind takes part in steps without effect, until the reader has caught up.
 *
 * A sequence with a drafter is speculated on (Leviathan et al. 2023): guesses are read as a piece of a prompt is, and as the draw of each
 * token is decided by the seed and its place alone, a guess that is what would have been drawn is a token gained. It never takes part in
 * steps, so that its bits, too, depend on nothing beside it.
 */

import type { BatchRunner } from './batch-runner.ts';
import { createFairQueue } from './fair-queue.ts';
import { BLOCK_TOKENS, createPrefixCache } from './prefix-cache.ts';
import { createSeats } from './seats.ts';
import { createSequence, isWanted, takesPart } from './sequence.ts';
import type { BatchTask, Sequence } from './sequence.ts';
import { createTurns } from './turns.ts';

/** A task under way. */
export interface BatchTicket {
  /** `wants` has become true. */
  wake(): void;
  /** Ends the task; `ended` is called with `reason` unless it was before. */
  cancel(reason: unknown): void;
  /**
   * Goes on from `written`, of which all but the last token is what the sequence itself has written, or what `like`, another of its
   * prompt, has. To be called between runs, of a sequence that answered `HOLD`.
   */
  proceed(written: readonly number[], like?: BatchTicket): void;
}

/** What an engine is doing. */
export interface EngineStatus {
  readonly running: number;
  readonly waiting: number;
  readonly slots: number;
  /** Blocks of keys and values: in use by sequences or kept for prompts to come, and all. */
  readonly blocksUsed: number;
  readonly blocks: number;
  readonly blockTokens: number;
  /** Tokens of prompts that were looked up, and that were found. */
  readonly prefixQueries: number;
  readonly prefixHits: number;
  readonly preemptions: number;
  /** Tokens that were guessed, and those of them that were right. */
  readonly drafted: number;
  readonly accepted: number;
}

/** See {@link createBatchEngine}. */
export interface BatchEngine {
  /**
   * Takes a task.
   *
   * @param branch what it has written already, as all but the last token `like` has, which is one of the same prompt
   */
  submit(task: BatchTask, branch?: { readonly written: readonly number[]; readonly like: BatchTicket }): BatchTicket;
  status(): EngineStatus;
  /** Ends all tasks with `reason` after the run in progress, then frees the session. */
  close(reason: unknown): Promise<void>;
}

/** Options of {@link createBatchEngine}. */
export interface BatchEngineOptions {
  readonly slots: number;
  /** Blocks of keys and values, enough for the longest sequence that is submitted. */
  readonly blocks: number;
}

/** An engine over a runner, which it closes. */
export function createBatchEngine(runner: BatchRunner, { slots, blocks }: BatchEngineOptions): BatchEngine {
  const { arena } = runner;
  const waiting = createFairQueue<Sequence>();
  const cache = createPrefixCache(blocks, arena.bytesPerToken / Float32Array.BYTES_PER_ELEMENT);
  const seats = createSeats({ arena, cache, waiting, slots });
  const { writing } = seats;
  let arrivals = 0;
  let working: Promise<void> | undefined;
  let closing: { readonly reason: unknown } | undefined;
  let wake: () => void = () => undefined;
  /** Something came since the work last looked around. */
  let stirred = false;

  const turns = createTurns({ runner, cache, waiting, seats });
  const { finish } = turns;

  const work = async (): Promise<void> => {
    for (;;) {
      if (closing !== undefined) return;
      stirred = false;
      await turns.admit();
      let ran = false;
      if (seats.reading !== undefined) {
        await turns.read(seats.reading);
        ran = true;
      }
      seats.sweep();
      if (await turns.step()) ran = true;
      seats.sweep();
      for (const sequence of writing.filter((one) => one.task.drafter !== undefined && takesPart(one))) {
        if (!writing.includes(sequence)) continue;
        await turns.speculate(sequence);
        ran = true;
      }
      seats.sweep();
      if (ran || stirred) continue;
      // Who waits takes the place of one whose reader is behind.
      const idle = waiting.inOrder().some(isWanted) ? seats.least() : undefined;
      if (idle !== undefined) seats.preempt(idle);
      else if (writing.length === 0 && waiting.size === 0) break;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      seats.sweep();
    }
  };
  const start = (): void => {
    stirred = true;
    wake();
    working ??= Promise.resolve()
      .then(work)
      .catch((error: unknown) => {
        for (const sequence of [...seats.active, ...waiting.inOrder()]) {
          waiting.remove(sequence);
          finish(sequence, error);
        }
        seats.sweep();
      })
      .finally(() => {
        working = undefined;
        // What came while it ended.
        if (waiting.size > 0 && closing === undefined) start();
      });
  };

  const sequences = new WeakMap<BatchTicket, Sequence>();
  /** See {@link BatchTicket.proceed}. */
  const proceed = (sequence: Sequence, text: readonly number[], like: Sequence | undefined): void => {
    const { written, task } = sequence;
    let known = 0;
    while (known < Math.min(written.length, text.length - 1) && written[known] === text[known]) known++;
    if (writing.includes(sequence)) {
      const end = task.prompt.length + text.length - 1;
      sequence.length = task.prompt.length + known;
      if (like !== undefined && writing.includes(like) && like.length === end) {
        arena.copy(writing.indexOf(like), writing.indexOf(sequence), end, sequence.length);
        sequence.length = end;
      }
      sequence.replayed = sequence.length - task.prompt.length + 1;
    }
    written.splice(0, written.length, ...text);
    sequence.held = false;
    start();
  };

  return {
    submit(task, branch) {
      if (closing !== undefined) {
        task.ended(closing.reason);
        return { wake: () => undefined, cancel: () => undefined, proceed: () => undefined };
      }
      const sequence = createSequence(task, arrivals++);
      const origin = branch === undefined ? undefined : sequences.get(branch.like);
      if (branch !== undefined) sequence.written.push(...branch.written);
      if (origin !== undefined && seats.branch(sequence, origin)) {
        sequence.replayed = sequence.length - task.prompt.length + 1;
        sequence.begun = true;
        task.started();
      } else waiting.push(sequence);
      start();
      const ticket: BatchTicket = {
        wake: start,
        cancel(reason) {
          if (sequence.over) return;
          waiting.remove(sequence);
          finish(sequence, reason);
          sequence.abort.abort(reason);
          start();
        },
        proceed: (written, like) => proceed(sequence, written, like === undefined ? undefined : sequences.get(like)),
      };
      sequences.set(ticket, sequence);
      return ticket;
    },
    status: () => ({
      running: seats.active.filter(({ over }) => !over).length,
      waiting: waiting.size,
      slots,
      blocksUsed: cache.used,
      blocks: cache.total,
      blockTokens: BLOCK_TOKENS,
      preemptions: seats.preemptions,
      ...turns.counts,
    }),
    async close(reason) {
      closing ??= { reason };
      for (const sequence of waiting.inOrder()) {
        waiting.remove(sequence);
        finish(sequence, reason);
      }
      for (const sequence of seats.active) {
        finish(sequence, reason);
        sequence.abort.abort(reason);
      }
      wake();
      await working;
      seats.sweep();
      cache.clear();
      runner.close();
    },
  };
}
