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

import { scoresOfRow } from './batch-runner.ts';
import type { BatchRunner, PieceResult, Scores } from './batch-runner.ts';
import { createFairQueue } from './fair-queue.ts';
import { BLOCK_TOKENS, createPrefixCache } from './prefix-cache.ts';
import { createSeats } from './seats.ts';
import { FEW_GUESSES, MANY_GUESSES, createSequence, isWanted, pieceLength, takesPart } from './sequence.ts';
import type { BatchTask, Sequence } from './sequence.ts';

/** A task under way. */
export interface BatchTicket {
  /** `wants` has become true. */
  wake(): void;
  /** Ends the task; `ended` is called with `reason` unless it was before. */
  cancel(reason: unknown): void;
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
  submit(task: BatchTask): BatchTicket;
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

/** Tokens of a piece: enough for the matrix products to be efficient, few enough to be cancelled between two. */
const PIECE = 512;
/** The same while others write: a step of theirs waits for so many at most. */
const PIECE_BESIDE_OTHERS = 128;
/** Blocks that are copied at once; then whoever else waits for the thread has a turn. */
const BLOCKS_A_BREATH = 8;
/** Most numbers in the logits of one run. */
const PIECE_LOGITS = 1 << 22;

/** An engine over a runner, which it closes. */
export function createBatchEngine(runner: BatchRunner, { slots, blocks }: BatchEngineOptions): BatchEngine {
  const { arena } = runner;
  const waiting = createFairQueue<Sequence>();
  const cache = createPrefixCache(blocks, arena.bytesPerToken / Float32Array.BYTES_PER_ELEMENT);
  const seats = createSeats({ arena, cache, waiting });
  const { writing } = seats;
  let arrivals = 0;
  let [prefixQueries, prefixHits, drafted, accepted] = [0, 0, 0, 0];
  let working: Promise<void> | undefined;
  let closing: { readonly reason: unknown } | undefined;
  let wake: () => void = () => undefined;
  /** Something came since the work last looked around. */
  let stirred = false;

  const finish = (sequence: Sequence, error?: unknown): void => {
    if (sequence.over) return;
    sequence.over = true;
    sequence.task.drafter?.release?.();
    sequence.task.ended(error);
  };
  const isInStep = (sequence: Sequence): boolean => sequence.task.drafter === undefined && takesPart(sequence);

  /** Makes room for texts of `length` tokens; what no sequence uses is not carried over. */
  const reserve = (length: number): void =>
    runner.reserve(
      length,
      seats.active.map((sequence) => sequence.length),
    );

  /** Lets the next sequence in, when there is a slot and memory for its prompt. */
  const admit = async (): Promise<void> => {
    if (seats.reading !== undefined || writing.length >= slots || waiting.size === 0) return;
    for (const sequence of waiting.inOrder()) {
      const { task } = sequence;
      const { prompt, namespace } = task;
      // What needs scores is read, too.
      const most = task.visit !== undefined || task.hidden !== undefined ? 0 : Math.floor((prompt.length - 2) / BLOCK_TOKENS);
      if (!isWanted(sequence)) continue;
      const needed = Math.ceil((prompt.length + sequence.written.length + 1) / BLOCK_TOKENS);
      const found = most > 0 ? cache.find(prompt, most, namespace) : [];
      if (!seats.enter(sequence, needed)) return;
      waiting.remove(sequence);
      if (most > 0) {
        prefixQueries += prompt.length;
        prefixHits += found.length * BLOCK_TOKENS;
        reserve(prompt.length);
        const slot = writing.length;
        for (const [index, block] of found.entries()) {
          arena.write(slot, index * BLOCK_TOKENS, block);
          sequence.length = (index + 1) * BLOCK_TOKENS;
          if (index % BLOCKS_A_BREATH === BLOCKS_A_BREATH - 1) await new Promise<void>((resolve) => void setImmediate(resolve));
        }
      }
      if (!sequence.begun) task.started();
      sequence.begun = true;
      return;
    }
  };

  /** Gives scores to a sequence; it takes part in the next step, or is over. */
  const choose = (sequence: Sequence, scores: Scores): void => {
    const { task, written } = sequence;
    try {
      const token = task.next?.(scores);
      if (token === undefined) finish(sequence);
      else {
        written.push(token);
        sequence.replayed = written.length;
      }
    } catch (error) {
      finish(sequence, error);
    }
  };

  /** Reads a piece of the prompt; the last one gives the first token. */
  const readPiece = async (sequence: Sequence): Promise<void> => {
    const { task, abort } = sequence;
    const { prompt, scoreFrom = prompt.length - 1 } = task;
    const { vocabSize } = runner;
    const slot = writing.length;
    const left = prompt.length - sequence.length;
    const most = writing.length > 0 ? PIECE_BESIDE_OTHERS : PIECE;
    const scored = task.visit === undefined ? most : Math.max(0, scoreFrom - sequence.length) + Math.floor(PIECE_LOGITS / vocabSize);
    const time = pieceLength(left, Math.min(most, scored));
    const end = sequence.length + time;
    const rowCount = task.visit === undefined ? 1 : Math.max(1, end - Math.max(scoreFrom, sequence.length));
    let result: PieceResult;
    reserve(end);
    try {
      result = await runner.read(
        { slot, tokens: prompt.subarray(sequence.length, end), past: sequence.length, rowCount, adapter: task.adapter },
        abort.signal,
      );
    } catch (error) {
      finish(sequence, abort.signal.aborted ? abort.signal.reason : error);
      return;
    }
    waiting.charge(sequence.client, time);
    if (sequence.over) return;
    try {
      task.hidden?.(result.hidden, result.hidden.length / time);
      if (task.visit !== undefined)
        for (let index = Math.max(scoreFrom, sequence.length); index < end; index++)
          task.visit(scoresOfRow(result, index - (end - rowCount), vocabSize).logProbabilities, index);
    } catch (error) {
      finish(sequence, error);
      return;
    }
    sequence.length = end;
    // As it is read, so that nobody waits for a long copy at the end.
    if (task.visit === undefined && task.hidden === undefined)
      cache.keep(prompt.subarray(0, end), task.namespace, (index, block) => arena.read(slot, index * BLOCK_TOKENS, block));
    if (end < prompt.length) return;
    if (task.next === undefined) {
      finish(sequence);
      return;
    }
    seats.turnToWriting();
    if (sequence.written.length === 0) choose(sequence, scoresOfRow(result, rowCount - 1, vocabSize));
    else sequence.replayed = 1;
  };

  /** Several tokens of one sequence at once, where its drafter guesses right. */
  const speculate = async (sequence: Sequence): Promise<void> => {
    const { written, abort } = sequence;
    seats.hold(sequence);
    const slot = writing.indexOf(sequence);
    if (slot < 0) return;
    const pending = written[sequence.replayed - 1] as number;
    const known = written.slice(sequence.replayed, sequence.replayed + MANY_GUESSES);
    const replaying = known.length > 0;
    const room = runner.longest - sequence.length - 1;
    try {
      const guesses = replaying ? known : await draft(sequence, Math.min(room, sequence.guesses));
      // Two tokens at least: see batch-runner.ts. What is read too many is overwritten.
      const tokens = Uint32Array.from(guesses.length === 0 ? [pending, pending] : [pending, ...guesses]);
      reserve(sequence.length + tokens.length);
      const result = await runner.read(
        { slot, tokens, past: sequence.length, rowCount: tokens.length, adapter: sequence.task.adapter },
        abort.signal,
      );
      waiting.charge(sequence.client, 1);
      if (sequence.over) return;
      if (replaying) {
        // All but the last were written before, and are read now.
        sequence.length += known.length;
        sequence.replayed += known.length;
        return;
      }
      let right = 0;
      for (let row = 0; ; row++) {
        sequence.length++;
        choose(sequence, scoresOfRow(result, row, runner.vocabSize));
        if (sequence.over || written.at(-1) !== guesses[row]) break;
        right++;
      }
      drafted += guesses.length;
      accepted += right;
      if (guesses.length > 0) sequence.guesses = right === guesses.length ? MANY_GUESSES : FEW_GUESSES;
    } catch (error) {
      finish(sequence, abort.signal.aborted ? abort.signal.reason : error);
    }
  };
  const draft = async ({ task, written }: Sequence, most: number): Promise<readonly number[]> =>
    most < 1 ? [] : ((await task.drafter?.propose([...task.prompt, ...written], most)) ?? []);

  /** One token of every sequence that writes. */
  const step = async (): Promise<void> => {
    for (const sequence of writing.slice()) if (writing.includes(sequence)) seats.hold(sequence);
    let count = writing.length;
    while (count > 0 && !isInStep(writing[count - 1] as Sequence)) count--;
    if (count === 0) return;
    const rows = writing.slice(0, count);
    reserve(Math.max(...rows.map(({ length }) => length + 1)));
    let scoresOf: (row: number) => Scores;
    try {
      scoresOf = await runner.step(
        rows.map(({ written, replayed, length, task }) => ({
          token: written[replayed - 1] as number,
          past: length,
          adapter: task.adapter,
        })),
      );
    } catch (error) {
      for (const sequence of rows) finish(sequence, error);
      return;
    }
    for (const [row, sequence] of rows.entries()) {
      if (!isInStep(sequence)) continue;
      waiting.charge(sequence.client, 1);
      sequence.length++;
      if (sequence.replayed < sequence.written.length) sequence.replayed++;
      else choose(sequence, scoresOf(row));
    }
  };

  const work = async (): Promise<void> => {
    for (;;) {
      if (closing !== undefined) return;
      stirred = false;
      await admit();
      let ran = false;
      if (seats.reading !== undefined) {
        await readPiece(seats.reading);
        ran = true;
      }
      seats.sweep();
      if (writing.some(isInStep)) {
        await step();
        seats.sweep();
        ran = true;
      }
      for (const sequence of writing.filter((one) => one.task.drafter !== undefined && takesPart(one))) {
        if (!writing.includes(sequence)) continue;
        await speculate(sequence);
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

  return {
    submit(task) {
      if (closing !== undefined) {
        task.ended(closing.reason);
        return { wake: () => undefined, cancel: () => undefined };
      }
      const sequence = createSequence(task, arrivals++);
      waiting.push(sequence);
      start();
      return {
        wake: start,
        cancel(reason) {
          if (sequence.over) return;
          waiting.remove(sequence);
          finish(sequence, reason);
          sequence.abort.abort(reason);
          start();
        },
      };
    },
    status: () => ({
      running: seats.active.filter(({ over }) => !over).length,
      waiting: waiting.size,
      slots,
      blocksUsed: cache.used,
      blocks: cache.total,
      blockTokens: BLOCK_TOKENS,
      prefixQueries,
      prefixHits,
      preemptions: seats.preemptions,
      drafted,
      accepted,
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
