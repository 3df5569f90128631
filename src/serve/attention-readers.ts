/**
 * Reading attention for the page: a reader is opened from the model's folder when it is asked for, and closed when nobody asked for a while.
 *
 * Decided: one reader at a time, whichever model, and one request after another: it holds the weights a second time, which a server should
 * not do for long. Requests of clients that left are passed over, as the page asks anew while one types.
 */

import type { AttentionReader, TextModel } from '../generate/index.ts';
import { full, stopping } from './engine.ts';
import { RequestError } from './request-error.ts';

/** See {@link createAttentionReaders}. */
export interface AttentionReaders {
  /**
   * Does `job` with the model's reader when its turn comes.
   *
   * @throws RequestError 404 for a model without a folder, 429 when too many wait, 503 when draining, 500 when the folder can't be read;
   *   the signal's reason when it is aborted before the turn
   */
  use<T>(model: TextModel, job: (reader: AttentionReader) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Takes no more requests; waits for those accepted, refuses after `graceSeconds` those that have not begun, and closes the reader. */
  drain(graceSeconds: number): Promise<void>;
}

/** Options of {@link createAttentionReaders}. */
export interface AttentionReadersOptions {
  /** Most requests that wait beside the one that runs. */
  readonly queue: number;
  /** Milliseconds without requests after which a reader is closed; default a minute. */
  readonly idle?: number;
}

/** Readers of attention, none of them open yet. */
export function createAttentionReaders({ queue, idle = 60_000 }: AttentionReadersOptions): AttentionReaders {
  let open: { readonly model: TextModel; readonly reader: AttentionReader } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let accepted = 0;
  let draining = false;
  let graceOver = false;

  const shut = async (): Promise<void> => {
    const closing = open?.reader;
    open = undefined;
    await closing?.close();
  };
  /** A request may have come while the timer fired. */
  const shutInTurn = (): void => {
    turn = turn.then(() => (accepted === 0 ? shut() : undefined)).catch(() => undefined);
  };
  const readerOf = async (model: TextModel, openAttention: () => Promise<AttentionReader>): Promise<AttentionReader> => {
    if (open?.model !== model) {
      await shut();
      open = { model, reader: await openAttention().catch((error: unknown) => Promise.reject(unreadable(model, error))) };
    }
    return open.reader;
  };

  return {
    async use(model, job, signal) {
      const { openAttention } = model;
      if (openAttention === undefined) throw withoutFolder(model);
      if (draining) throw stopping();
      if (accepted > queue) throw full(queue);
      accepted++;
      const mine = turn.then(async () => {
        clearTimeout(timer);
        try {
          signal.throwIfAborted();
          if (graceOver) throw stopping();
          return await job(await readerOf(model, openAttention));
        } finally {
          accepted--;
          if (accepted === 0) timer = setTimeout(shutInTurn, idle).unref();
        }
      });
      turn = mine.catch(() => undefined);
      return mine;
    },
    async drain(graceSeconds) {
      draining = true;
      const grace = setTimeout(() => (graceOver = true), graceSeconds * 1000);
      await turn;
      clearTimeout(grace);
      clearTimeout(timer);
      await shut();
    },
  };
}

function withoutFolder({ name }: TextModel): RequestError {
  return new RequestError(
    {
      code: 'WEFT_SERVE_ATTENTION',
      action: 'show what the model attends to',
      rule: 'it was not loaded from a folder, where its weights could be read again',
      value: name,
      remedy: 'Serve a model folder: `weft serve DIR`.',
    },
    { status: 404, param: 'model' },
  );
}

/** The log has the cause, which may name places on this machine. */
function unreadable({ name }: TextModel, cause: unknown): RequestError {
  return new RequestError(
    {
      code: 'WEFT_SERVE_ATTENTION',
      action: 'show what the model attends to',
      rule: 'its folder cannot be read any more, or holds another model',
      value: name,
      remedy: 'Start the server again.',
      cause,
    },
    { status: 500 },
  );
}
