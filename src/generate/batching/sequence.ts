/** One sequence of a batch: what is asked of it, and what has been computed. */

import type { Scores } from './batch-runner.ts';
import type { Queued } from './fair-queue.ts';
import { FIRST_GUESSING } from './guessing.ts';
import type { Guessing } from './guessing.ts';
import type { Drafter } from './lookup-drafter.ts';

/** Sequences of one prompt that go on together, as the hypotheses of a beam search: none of them runs while another waits for a slot. */
export interface Family {
  /** Sequences that it has at most. */
  readonly size: number;
}

/** What a task answers to scores when its next token is settled later: see {@link BatchTicket.proceed}. */
export const HOLD = 'hold';

/** One sequence to compute. Its functions are called by the engine, between runs; they must not throw but where they say so. */
export interface BatchTask {
  /** At least one token. */
  readonly prompt: Uint32Array;
  readonly client: string;
  /** Which of the client's requests it is of; default one for all. */
  readonly request?: string | undefined;
  readonly priority: number;
  /** Beginnings of prompts are shared within a namespace. */
  readonly namespace: string;
  /** The number of the adapter that it is computed with; none without. */
  readonly adapter?: number | undefined;
  /** How many of the prompt's tokens need no scores; default all but the last. */
  readonly scoreFrom?: number;
  /** Called with the scores behind each token of the prompt from `scoreFrom` on; what it throws ends the task. */
  readonly visit?: (logProbabilities: Float32Array, index: number) => void;
  /** Called with the last layer's output of each piece of the prompt (T C), and C. */
  readonly hidden?: (rows: Float32Array, width: number) => void;
  /** The next token by the scores, or undefined to end; what it throws ends the task. Absent: the task ends with its prompt. */
  readonly next?: (scores: Scores) => number | typeof HOLD | undefined;
  /** Whose it is one of; default it is alone. */
  readonly family?: Family;
  /** Guesses what comes next; default nobody does. */
  readonly drafter?: Drafter | undefined;
  /** Whether another token is wanted now; see {@link BatchTicket.wake}. */
  readonly wants: () => boolean;
  /** The work begins; called once. */
  readonly started: () => void;
  /** It is over, by an error where there is one. */
  readonly ended: (error?: unknown) => void;
}

/** A task with what has been computed of it. */
export interface Sequence extends Queued {
  readonly task: BatchTask;
  /** Order of arrival. */
  readonly arrival: number;
  /** Tokens whose keys and values are in the slot. */
  length: number;
  /** Blocks that it holds. */
  blocks: number;
  /** All tokens that it has written. */
  readonly written: number[];
  /** How many of them were read, or are about to be. */
  replayed: number;
  begun: boolean;
  over: boolean;
  /** All that it has written is read, and it is not told yet what comes next. */
  held: boolean;
  /** How it guesses. */
  guessing: Guessing;
  readonly abort: AbortController;
}

/** Attention takes query rows in tiles whose size is a multiple of this, and computes a row that is left alone by another routine. */
const TILE = 16;

/** How many of the next `left` tokens are read at once, about `most` at most: so that no row is left alone (see batch-runner.ts). */
export function pieceLength(left: number, most: number): number {
  const time = Math.min(left, Math.max(TILE, most - (most % TILE)));
  return left - time === 1 || (time > 1 && time % TILE === 1) ? time - 2 : time;
}

/** A sequence of which nothing was computed; `arrival` grows from one to the next. */
export function createSequence(task: BatchTask, arrival: number): Sequence {
  return {
    task,
    client: task.client,
    request: task.request ?? '',
    priority: task.priority,
    arrival,
    length: 0,
    blocks: 0,
    written: [],
    replayed: 0,
    begun: false,
    over: false,
    held: false,
    guessing: FIRST_GUESSING,
    abort: new AbortController(),
  };
}

/** Whether a sequence's next token is to be computed now. */
export function takesPart({ replayed, written, task, over, held }: Sequence): boolean {
  return !over && !held && (replayed < written.length || task.wants());
}

/** Of a sequence that waits: whether anybody waits for its next token. */
export function isWanted({ written, task, held }: Sequence): boolean {
  return !held && (written.length === 0 || task.wants());
}
