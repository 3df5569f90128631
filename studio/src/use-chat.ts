/** A conversation: its turns, the reply that streams in, and how to begin, repeat, mend and stop one. */

import { useEffect, useRef, useState } from 'preact/hooks';

import { chat } from './api.ts';
import { failureOf } from './failure.ts';
import type { Failure } from './failure.ts';
import { paced } from './paced.ts';
import { isBusy } from './progress.ts';
import type { Progress } from './progress.ts';
import type { Token } from './use-generation.ts';

/** What a person said. */
export interface UserTurn {
  readonly role: 'user';
  readonly key: number;
  readonly text: string;
}

/** What a model said, or a person in its place. */
export interface AssistantTurn extends Progress {
  readonly role: 'assistant';
  readonly key: number;
  /** Empty where probabilities were not asked for, or the text was mended. */
  readonly tokens: readonly Token[];
  readonly model: string;
  readonly promptTokens: number | undefined;
  readonly mended: boolean;
}

/** One of them. */
export type Turn = UserTurn | AssistantTurn;

/** A message as the API has it. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What a reply is asked with. */
export interface ChatRequest {
  readonly model: string;
  /** The body around the messages. */
  readonly body: (messages: readonly Message[]) => object;
}

/** See {@link useChat}. */
export interface Conversation {
  readonly turns: readonly Turn[];
  /** The reply that is, or was last, under way. */
  readonly last: AssistantTurn | undefined;
  readonly failure: Failure | undefined;
  /** Says something behind the first `keep` turns, all without. What cannot be answered at all goes to `onReturn`. */
  say(text: string, request: ChatRequest, keep?: number): void;
  /** Asks anew for the last reply. */
  repeat(request: ChatRequest): void;
  /** Puts another text in the place of the last reply. */
  mend(text: string): void;
  stop(): void;
  clear(): void;
}

/** The messages that turns are. */
export function messagesOf(system: string, turns: readonly Turn[]): readonly Message[] {
  const first: readonly Message[] = system.trim() === '' ? [] : [{ role: 'system', content: system }];
  return [...first, ...turns.map(({ role, text }): Message => ({ role, content: text }))];
}

/** @param onReturn - takes back a text that the server refused to answer, or that was stopped before there was anything of a reply */
export function useChat(onReturn: (text: string) => void): Conversation {
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const [failure, setFailure] = useState<Failure>();
  const running = useRef<AbortController | undefined>(undefined);
  const keys = useRef(0);

  /** Lets a model reply to `asked`; when nothing comes of it all is as `before`. */
  const reply = (
    asked: readonly Turn[],
    { model, body }: ChatRequest,
    before: { readonly turns: readonly Turn[]; readonly said?: string },
  ): void => {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    setFailure(undefined);
    let state: AssistantTurn = {
      role: 'assistant',
      key: keys.current++,
      phase: 'waiting',
      text: '',
      tokens: [],
      count: 0,
      reason: undefined,
      times: undefined,
      model,
      promptTokens: undefined,
      mended: false,
    };
    const shown = paced<AssistantTurn>((latest) => {
      if (running.current === abort) setTurns([...asked, latest]);
    });
    const put = (change: Partial<AssistantTurn>): void => {
      const urgent = change.phase !== undefined && change.phase !== state.phase;
      state = { ...state, ...change };
      shown.put(state, urgent);
    };
    put({ phase: 'waiting' });
    setTurns([...asked, state]);
    follow(body(messagesOf('', asked)), abort.signal, put).catch((error: unknown) => {
      if (running.current !== abort) return;
      if (!abort.signal.aborted) setFailure(failureOf(error));
      if (state.text === '' && state.tokens.length === 0) {
        shown.end();
        setTurns(before.turns);
        if (before.said !== undefined) onReturn(before.said);
      } else put({ phase: abort.signal.aborted ? 'stopped' : 'failed' });
    });
  };
  const stop = (): void => running.current?.abort();
  useEffect(() => stop, []);
  const settled = turns.filter((turn) => turn.role === 'user' || !isBusy(turn));
  return {
    turns,
    last: turns.findLast((turn) => turn.role === 'assistant'),
    failure,
    say(text, request, keep = settled.length) {
      const kept = settled.slice(0, keep);
      reply([...kept, { role: 'user', key: keys.current++, text }], request, { turns: settled, said: text });
    },
    repeat(request) {
      const end = settled.findLastIndex(({ role }) => role === 'user') + 1;
      if (end > 0) reply(settled.slice(0, end), request, { turns: settled });
    },
    mend(text) {
      setTurns(
        turns.map((turn, index) =>
          turn.role === 'assistant' && index === turns.length - 1 ? { ...turn, text, tokens: [], mended: true } : turn,
        ),
      );
    },
    stop,
    clear() {
      stop();
      running.current = undefined;
      setTurns([]);
      setFailure(undefined);
    },
  };
}

/** Reads a reply to its end and tells what changes. */
async function follow(body: object, signal: AbortSignal, put: (change: Partial<AssistantTurn>) => void): Promise<void> {
  const started = performance.now();
  let first = 0;
  let text = '';
  let tokens: readonly Token[] = [];
  let parts = 0;
  for await (const event of chat(body, signal)) {
    if (event.kind === 'end') put({ reason: event.reason });
    if (event.kind === 'usage') put({ promptTokens: event.promptTokens, count: event.tokens });
    if (event.kind !== 'text') continue;
    const now = performance.now();
    if (first === 0) first = now;
    text += event.text;
    parts++;
    const last = tokens.at(-1);
    if (event.token !== undefined) tokens = [...tokens, event.token];
    // Text that was held back belongs to the tokens before.
    else if (last !== undefined) tokens = [...tokens.slice(0, -1), { ...last, text: last.text + event.text }];
    const times = { first: (first - started) / 1000, rest: (now - first) / 1000 };
    put({ phase: 'running', text, tokens, count: parts, times });
  }
  put({ phase: 'done' });
}
