/** One generation after another: its tokens as they stream in, its times, its end. */

import { useEffect, useRef, useState } from 'preact/hooks';

import type { PageEvent } from '../../src/serve/index.ts';
import { generate } from './api.ts';
import type { GenerateRequest } from './api.ts';

/** A token with its probability and what else could have stood there. */
export type Token = Extract<PageEvent, { kind: 'token' }>;

/** What there is to show of a generation. */
export interface Generation {
  readonly phase: 'idle' | 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
  readonly prompt: string;
  readonly tokens: readonly Token[];
  /** Tokens at the front that were there before this generation: kept, or chosen by hand. */
  readonly kept: number;
  readonly seed: number | undefined;
  readonly promptTokens: number;
  readonly dropped: number;
  readonly reason: 'stop' | 'length' | undefined;
  readonly error: string | undefined;
  /** Seconds to the first token, and from it to the last. */
  readonly times: { readonly first: number; readonly rest: number } | undefined;
}

const IDLE: Generation = {
  phase: 'idle',
  prompt: '',
  tokens: [],
  kept: 0,
  seed: undefined,
  promptTokens: 0,
  dropped: 0,
  reason: undefined,
  error: undefined,
  times: undefined,
};

/** The current generation, and how to begin and stop one. */
export interface GenerationControl {
  readonly current: Generation;
  /** Generates behind `request.prompt` and the tokens of `kept`; one that is going on is stopped. */
  start(request: GenerateRequest, kept?: readonly Token[]): void;
  stop(): void;
  clear(): void;
}

const SHOW_EVERY = 40; // Milliseconds; tokens that come quicker are shown together.

export function useGeneration(): GenerationControl {
  const [current, setCurrent] = useState(IDLE);
  const running = useRef<AbortController | undefined>(undefined);

  const start = (request: GenerateRequest, kept: readonly Token[] = []): void => {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    let state: Generation = { ...IDLE, phase: 'waiting', prompt: request.prompt, tokens: kept, kept: kept.length };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (now = false): void => {
      if (running.current !== abort) return;
      if (now) {
        clearTimeout(timer);
        timer = undefined;
        setCurrent(state);
      } else {
        timer ??= setTimeout(() => show(true), SHOW_EVERY);
      }
    };
    show(true);
    void follow(request, { kept, signal: abort.signal, begun: state }, (next) => {
      const urgent = next.phase !== state.phase;
      state = next;
      show(urgent);
    });
  };
  const stop = (): void => running.current?.abort();
  const clear = (): void => {
    stop();
    running.current = undefined;
    setCurrent(IDLE);
  };
  useEffect(() => stop, []);
  return { current, start, stop, clear };
}

/** Reads the stream and tells each new state. */
async function follow(
  request: GenerateRequest,
  { kept, signal, begun }: { kept: readonly Token[]; signal: AbortSignal; begun: Generation },
  tell: (state: Generation) => void,
): Promise<void> {
  let state = begun;
  const put = (change: Partial<Generation>): void => {
    state = { ...state, ...change };
    tell(state);
  };
  const started = performance.now();
  let first = 0;
  try {
    const chosen = kept.map(({ id }) => id);
    for await (const event of generate(chosen.length === 0 ? request : { ...request, chosen }, signal)) {
      if (event.kind === undefined) return put({ phase: 'failed', error: event.error.message });
      if (event.kind === 'start') put({ seed: event.seed, promptTokens: event.promptTokens, dropped: event.dropped });
      if (event.kind === 'end') put({ phase: 'done', reason: event.reason });
      if (event.kind !== 'token') continue;
      const now = performance.now();
      if (first === 0) first = now;
      put({ phase: 'running', tokens: [...state.tokens, event], times: { first: (first - started) / 1000, rest: (now - first) / 1000 } });
    }
    if (state.phase !== 'done') put({ phase: 'failed', error: 'The server ended the stream too early.' });
  } catch (error) {
    if (signal.aborted) put({ phase: 'stopped' });
    else put({ phase: 'failed', error: wordsOf(error) });
  }
}

/** The server's own words; a browser's, for a connection that fails, say little and differ. */
function wordsOf(error: unknown): string {
  if (error instanceof TypeError) return 'The server does not answer any more. When it is back, go on from here.';
  return error instanceof Error ? error.message : String(error);
}
