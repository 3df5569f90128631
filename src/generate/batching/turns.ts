/** What an engine does in a turn: lets a sequence in, reads a piece of its prompt, computes a token of all that write. */

import { scoresOfRow } from './batch-runner.ts';
import type { BatchRunner, PieceResult, Scores } from './batch-runner.ts';
import type { FairQueue } from './fair-queue.ts';
import { COSTLY_GUESSES, MOST_GUESSES, guessingAfter } from './guessing.ts';
import { BLOCK_TOKENS } from './prefix-cache.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { Seats } from './seats.ts';
import { HOLD, isWanted, pieceLength, takesPart } from './sequence.ts';
import type { Sequence } from './sequence.ts';

/** What turns are made of. */
export interface TurnsParts {
  readonly runner: BatchRunner;
  readonly cache: PrefixCache;
  readonly waiting: FairQueue<Sequence>;
  readonly seats: Seats;
}

/** See {@link createTurns}. */
export interface Turns {
  /** Lets the next sequence in, when there is a slot and memory for its prompt. */
  admit(): Promise<void>;
  /** Reads a piece of the prompt of the one that reads; the last one gives its first token. */
  read(sequence: Sequence): Promise<void>;
  /** One token of every sequence that writes and takes part; whether there was any. */
  step(): Promise<boolean>;
  /** Several tokens of one sequence at once, where its drafter guesses right. */
  speculate(sequence: Sequence): Promise<void>;
  /** Ends a sequence, unless it is over. */
  finish(sequence: Sequence, error?: unknown): void;
  /** Tokens of prompts that were looked up, and that were found; tokens that were guessed, and those that were right. */
  readonly counts: { readonly prefixQueries: number; readonly prefixHits: number; readonly drafted: number; readonly accepted: number };
}

/** Tokens of a piece: enough for the matrix products to be efficient, few enough to be cancelled between two. */
const PIECE = 512;
/** The same while others write: a step of theirs waits for so many at most. */
const PIECE_BESIDE_OTHERS = 128;
/** Blocks that are copied at once; then whoever else waits for the thread has a turn. */
const BLOCKS_A_BREATH = 8;
/** Most numbers in the logits of one run. */
const PIECE_LOGITS = 1 << 22;

/** The turns of an engine. */
export function createTurns({ runner, cache, waiting, seats }: TurnsParts): Turns {
  const { arena } = runner;
  const { writing } = seats;
  const counts = { prefixQueries: 0, prefixHits: 0, drafted: 0, accepted: 0 };

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

  const admit = async (): Promise<void> => {
    if (seats.reading !== undefined || waiting.size === 0) return;
    const missed = waiting.inOrder().filter(seats.isMissed);
    for (const sequence of [...missed, ...waiting.inOrder()]) {
      const { task } = sequence;
      const { prompt, namespace } = task;
      // What needs scores is read, too.
      const most = task.visit !== undefined || task.hidden !== undefined ? 0 : Math.floor((prompt.length - 2) / BLOCK_TOKENS);
      if (!isWanted(sequence)) continue;
      if (!seats.hasSlotFor(sequence)) return;
      const needed = Math.ceil((prompt.length + sequence.written.length + 1) / BLOCK_TOKENS);
      const found = most > 0 ? cache.find(prompt, most, namespace) : [];
      if (!seats.enter(sequence, needed)) return;
      waiting.remove(sequence);
      if (most > 0) {
        counts.prefixQueries += prompt.length;
        counts.prefixHits += found.length * BLOCK_TOKENS;
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
      // Until its next token is settled, which may be before `next` returns.
      sequence.held = true;
      const token = task.next?.(scores);
      if (token === undefined) finish(sequence);
      else if (token !== HOLD) {
        sequence.held = false;
        written.push(token);
        sequence.replayed = written.length;
      }
    } catch (error) {
      finish(sequence, error);
    }
  };

  const read = async (sequence: Sequence): Promise<void> => {
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
    waiting.charge(sequence, time);
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

  const speculate = async (sequence: Sequence): Promise<void> => {
    const { written, abort } = sequence;
    seats.hold(sequence);
    const slot = writing.indexOf(sequence);
    if (slot < 0) return;
    const pending = written[sequence.replayed - 1] as number;
    const known = written.slice(sequence.replayed, sequence.replayed + MOST_GUESSES);
    const replaying = known.length > 0;
    const room = runner.longest - sequence.length - 1;
    try {
      const guesses = replaying ? known : await draft(sequence, Math.min(room, sequence.guessing.count));
      // Two tokens at least: see batch-runner.ts. What is read too many is overwritten.
      const tokens = Uint32Array.from(guesses.length === 0 ? [pending, pending] : [pending, ...guesses]);
      reserve(sequence.length + tokens.length);
      const result = await runner.read(
        { slot, tokens, past: sequence.length, rowCount: tokens.length, adapter: sequence.task.adapter },
        abort.signal,
      );
      waiting.charge(sequence, 1);
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
      counts.drafted += guesses.length;
      counts.accepted += right;
      const cost = sequence.task.drafter?.cost ?? COSTLY_GUESSES;
      sequence.guessing = guessingAfter(sequence.guessing, { given: guesses.length, right }, cost);
    } catch (error) {
      finish(sequence, abort.signal.aborted ? abort.signal.reason : error);
    }
  };
  const draft = async ({ task, written }: Sequence, most: number): Promise<readonly number[]> =>
    most < 1 ? [] : ((await task.drafter?.propose([...task.prompt, ...written], most)) ?? []);

  const step = async (): Promise<boolean> => {
    if (!writing.some(isInStep)) return false;
    for (const sequence of writing.slice()) if (writing.includes(sequence)) seats.hold(sequence);
    let count = writing.length;
    while (count > 0 && !isInStep(writing[count - 1] as Sequence)) count--;
    if (count === 0) return true;
    const rows = writing.slice(0, count);
    // Of those nothing new is computed, even if what they wait for is settled by another row.
    const held = new Set(rows.filter((sequence) => sequence.held));
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
      return true;
    }
    for (const [row, sequence] of rows.entries()) {
      if (held.has(sequence) || !isInStep(sequence)) continue;
      waiting.charge(sequence, 1);
      sequence.length++;
      if (sequence.replayed < sequence.written.length) sequence.replayed++;
      else choose(sequence, scoresOf(row));
    }
    return true;
  };

  return { admit, read, step, speculate, finish, counts };
}
