/** An app around a fake model, and shorthands to ask it, for the tests of the routes. */

import { createApp } from './app.ts';
import type { AppOptions } from './app.ts';
import { fakeModel } from './fake-model.fixture.ts';
import type { FakeModel, FakeOptions } from './fake-model.fixture.ts';

/** An answer as tests look at it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly json: () => Readonly<Record<string, unknown>>;
  /** The data of its events, parsed; the last may be the text `[DONE]`. */
  readonly events: () => readonly (Readonly<Record<string, unknown>> | string)[];
}

/** See {@link serving}. */
export interface TestServer {
  readonly model: FakeModel;
  get(url: string): Promise<Answer>;
  post(url: string, body: unknown): Promise<Answer>;
  close(): Promise<void>;
}

/** A server without a socket. */
export async function serving(fake: FakeOptions = {}, options: Omit<AppOptions, 'models'> = {}): Promise<TestServer> {
  const model = fakeModel(fake);
  const app = await createApp({ models: [model], graceSeconds: 0, ...options });
  const ask = async (method: 'GET' | 'POST', url: string, body?: unknown): Promise<Answer> => {
    const sent =
      body === undefined
        ? {}
        : { payload: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const { statusCode, headers, body: text } = await app.inject({ method, url, ...sent });
    return {
      status: statusCode,
      headers,
      text,
      json: () => JSON.parse(text) as Readonly<Record<string, unknown>>,
      events: () => eventsOf(text),
    };
  };
  return {
    model,
    get: (url) => ask('GET', url),
    post: (url, body) => ask('POST', url, body),
    close: async () => {
      await app.close();
    },
  };
}

/** The data of every event of a stream. */
export function eventsOf(text: string): readonly (Readonly<Record<string, unknown>> | string)[] {
  return text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const data = event.replace(/^data: /, '');
      return data === '[DONE]' ? data : (JSON.parse(data) as Readonly<Record<string, unknown>>);
    });
}

/** A gate that a fake model waits at before each token. */
export function createGate(): { readonly wait: () => Promise<void>; readonly open: () => void; readonly reached: Promise<void> } {
  let open: () => void = () => undefined;
  let arrive: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  return {
    wait: async () => {
      arrive();
      await opened;
    },
    open,
    reached,
  };
}
