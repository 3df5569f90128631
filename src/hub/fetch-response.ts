/** One request to the hub, which fails in words and never waits without end. */

import { contentError, offlineError, statusError } from './hub-error.ts';

/** What a request needs. */
export interface Request {
  readonly action: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds without a byte after which the hub is taken to be gone. */
  readonly patience: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer, whose body is read in parts. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The parts of the body, as they come. */
  body(): AsyncGenerator<Uint8Array>;
}

/**
 * Asks and reads. Redirections are followed; the token goes to the hub alone, as `fetch` takes it off where another host is next.
 *
 * @throws WeftError `WEFT_HUB_OFFLINE`, `WEFT_HUB_MISSING`, `WEFT_HUB_REFUSED`, `WEFT_HUB_SERVER`; the signal's reason when aborted
 */
export async function request(url: string, { action, token, signal, patience, headers = {} }: Request): Promise<Answer> {
  const stalled = new AbortController();
  const host = new URL(url).host;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), patience);
  };
  const fail = (error: unknown, hasBegun: boolean): never => {
    clearTimeout(timer);
    signal?.throwIfAborted();
    const cause = (error as { readonly cause?: { readonly code?: string } }).cause?.code ?? (error as Error).message;
    const value = `${host}: ${stalled.signal.aborted ? `nothing came for ${patience / 1000} s` : cause}`;
    throw hasBegun ? contentError(action, 'the connection broke before the end', value) : offlineError(action, value, error);
  };
  wait();
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
      signal: signal === undefined ? stalled.signal : AbortSignal.any([signal, stalled.signal]),
    });
  } catch (error) {
    return fail(error, false);
  }
  if (!response.ok) {
    clearTimeout(timer);
    await response.body?.cancel().catch(() => undefined);
    throw statusError(action, response.status);
  }
  return {
    status: response.status,
    headers: response.headers,
    async *body() {
      const reader = response.body?.getReader();
      if (reader === undefined) return clearTimeout(timer);
      try {
        for (;;) {
          wait();
          const { done, value } = await reader.read().catch((error: unknown) => fail(error, true));
          if (done) return;
          yield value;
        }
      } finally {
        clearTimeout(timer);
        await reader.cancel().catch(() => undefined);
      }
    },
  };
}

/** The whole body of an answer that is to be small. */
export async function readBody(answer: Answer, { action, most }: { readonly action: string; readonly most: number }): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of answer.body()) {
    length += part.length;
    if (length > most) throw contentError(action, `it has ${most} bytes or fewer`, 'more');
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
