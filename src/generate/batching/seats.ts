/**
 * Which sequence is in which slot, and what memory it holds.
 *
 * Decided: those that write are in the first slots, so that they are one batch, and the one that reads its prompt is behind them. When
 * blocks run out, the sequence of the lowest priority that came last gives up its own and waits again.
 */

import type { CacheArena } from './cache-arena.ts';
import type { FairQueue } from './fair-queue.ts';
import { BLOCK_TOKENS } from './prefix-cache.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { Sequence } from './sequence.ts';

/** See {@link createSeats}. */
export interface Seats {
  /** Those that write, by slot. */
  readonly writing: readonly Sequence[];
  /** The one that reads, in the slot behind them. */
  readonly reading: Sequence | undefined;
  /** All that have a slot. */
  readonly active: readonly Sequence[];
  /** How often a sequence had to give way. */
  readonly preemptions: number;
  /** Whether others of its family are there. */
  isMissed(sequence: Sequence): boolean;
  /** Whether there is a slot, for a whole family where it is the first of one. */
  hasSlotFor(sequence: Sequence): boolean;
  /** Gives a sequence the slot behind those that write, if there are `blocks` for it. */
  enter(sequence: Sequence, blocks: number): boolean;
  /** Lets a sequence write that has the prompt, and all that was read, of one that writes; false where there is no room. */
  branch(sequence: Sequence, origin: Sequence): boolean;
  /** The one that read has read its prompt, and writes. */
  turnToWriting(): void;
  /** Takes away who is over. */
  sweep(): void;
  /** Puts a sequence back into the queue; it will be computed again. */
  preempt(sequence: Sequence): void;
  /** Makes sure that a sequence has blocks for its next token, at the cost of others; it gives way itself where it is the least. */
  hold(sequence: Sequence): void;
  /** The one that has to give way first among those that write. */
  least(): Sequence | undefined;
}

/** What seats are made of. */
export interface SeatsParts {
  readonly arena: CacheArena;
  readonly cache: PrefixCache;
  readonly waiting: FairQueue<Sequence>;
  /** Slots of the arena. */
  readonly slots: number;
}

/** Empty seats. */
export function createSeats({ arena, cache, waiting, slots }: SeatsParts): Seats {
  const writing: Sequence[] = [];
  let reading: Sequence | undefined;
  let preemptions = 0;
  const active = (): readonly Sequence[] => [...writing, ...(reading === undefined ? [] : [reading])];

  const leave = (sequence: Sequence): void => {
    cache.give(sequence.blocks);
    sequence.blocks = 0;
    if (sequence === reading) reading = undefined;
    else {
      const slot = writing.indexOf(sequence);
      const last = writing.pop() as Sequence;
      if (last !== sequence) {
        writing[slot] = last;
        arena.copy(writing.length, slot, last.length);
      }
      if (reading !== undefined) arena.copy(writing.length + 1, writing.length, reading.length);
    }
    sequence.length = 0;
    waiting.forget(
      sequence,
      active().filter(({ over }) => !over),
    );
  };
  /** Of two, the one that has to give way comes first. */
  const givesWay = (a: Sequence, b: Sequence): number => a.priority - b.priority || b.arrival - a.arrival;
  const preempt = (sequence: Sequence): void => {
    waiting.putBack(sequence); // First, so that what it had is not forgotten.
    leave(sequence);
    sequence.replayed = 0;
    preemptions++;
  };

  const isMissed = ({ task: { family } }: Sequence): boolean => family !== undefined && active().some(({ task }) => task.family === family);
  /** Slots that are taken, or kept for the families of those that are there. */
  const claimed = (): number => {
    const families = new Set(active().flatMap(({ task: { family } }) => family ?? []));
    const alone = active().filter(({ task: { family } }) => family === undefined).length;
    return Array.from(families).reduce((sum, { size }) => sum + size, alone);
  };

  return {
    writing,
    get reading() {
      return reading;
    },
    get active() {
      return active();
    },
    get preemptions() {
      return preemptions;
    },
    isMissed,
    hasSlotFor(sequence) {
      if (active().length >= slots) return false;
      return isMissed(sequence) || claimed() + (sequence.task.family?.size ?? 1) <= slots;
    },
    enter(sequence, blocks) {
      const { family } = sequence.task;
      // The others of a family come when its prompt is read.
      if (family !== undefined && !isMissed(sequence) && cache.available < blocks * family.size) return false;
      if (!cache.take(blocks)) return false;
      sequence.blocks = blocks;
      reading = sequence;
      return true;
    },
    branch(sequence, origin) {
      const slot = writing.indexOf(origin);
      const needed = Math.ceil((origin.length + 1) / BLOCK_TOKENS);
      if (slot < 0 || active().length >= slots || !cache.take(needed)) return false;
      sequence.blocks = needed;
      if (reading !== undefined) arena.copy(writing.length, writing.length + 1, reading.length);
      arena.copy(slot, writing.length, origin.length);
      sequence.length = origin.length;
      writing.push(sequence);
      return true;
    },
    turnToWriting() {
      if (reading !== undefined) writing.push(reading);
      reading = undefined;
    },
    sweep() {
      for (const sequence of active().filter(({ over }) => over)) leave(sequence);
    },
    preempt,
    hold(sequence) {
      const needed = Math.ceil((sequence.length + 1) / BLOCK_TOKENS) - sequence.blocks;
      if (needed <= 0) return;
      while (!cache.take(needed)) {
        const [least = sequence] = active().toSorted(givesWay);
        preempt(least);
        if (least === sequence) return;
      }
      sequence.blocks += needed;
    },
    least: () => writing.toSorted(givesWay)[0],
  };
}
