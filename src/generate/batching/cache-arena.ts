/**
 * Memory for the keys and values of several sequences: each has a slot, and neighbouring slots are one batch of the graph.
 *
 * Decided: ONNX Runtime has no paged attention on the CPU, so the cache of a sequence is one piece (G M D of each layer), and the
 * first slots together are a tensor (B G M D) that a step reads and updates in place. A sequence that leaves is replaced by the
 * last one, which is moved: a few milliseconds, once a sequence. M doubles when a text outgrows it; what is reserved and was never
 * written takes no memory, as the system gives pages at their first use.
 */

import { elementCount, hostTensor } from '../../core/index.ts';
import type { Caches } from '../frame.ts';

/** Shape of one cache of one sequence: G, M and D, the longest M that it may have. */
export type CacheShapes = ReadonlyMap<string, readonly number[]>;

/** See {@link createCacheArena}. */
export interface CacheArena {
  /** Positions that each slot has room for at present. */
  readonly length: number;
  /** Bytes that a position takes. */
  readonly bytesPerToken: number;
  /**
   * Makes room for texts of `length` tokens; true when memory moved, and what was bound to it must be bound anew. Of each slot the first
   * `used` positions are kept; default all of all slots.
   */
  reserve(length: number, used?: readonly number[]): boolean;
  /** The caches of the first `count` slots, as one batch. */
  first(count: number): Caches;
  /** The caches of one slot, a batch of one. */
  slot(index: number): Caches;
  /** Copies the positions of a slot from `start` (default 0) to before `end` to another slot. */
  copy(source: number, target: number, end: number, start?: number): void;
  /** Copies positions out of a slot, into `block`, which {@link CacheArena.write} reads. */
  read(slot: number, start: number, block: Block): void;
  /** Copies a block into a slot. */
  write(slot: number, start: number, block: Block): void;
}

/** Keys and values of so many positions of one sequence: `count · bytesPerToken` bytes. */
export interface Block {
  readonly count: number;
  readonly data: Float32Array;
}

/** Positions that a slot has room for at first. */
const FIRST_LENGTH = 256;

/**
 * Memory of `slots` sequences.
 *
 * @param shapes see {@link CacheShapes}; the first axis is the batch
 */
export function createCacheArena(shapes: CacheShapes, slots: number): CacheArena {
  const layouts = Array.from(shapes, ([name, [, groups = 0, longest = 0, width = 0]]) => ({ name, groups, longest, width }));
  const longest = Math.max(...layouts.map((layout) => layout.longest));
  const perToken = layouts.reduce((sum, { groups, width }) => sum + groups * width, 0);
  let length = Math.min(longest, FIRST_LENGTH);
  const allocate = (): Float32Array<ArrayBuffer>[] => layouts.map(({ groups, width }) => new Float32Array(slots * groups * length * width));
  let arrays = allocate();

  const view = (from: number, count: number): Caches =>
    new Map(
      layouts.map(({ name, groups, width }, index) => {
        const shape = [count, groups, length, width];
        const size = groups * length * width;
        const data = (arrays[index] as Float32Array<ArrayBuffer>).subarray(from * size, from * size + elementCount(shape));
        return [name, hostTensor('float32', shape, data)];
      }),
    );
  /** Calls back with each run of neighbouring numbers of `count` positions of a slot: one a cache and group. */
  const eachRun = (
    slot: number,
    start: number,
    visit: (array: Float32Array, offset: number, group: number, width: number) => void,
  ): void => {
    for (const [index, { groups, width }] of layouts.entries()) {
      const array = arrays[index] as Float32Array;
      for (let group = 0; group < groups; group++) visit(array, ((slot * groups + group) * length + start) * width, group, width);
    }
  };

  return {
    get length() {
      return length;
    },
    bytesPerToken: perToken * Float32Array.BYTES_PER_ELEMENT,
    reserve(needed, used) {
      if (needed <= length) return false;
      const [before, old] = [length, arrays];
      while (length < needed) length = Math.min(longest, 2 * length);
      arrays = allocate();
      for (const [index, { groups, width }] of layouts.entries()) {
        const [from, to] = [old[index] as Float32Array, arrays[index] as Float32Array];
        for (let row = 0; row < slots * groups; row++) {
          const count = used === undefined ? before : Math.min(before, used[Math.floor(row / groups)] ?? 0);
          if (count > 0) to.set(from.subarray(row * before * width, (row * before + count) * width), row * length * width);
        }
      }
      return true;
    },
    first: (count) => view(0, count),
    slot: (index) => view(index, 1),
    copy(source, target, end, start = 0) {
      if (source === target || start >= end) return;
      eachRun(source, start, (array, offset, group, width) => {
        const groups = array.length / (slots * length * width);
        const to = ((target * groups + group) * length + start) * width;
        array.copyWithin(to, offset, offset + (end - start) * width);
      });
    },
    read(slot, start, { count, data }) {
      let place = 0;
      eachRun(slot, start, (array, offset, _, width) => {
        data.set(array.subarray(offset, offset + count * width), place);
        place += count * width;
      });
    },
    write(slot, start, { count, data }) {
      let place = 0;
      eachRun(slot, start, (array, offset, _, width) => {
        array.set(data.subarray(place, place + count * width), offset);
        place += count * width;
      });
    },
  };
}
