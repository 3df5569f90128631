/** Where one writes what to say. */

import type { JSX, RefObject } from 'preact';

interface Props {
  readonly box: RefObject<HTMLTextAreaElement | null>;
  readonly draft: string;
  readonly busy: boolean;
  readonly onDraft: (text: string) => void;
  readonly onSend: () => void;
  readonly onStop: () => void;
}

/** Enter sends; with Shift it begins a line. */
export function Composer({ box, draft, busy, onDraft, onSend, onStop }: Props): JSX.Element {
  return (
    <div class="composer">
      <textarea
        ref={box}
        rows={1}
        aria-label="Message"
        placeholder="Message"
        enterkeyhint="send"
        value={draft}
        onInput={(event) => onDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (!isSending(event)) return;
          event.preventDefault();
          if (!busy) onSend();
        }}
      />
      {busy ? (
        <button type="button" class="button stop" onClick={onStop}>
          <span class="stop-sign" aria-hidden="true" /> Stop
        </button>
      ) : (
        <button type="button" class="button primary" disabled={draft.trim() === ''} onClick={onSend}>
          Send
        </button>
      )}
      <p class="hint composer-keys">{busy ? 'Esc stops' : 'Enter sends, Shift + Enter begins a line'}</p>
    </div>
  );
}

/** Whether a key press sends: not while characters are being composed, as for Chinese or Japanese. */
export function isSending(event: KeyboardEvent): boolean {
  return event.key === 'Enter' && !event.shiftKey && !event.isComposing;
}
