/**
 * A text that is computed as its reader asks for it, or to its end at once when it is in the way of others.
 *
 * Decided: what is computed and not read yet is kept, no more than one text. A reader who leaves early has then been computed for in vain,
 * but only while others wait.
 */

/** See {@link createReadAhead}. */
export interface ReadAhead<T> {
  /** What the source gives, in order; to be read once, and left as any iteration. */
  read(): AsyncGenerator<T>;
  /** Goes on to the end, whether it is read or not. */
  hurry(): void;
}

/** Options of {@link createReadAhead}. */
export interface ReadAheadOptions {
  /** When aborted, the reader gets its reason in place of what is kept. */
  readonly signal: AbortSignal | undefined;
  /** Called once, when nothing more is asked of the source. */
  readonly ended: () => void;
}

/** Reads a source, which is returned when the reader leaves early. */
export function createReadAhead<T>(source: AsyncGenerator<T>, { signal, ended }: ReadAheadOptions): ReadAhead<T> {
  const kept: T[] = [];
  let isOver = false;
  let isHurried = false;
  let failure: { readonly error: unknown } | undefined;
  let reading: Promise<boolean> | undefined;

  const finish = (failed?: { readonly error: unknown }): void => {
    if (isOver) return;
    isOver = true;
    failure = failed;
    ended();
  };
  /** Whether there may be more. */
  const readOne = async (): Promise<boolean> => {
    try {
      const { done, value } = await source.next();
      if (done === true) finish();
      else kept.push(value);
    } catch (error) {
      finish({ error });
    } finally {
      reading = undefined;
    }
    return !isOver;
  };
  const readNext = (): Promise<boolean> => (reading ??= readOne());
  const readAll = async (): Promise<void> => {
    while (await readNext());
  };
  return {
    async *read() {
      try {
        for (;;) {
          signal?.throwIfAborted();
          if (kept.length > 0) yield kept.shift() as T;
          else if (failure !== undefined) throw failure.error;
          else if (isOver) return;
          else await readNext();
        }
      } finally {
        try {
          if (!isOver) await source.return(undefined);
        } finally {
          finish();
        }
      }
    },
    hurry() {
      if (isHurried || isOver) return;
      isHurried = true;
      void readAll();
    },
  };
}
