/** A conversation with a model. */

import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import type { PageModel } from '../../src/serve/index.ts';
import { Announcer } from './announcer.tsx';
import { ChatTurn } from './chat-turn.tsx';
import { Composer } from './composer.tsx';
import { Legend } from './legend.tsx';
import { Notice } from './notice.tsx';
import { isBusy } from './progress.ts';
import type { Progress } from './progress.ts';
import { openaiSampling } from './sampling.ts';
import type { SamplingRequest } from './sampling.ts';
import { SnippetsCard } from './snippets-card.tsx';
import { messagesOf, useChat } from './use-chat.ts';
import type { ChatRequest } from './use-chat.ts';
import { useEscape } from './use-escape.ts';
import { useFollowing } from './use-following.ts';

interface Props {
  readonly model: PageModel;
  readonly sampling: SamplingRequest;
  readonly onCheck: () => boolean;
  readonly onSeed: (seed: number) => void;
}

const ALTERNATIVES = 8;
const IDLE: Progress = { phase: 'idle', text: '', count: 0, reason: undefined, times: undefined };

/** The main column of the playground, for chats. */
export function Chat({ model, sampling, onCheck, onSeed }: Props): JSX.Element {
  const id = useId();
  const [system, setSystem] = useState('');
  const [draft, setDraft] = useState('');
  const [scored, setScored] = useState(true);
  const box = useRef<HTMLTextAreaElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const { turns, last, failure, say, repeat, mend, stop, clear } = useChat((text) => setDraft((now) => (now === '' ? text : now)));
  const busy = last !== undefined && isBusy(last);
  useEscape(busy, stop);
  useFollowing(end, { size: last?.text.length ?? 0, growing: busy });
  // A reply that was asked for by a button which is gone now leaves the focus nowhere.
  useEffect(() => {
    if (busy && document.activeElement === document.body) box.current?.focus({ preventScroll: true });
  }, [busy]);

  const request = (): ChatRequest => {
    const seed = sampling.seed ?? Math.floor(Math.random() * 2 ** 32);
    onSeed(seed);
    return {
      model: model.name,
      body: (messages) => ({
        model: model.name,
        messages: [...messagesOf(system, []), ...messages],
        ...openaiSampling({ ...sampling, seed }, 'chat'),
        ...(scored ? { logprobs: true, top_logprobs: ALTERNATIVES } : {}),
        stream: true,
        stream_options: { include_usage: true },
      }),
    };
  };
  const send = (text: string, keep?: number): boolean => {
    if (text.trim() === '' || busy || !onCheck()) return false;
    say(text, request(), keep);
    return true;
  };
  const spoken = turns.slice(0, turns.findLastIndex(({ role }) => role === 'user') + 1);
  const asked =
    draft.trim() === '' && spoken.length > 0
      ? messagesOf(system, spoken)
      : [...messagesOf(system, turns), { role: 'user' as const, content: draft.trim() === '' ? 'Hello!' : draft }];

  return (
    <div class="playground-main">
      <section class="card chat" aria-label="Chat">
        <div class="card-head">
          <h2>Chat</h2>
          <div class="chat-settings">
            <label class="check">
              <input type="checkbox" checked={scored} onChange={(event) => setScored(event.currentTarget.checked)} /> Token probabilities
            </label>
            <button
              type="button"
              class="link"
              disabled={turns.length === 0 && draft === ''}
              onClick={() => {
                clear();
                setDraft('');
                box.current?.focus();
              }}
            >
              Clear
            </button>
          </div>
        </div>
        <div class="system">
          <label for={`${id}-system`}>System message</label>
          <textarea
            id={`${id}-system`}
            rows={1}
            placeholder="What the model is to be, if anything."
            value={system}
            onInput={(event) => setSystem(event.currentTarget.value)}
          />
        </div>
        {turns.length === 0 ? (
          <div class="welcome">
            <p>Say something: the reply appears here, a token at a time.</p>
            <p class="quiet">
              Each token runs on a thread: <span class="thread-sure">blue</span> where the model was sure,{' '}
              <span class="thread-odd">red</span> where chance had to choose. Point at a token, tap it, or go to it with the arrow keys, to
              see what else it could have been.
            </p>
          </div>
        ) : (
          <ol class="turns" aria-label="Conversation">
            {turns.map((turn, index) => (
              <ChatTurn
                key={turn.key}
                turn={turn}
                last={index === turns.length - 1}
                busy={busy}
                onSay={(text) => send(text, index)}
                onMend={mend}
                onRepeat={() => {
                  if (onCheck()) repeat(request());
                }}
              />
            ))}
          </ol>
        )}
        <div class="turns-end" ref={end} />
        {failure !== undefined && <Notice failure={failure} />}
        {scored && turns.length > 0 && <Legend />}
        <Composer
          box={box}
          draft={draft}
          busy={busy}
          onDraft={setDraft}
          onSend={() => {
            if (send(draft)) setDraft('');
          }}
          onStop={stop}
        />
      </section>
      <SnippetsCard request={{ kind: 'chat', model: model.name, sampling, messages: asked }} />
      <Announcer progress={last === undefined || last.mended ? IDLE : last} />
    </div>
  );
}
