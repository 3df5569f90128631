/** How many threads compute, and how many runs may wait for them on Node's own pool. */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * The number of physical cores that this process may use: matrix products gain nothing from a second thread on a core.
 * Where the system does not tell cores from threads, all that Node may use.
 *
 * @example
 * ```ts
 * import { defaultThreads } from 'weft/runtime';
 *
 * console.log(defaultThreads() >= 1); // true
 * ```
 */
export function defaultThreads(): number {
  return Math.max(1, Math.min(availableParallelism(), physicalCores() ?? Infinity));
}

function physicalCores(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return countCores(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return undefined;
  }
}

/** Distinct cores in the text of `/proc/cpuinfo`; undefined where it does not name them (as on ARM). */
export function countCores(text: string): number | undefined {
  const cores = new Set<string>();
  let socket = '';
  for (const [, key, value = ''] of text.matchAll(/^(physical id|core id)\s*:\s*(\d+)/gm)) {
    if (key === 'physical id') socket = value;
    else cores.add(`${socket}/${value}`);
  }
  return cores.size === 0 ? undefined : cores.size;
}

/**
 * Asynchronous runs take a thread of libuv's pool each, which files and DNS share: two of its (by default four) threads
 * are left to those, so that a server still reads its files while models run. What is beyond waits its turn, in order.
 */
let free = Math.max(1, Number(process.env['UV_THREADPOOL_SIZE'] ?? 4) - 2 || 2);
const waiting: (() => void)[] = [];

/** Calls `start` as soon as a thread is free: at once if one is. The one started calls {@link giveThread} when done. */
export function takeThread(start: () => void): void {
  if (free > 0) {
    free--;
    start();
  } else waiting.push(start);
}

/** Takes back a start that has not happened; false when it has. */
export function leaveQueue(start: () => void): boolean {
  const index = waiting.indexOf(start);
  if (index >= 0) waiting.splice(index, 1);
  return index >= 0;
}

/** Gives a thread back. */
export function giveThread(): void {
  const next = waiting.shift();
  if (next === undefined) free++;
  else next();
}
