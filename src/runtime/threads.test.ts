import { availableParallelism } from 'node:os';

import { describe, expect, it } from 'vitest';

import { countCores, defaultThreads, giveThread, leaveQueue, takeThread } from './threads.ts';

const processor = (id: number, socket: number, core: number): string =>
  `processor\t: ${id}\nphysical id\t: ${socket}\nsiblings\t: 4\ncore id\t\t: ${core}\ncpu cores\t: 2\n\n`;

describe('countCores', () => {
  it('counts a core once, whatever threads it has, on each socket', () => {
    const threads = [
      processor(0, 0, 0),
      processor(1, 0, 1),
      processor(2, 0, 0),
      processor(3, 0, 1),
      processor(4, 1, 0),
      processor(5, 1, 1),
    ];
    expect(countCores(threads.join(''))).toBe(4);
    expect(countCores('processor\t: 0\nBogoMIPS\t: 50\n')).toBeUndefined();
    expect(countCores('')).toBeUndefined();
  });

  it('gives a number of threads that the system has', () => {
    expect(defaultThreads()).toBeGreaterThanOrEqual(1);
    expect(defaultThreads()).toBeLessThanOrEqual(availableParallelism());
  });
});

describe('takeThread', () => {
  it('starts two at once, then in order as others end, without those that left', () => {
    const started: string[] = [];
    const starts = ['a', 'b', 'c', 'd', 'e'].map((name) => () => void started.push(name));
    starts.forEach(takeThread);
    expect(started).toEqual(['a', 'b']);
    expect(leaveQueue(starts[3] as () => void)).toBe(true);
    expect(leaveQueue(starts[0] as () => void)).toBe(false);
    giveThread();
    expect(started).toEqual(['a', 'b', 'c']);
    giveThread();
    expect(started).toEqual(['a', 'b', 'c', 'e']);
    giveThread();
    giveThread();
    takeThread(() => void started.push('f'));
    expect(started.at(-1)).toBe('f');
    giveThread();
  });
});
