/** How a process is: how late its event loop comes, and how much memory it has. */

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** See {@link watchProcess}. */
export interface ProcessHealth {
  /** Seconds that the event loop came late, the 99th percentile since it was last asked. */
  readonly eventLoopDelay: number;
  /** Bytes of memory, as the system counts them. */
  readonly residentMemory: number;
}

/** Looks at a process until it is closed. */
export interface ProcessWatch {
  /** How it is; `restart` begins the next interval of the delay. */
  look(options: { readonly restart: boolean }): ProcessHealth;
  close(): void;
}

/** Milliseconds between two looks at the clock. Node counts them as delay too (https://nodejs.org/api/perf_hooks.html). */
const RESOLUTION = 10;

/**
 * Watches this process.
 *
 * @example
 * ```ts
 * import { watchProcess } from 'weft/monitor';
 *
 * const watch = watchProcess();
 * const { eventLoopDelay, residentMemory } = watch.look({ restart: true });
 * console.log(eventLoopDelay < 60, residentMemory > 1e6); // true true
 * watch.close();
 * ```
 */
export function watchProcess(): ProcessWatch {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  delays.enable();
  return {
    look({ restart }) {
      const eventLoopDelay = Math.max(0, delays.percentile(99) / 1e9 - RESOLUTION / 1000);
      if (restart) delays.reset();
      return { eventLoopDelay, residentMemory: process.memoryUsage.rss() };
    },
    close: () => void delays.disable(),
  };
}
