/** A queue between writers and one reader, who may be slow. */

/** See {@link createChannel}. */
export interface Channel<T> {
  push(value: T): void;
  /** Waits while the reader is far behind; no longer than until the signal is aborted or the reader leaves. */
  room(signal: AbortSignal): Promise<void>;
  /** No more values; with an error, the reader gets it behind the values that are there. */
  end(error?: unknown): void;
  /** The values in order; to be read once. */
  values(): AsyncGenerator<T>;
}

/**
 * A channel. It takes everything that is pushed; writers who ask for room are at most a value each beyond `bound`.
 *
 * @param bound values that may wait for the reader
 */
export function createChannel<T>(bound: number): Channel<T> {
  const waiting: T[] = [];
  let ended = false;
  let isLeft = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  let writers: (() => void)[] = [];
  const isBehind = (): boolean => waiting.length >= bound && !isLeft;
  const wakeWriters = (): void => {
    const all = writers;
    writers = [];
    for (const writer of all) writer();
  };
  return {
    push(value) {
      if (ended) return;
      waiting.push(value);
      wake();
    },
    async room(signal) {
      while (isBehind() && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const done = (): void => {
            signal.removeEventListener('abort', done);
            resolve();
          };
          signal.addEventListener('abort', done);
          writers.push(done);
        });
      }
    },
    end(error) {
      if (ended) return;
      ended = true;
      if (error !== undefined) failure = { error };
      wake();
    },
    async *values() {
      try {
        for (;;) {
          while (waiting.length > 0) {
            const value = waiting.shift() as T;
            if (waiting.length < bound) wakeWriters();
            yield value;
          }
          if (failure !== undefined) throw failure.error;
          if (ended) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        isLeft = true;
        wakeWriters();
      }
    },
  };
}
