/** One generation after another: its tokens as they stream in, its times, its end. */

import { useEffect, useRef, useState } from 'preact/hooks';

import type { PageEvent } from '../../src/serve/index.ts';
import { generate } from './api.ts';
import type { GenerateRequest } from './api.ts';
import { failureOf } from './failure.ts';
import type { Failure } from './failure.ts';
import { paced } from './paced.ts';
import type { Progress } from './progress.ts';

/** A token with its probability and what else could have stood there. */
export type Token = Extract<PageEvent, { kind: 'token' }>;

/** What there is to show of a generation. */
export interface Generation {
  readonly phase: Progress['phase'];
  readonly prompt: string;
  readonly tokens: readonly Token[];
  /** Tokens at the front that were there before this generation: kept, or chosen by hand. */
  readonly kept: number;
  readonly seed: number | undefined;
  readonly promptTokens: number;
  readonly dropped: number;
  readonly reason: Progress['reason'];
  readonly failure: Failure | undefined;
  readonly times: Progress['times'];
}

/** How far it is, without what was kept. */
export function progressOf({ phase, tokens, kept, reason, times }: Generation): Progress {
  const own = tokens.slice(kept);
  return { phase, text: own.map(({ text }) => text).join(''), count: own.length, reason, times };
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
  failure: undefined,
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

/** @param onSeed - hears the seed of each generation */
export function useGeneration(onSeed: (seed: number) => void): GenerationControl {
  const [current, setCurrent] = useState(IDLE);
  const running = useRef<AbortController | undefined>(undefined);

  const start = (request: GenerateRequest, kept: readonly Token[] = []): void => {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    let state: Generation = { ...IDLE, phase: 'waiting', prompt: request.prompt, tokens: kept, kept: kept.length };
    const shown = paced<Generation>((latest) => {
      if (running.current === abort) setCurrent(latest);
    });
    shown.put(state, true);
    void follow(request, { kept, signal: abort.signal, begun: state }, (next) => {
      if (next.seed !== undefined && next.seed !== state.seed) onSeed(next.seed);
      shown.put(next, next.phase !== state.phase);
      state = next;
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
      if (event.kind === undefined)
        return put({ phase: 'failed', failure: { message: event.error.message, code: event.error.code ?? undefined } });
      if (event.kind === 'start') put({ seed: event.seed, promptTokens: event.promptTokens, dropped: event.dropped });
      if (event.kind === 'end') put({ phase: 'done', reason: event.reason });
      if (event.kind !== 'token') continue;
      const now = performance.now();
      if (first === 0) first = now;
      put({ phase: 'running', tokens: [...state.tokens, event], times: { first: (first - started) / 1000, rest: (now - first) / 1000 } });
    }
    if (state.phase !== 'done') put({ phase: 'failed', failure: { message: 'The server ended the text too early. Go on from here.' } });
  } catch (error) {
    if (signal.aborted) put({ phase: 'stopped' });
    else put({ phase: 'failed', failure: failureOf(error) });
  }
}
