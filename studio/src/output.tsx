/** The generated text, token by token, with a look at what else each could have been. */

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { CopyButton } from './copy-button.tsx';
import { digits } from './format.ts';
import { Inspector } from './inspector.tsx';
import { Legend } from './legend.tsx';
import { TokenText } from './token-text.tsx';
import type { Generation, Token } from './use-generation.ts';

interface Props {
  readonly generation: Generation;
  /** Generates anew behind these tokens. */
  readonly onBranch: (kept: readonly Token[]) => void;
  readonly onContinue: () => void;
}

/** Which token is looked at, and whether it stays when the pointer leaves. */
interface Look {
  readonly index: number;
  readonly pinned: boolean;
}

const LINGER = 220; // Milliseconds, to reach the panel with the pointer.
const MOST_PROMPT = 600; // Characters of the prompt shown before the text.

/** The card. */
export function Output({ generation, onBranch, onContinue }: Props): JSX.Element {
  const { phase, prompt, tokens, error, dropped } = generation;
  const [look, setLook] = useState<Look>();
  const [current, setCurrent] = useState(0);
  const card = useRef<HTMLElement>(null);
  const group = useRef<HTMLDivElement>(null);
  const leaving = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  useEffect(() => {
    if (phase !== 'waiting') return;
    setLook(undefined);
    setCurrent(0);
  }, [phase]);
  useEffect(() => {
    const outside = (event: PointerEvent): void => {
      if (!(event.target instanceof Node) || card.current?.contains(event.target) !== true) setLook(undefined);
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, []);

  const elementOf = (index: number): HTMLElement | undefined =>
    group.current?.querySelector<HTMLElement>(`[data-token="${index}"]`) ?? undefined;
  const focusToken = (index: number): void => {
    const bounded = Math.max(0, Math.min(tokens.length - 1, index));
    setCurrent(bounded);
    elementOf(bounded)?.focus();
  };
  const stay = (): void => clearTimeout(leaving.current);
  const leave = (): void => {
    stay();
    leaving.current = setTimeout(() => setLook((before) => (before?.pinned === true ? before : undefined)), LINGER);
  };
  const close = (): void => {
    const index = look?.index ?? 0;
    setLook(undefined);
    focusToken(index);
    setLook(undefined); // The focus brought it back.
  };
  const shown = look === undefined ? undefined : tokens[look.index];

  return (
    <section class="card output" aria-label="Text" ref={card}>
      <div class="card-head">
        <h2>Text</h2>
        <Facts generation={generation} />
      </div>
      {phase === 'failed' && (
        <p class="notice" role="alert">
          {error}
        </p>
      )}
      {dropped > 0 && <p class="quiet">The first {dropped} tokens of the prompt do not fit the model’s context and were left out.</p>}
      {phase === 'idle' ? (
        <Welcome />
      ) : (
        <div class="paper">
          {prompt !== '' && <span class="given">{prompt.length > MOST_PROMPT ? `…${prompt.slice(-MOST_PROMPT)}` : prompt}</span>}
          <div
            class="tokens"
            role="group"
            aria-label="Generated tokens. Move with the arrow keys; Enter opens the alternatives."
            ref={group}
            onPointerOver={(event) => {
              const index = indexOf(event.target);
              if (event.pointerType !== 'mouse' || index === undefined || look?.pinned === true) return;
              stay();
              setLook({ index, pinned: false });
            }}
            onPointerLeave={leave}
            onClick={(event) => {
              const index = indexOf(event.target);
              if (index === undefined) return;
              setCurrent(index);
              setLook((before) => (before?.pinned === true && before.index === index ? undefined : { index, pinned: true }));
            }}
            onFocusIn={(event) => {
              const index = indexOf(event.target);
              if (index === undefined) return;
              setCurrent(index);
              setLook((before) => (before?.index === index ? before : { index, pinned: false }));
            }}
            onFocusOut={leave}
            onKeyDown={(event) => {
              const index = indexOf(event.target);
              if (index === undefined) return;
              const moves: Readonly<Record<string, number>> = {
                ArrowLeft: index - 1,
                ArrowRight: index + 1,
                Home: 0,
                End: tokens.length - 1,
              };
              const to = moves[event.key];
              if (to !== undefined) focusToken(to);
              else if (event.key === 'Enter' || event.key === ' ' || event.key === 'ArrowDown') {
                setLook({ index, pinned: true });
                setTimeout(() => card.current?.querySelector<HTMLElement>('.inspector .way')?.focus());
              } else if (event.key === 'Escape') setLook(undefined);
              else return;
              event.preventDefault();
            }}
          >
            <TokenText tokens={tokens} current={Math.min(current, tokens.length - 1)} looked={look?.index} />
          </div>
          {(phase === 'waiting' || phase === 'running') && <span class="shuttle" aria-hidden="true" />}
        </div>
      )}
      {look !== undefined && shown !== undefined && (
        <Inspector
          token={shown}
          at={elementOf(look.index)}
          within={card.current}
          pinned={look.pinned}
          onEnter={stay}
          onLeave={leave}
          onClose={close}
          onChoose={(alternative) =>
            onBranch([...tokens.slice(0, look.index), { ...shown, ...alternative, text: textOf(alternative.piece) }])
          }
        />
      )}
      {tokens.length > 0 && (
        <div class="output-foot">
          <Legend />
          <span class="spacer" />
          {phase !== 'waiting' && phase !== 'running' && (
            <>
              <CopyButton text={prompt + tokens.map((token) => token.text).join('')} />
              <button type="button" class="link" onClick={onContinue}>
                Go on
              </button>
            </>
          )}
        </div>
      )}
    </section>
  );
}

/** The token that an event came from. */
function indexOf(target: EventTarget | null): number | undefined {
  const element = target instanceof Element ? target.closest<HTMLElement>('[data-token]') : null;
  return element === null ? undefined : Number(element.dataset['token']);
}

function Welcome(): JSX.Element {
  return (
    <div class="welcome">
      <p>The text appears here, a token at a time.</p>
      <p class="quiet">
        Each token runs on a thread: <span class="thread-sure">blue</span> where the model was sure, <span class="thread-odd">red</span>{' '}
        where chance had to choose. Point at a token, tap it, or go to it with the arrow keys, to see what else it could have been, and to
        take another way from there.
      </p>
    </div>
  );
}

function Facts({ generation }: { readonly generation: Generation }): JSX.Element | null {
  const { phase, tokens, kept, times, reason } = generation;
  if (phase === 'idle') return null;
  if (phase === 'waiting') return <p class="facts">waiting …</p>;
  const count = tokens.length - kept;
  const speed = times !== undefined && count > 1 && times.rest > 0 ? (count - 1) / times.rest : undefined;
  const end = phase === 'stopped' ? 'stopped' : reason === 'length' ? 'length reached' : reason === 'stop' ? 'ended by itself' : undefined;
  const facts = [`${count} ${count === 1 ? 'token' : 'tokens'}`, speed === undefined ? undefined : `${digits(speed)} a second`, end];
  return <p class="facts">{facts.filter((fact) => fact !== undefined).join(' · ')}</p>;
}

/** The text that a chosen token adds: none when it is a part of a character, or special. */
function textOf(piece: string): string {
  return piece.startsWith('bytes:') || /^<\|.+\|>$/.test(piece) ? '' : piece;
}
