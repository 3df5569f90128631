/** A queue between one writer and one reader: the writer never waits, so a slow client does not hold up the model. */

/** See {@link createChannel}. */
export interface Channel<T> {
  push(value: T): void;
  /** No more values; with an error, the reader gets it behind the values that are there. */
  end(error?: unknown): void;
  /** The values in order; to be read once. */
  values(): AsyncGenerator<T>;
}

/** A channel without a bound: the writer bounds itself (a generation has at most `maxTokens` tokens). */
export function createChannel<T>(): Channel<T> {
  const waiting: T[] = [];
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  return {
    push(value) {
      if (ended) return;
      waiting.push(value);
      wake();
    },
    end(error) {
      if (ended) return;
      ended = true;
      if (error !== undefined) failure = { error };
      wake();
    },
    async *values() {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift() as T;
        if (failure !== undefined) throw failure.error;
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
