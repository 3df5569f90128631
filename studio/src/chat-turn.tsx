/** One turn of a conversation, with what can be done about it. */

import type { JSX, RefObject } from 'preact';
import { memo } from 'preact/compat';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import { isSending } from './composer.tsx';
import { CopyButton } from './copy-button.tsx';
import { Facts } from './facts.tsx';
import { InspectedTokens } from './inspected-tokens.tsx';
import { isBusy } from './progress.ts';
import type { AssistantTurn, Turn } from './use-chat.ts';

interface Props {
  readonly turn: Turn;
  readonly last: boolean;
  /** Whether a reply is under way. */
  readonly busy: boolean;
  /** Says something else in this turn's place, and forgets what came after; false when it cannot be sent. */
  readonly onSay: (text: string) => boolean;
  readonly onMend: (text: string) => void;
  readonly onRepeat: () => void;
}

/** A turn. */
export function ChatTurn({ turn, last, busy, onSay, onMend, onRepeat }: Props): JSX.Element {
  const item = useRef<HTMLLIElement>(null);
  const [editing, setEditing] = useState(false);
  const leave = (): void => {
    setEditing(false);
    // The button that opened the editor is there again after this.
    setTimeout(() => item.current?.querySelector<HTMLElement>('button.edit')?.focus());
  };
  const own = turn.role === 'user';
  const edit = !busy && !editing && (
    <button type="button" class="link edit" aria-label={own ? 'Edit your message' : 'Edit the reply'} onClick={() => setEditing(true)}>
      Edit
    </button>
  );
  return (
    <li ref={item} class={own ? 'turn is-user' : 'turn'}>
      <div class="turn-head">
        <h3>{own ? 'You' : turn.model}</h3>
        {own ? edit : turn.mended ? <p class="facts">edited</p> : <Facts progress={turn} />}
      </div>
      {editing && (
        <Editor
          text={turn.text}
          sends={own}
          onLeave={leave}
          onTake={(text) => {
            if (!own) onMend(text);
            if (!own || onSay(text)) leave();
          }}
        />
      )}
      {!editing && (own ? <p class="said">{turn.text}</p> : <Reply turn={turn} within={item} />)}
      {!editing && !own && !isBusy(turn) && (
        <div class="turn-actions">
          <CopyButton text={turn.text} />
          {last && !busy && (
            <button type="button" class="link" onClick={onRepeat}>
              Regenerate
            </button>
          )}
          {last && edit}
        </div>
      )}
    </li>
  );
}

/** Drawn anew by its own changes alone: a long conversation has many tokens. */
const Reply = memo(function Reply({
  turn,
  within,
}: {
  readonly turn: AssistantTurn;
  readonly within: RefObject<HTMLLIElement | null>;
}): JSX.Element {
  const writing = isBusy(turn);
  if (turn.tokens.length > 0) return <InspectedTokens tokens={turn.tokens} within={within} writing={writing} />;
  return (
    <div class="paper">
      {turn.text}
      {writing && <span class="shuttle" aria-hidden="true" />}
    </div>
  );
});

interface EditorProps {
  readonly text: string;
  /** Whether it is sent, by Enter as well, or kept. */
  readonly sends: boolean;
  readonly onTake: (text: string) => void;
  readonly onLeave: () => void;
}

function Editor({ text, sends, onTake, onLeave }: EditorProps): JSX.Element {
  const [draft, setDraft] = useState(text);
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(text.length, text.length);
  }, []);
  return (
    <div
      class="editor"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        onLeave();
      }}
    >
      <textarea
        ref={box}
        rows={2}
        aria-label={sends ? 'Your message' : 'The reply'}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (!sends || !isSending(event)) return;
          event.preventDefault();
          onTake(draft);
        }}
      />
      <div class="turn-actions">
        <button type="button" class="link" disabled={draft.trim() === ''} onClick={() => onTake(draft)}>
          {sends ? 'Send again' : 'Keep'}
        </button>
        <button type="button" class="link" onClick={onLeave}>
          Cancel
        </button>
      </div>
    </div>
  );
}
