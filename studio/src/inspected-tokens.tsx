/** A text token by token, with a look at what else each could have been: by pointer, by tap, and along with the arrow keys. */

import type { ComponentChildren, JSX, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { PageAlternative } from '../../src/serve/index.ts';
import { Inspector } from './inspector.tsx';
import { TokenText } from './token-text.tsx';
import type { Token } from './use-generation.ts';

interface Props {
  readonly tokens: readonly Token[];
  /** What stands before the tokens. */
  readonly children?: ComponentChildren;
  /** The element that the panel lies in. */
  readonly within: RefObject<HTMLElement | null>;
  /** Whether tokens are still to come. */
  readonly writing: boolean;
  /** Takes another token in the place of one, where that can be. */
  readonly onChoose?: ((index: number, alternative: PageAlternative) => void) | undefined;
}

/** Which token is looked at, and whether it stays when the pointer leaves. */
interface Look {
  readonly index: number;
  readonly pinned: boolean;
}

const LINGER = 220; // Milliseconds, to reach the panel with the pointer.

/** The tokens, and the panel while one is looked at. */
export function InspectedTokens({ tokens, children, within, writing, onChoose }: Props): JSX.Element {
  const [look, setLook] = useState<Look>();
  const [current, setCurrent] = useState(0);
  const group = useRef<HTMLDivElement>(null);
  const leaving = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const begun = tokens.length > 0;

  useEffect(() => {
    if (begun) return;
    setLook(undefined);
    setCurrent(0);
  }, [begun]);
  useEffect(() => {
    const outside = (event: PointerEvent): void => {
      if (!(event.target instanceof Node) || within.current?.contains(event.target) !== true) setLook(undefined);
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
    <>
      <div class="paper">
        {children}
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
            stay(); // The focus came from a neighbour, which it left.
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
              setTimeout(() => {
                const panel = within.current?.querySelector('.inspector');
                (panel?.querySelector<HTMLElement>('button.way') ?? panel?.querySelector<HTMLElement>('button'))?.focus();
              });
            } else if (event.key === 'Escape' && look !== undefined) setLook(undefined);
            else return;
            event.preventDefault();
          }}
        >
          <TokenText tokens={tokens} current={Math.min(current, tokens.length - 1)} looked={look?.index} />
        </div>
        {writing && <span class="shuttle" aria-hidden="true" />}
      </div>
      {look !== undefined && shown !== undefined && (
        <Inspector
          token={shown}
          at={elementOf(look.index)}
          within={within.current}
          pinned={look.pinned}
          onEnter={stay}
          onLeave={leave}
          onClose={close}
          onChoose={
            onChoose &&
            ((alternative) => {
              setLook(undefined);
              onChoose(look.index, alternative);
            })
          }
        />
      )}
    </>
  );
}

/** The token that an event came from. */
function indexOf(target: EventTarget | null): number | undefined {
  const element = target instanceof Element ? target.closest<HTMLElement>('[data-token]') : null;
  return element === null ? undefined : Number(element.dataset['token']);
}
