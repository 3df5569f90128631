/** A panel at a token: its probability, and its alternatives with bars, each of which can be taken instead. */

import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { PageAlternative } from '../../src/serve/index.ts';
import { digits, percent, visible } from './format.ts';
import type { Token } from './use-generation.ts';

interface Props {
  readonly token: Token;
  /** The token's element, and the card to lie in. */
  readonly at: HTMLElement | undefined;
  readonly within: HTMLElement | null;
  readonly pinned: boolean;
  readonly onEnter: () => void;
  readonly onLeave: () => void;
  readonly onClose: () => void;
  /** Without it the alternatives are shown alone. */
  readonly onChoose?: ((alternative: PageAlternative) => void) | undefined;
}

const GAP = 8;

/** The panel. On a narrow screen the style sheet lays it along the bottom instead. */
export function Inspector({ token, at, within, pinned, onEnter, onLeave, onClose, onChoose }: Props): JSX.Element {
  const panel = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: 0, top: 0 });
  useLayoutEffect(() => {
    const box = panel.current;
    // A token that ends or wraps a line has a sliver on another: the panel belongs to where the most of it stands.
    const rect = [...(at?.getClientRects() ?? [])].toSorted((a, b) => b.width - a.width)[0];
    if (box === null || rect === undefined || within === null) return;
    if (getComputedStyle(box).position === 'fixed') at?.scrollIntoView({ block: 'nearest' }); // Above the panel, not under it.
    const frame = within.getBoundingClientRect();
    const below = rect.bottom + GAP + box.offsetHeight <= innerHeight || rect.top < box.offsetHeight + GAP;
    const left = Math.max(GAP, Math.min(rect.left - frame.left - 16, frame.width - box.offsetWidth - GAP));
    setPlace({ left, top: (below ? rect.bottom + GAP : rect.top - GAP - box.offsetHeight) - frame.top });
  }, [at, within, token]);

  const rows = [...token.alternatives];
  const rank = rows.findIndex(({ id }) => id === token.id);
  if (rank < 0) rows.push(token);
  const rest = 1 - rows.reduce((sum, { logProbability }) => sum + Math.exp(logProbability), 0);
  const bits = -token.logProbability / Math.LN2;
  return (
    <div
      class={pinned ? 'inspector is-pinned' : 'inspector'}
      role="dialog"
      aria-label={`Alternatives to ${visible(token.piece)}`}
      ref={panel}
      style={{ left: `${place.left}px`, top: `${place.top}px` }}
      onPointerEnter={onEnter}
      onPointerLeave={onLeave}
      onFocusIn={onEnter}
      onKeyDown={(event) => {
        const buttons = [...(panel.current?.querySelectorAll<HTMLElement>('button.way') ?? [])];
        const index = buttons.indexOf(document.activeElement as HTMLElement);
        if (event.key === 'Escape') onClose();
        else if (event.key === 'ArrowDown') buttons[Math.min(buttons.length - 1, index + 1)]?.focus();
        else if (event.key === 'ArrowUp') buttons[Math.max(0, index - 1)]?.focus();
        else return;
        event.preventDefault();
      }}
    >
      <div class="inspector-head">
        <code class="piece">{visible(token.piece)}</code>
        <strong>{percent(token.logProbability)}</strong>
        <span class="quiet">
          {bits < 0.05 ? 'no surprise' : `${digits(Number(bits.toFixed(1)))} ${bits >= 0.95 && bits < 1.05 ? 'bit' : 'bits'} of surprise`}
        </span>
        <button type="button" class="close" aria-label="Close" onClick={onClose}>
          ×
        </button>
      </div>
      <ol class="ways">
        {rows.map((row, index) => (
          <li key={row.id} class={index === token.alternatives.length ? 'is-far' : undefined}>
            {onChoose === undefined ? (
              <p class={row.id === token.id ? 'way is-taken' : 'way'}>{wayOf(row)}</p>
            ) : (
              <button
                type="button"
                class={row.id === token.id ? 'way is-taken' : 'way'}
                aria-label={`${visible(row.piece)}, ${percent(row.logProbability)}${row.id === token.id ? ', the one taken' : ', go on from here with it'}`}
                onClick={() => (row.id === token.id ? onClose() : onChoose(row))}
              >
                {wayOf(row)}
              </button>
            )}
          </li>
        ))}
      </ol>
      <p class="inspector-foot">
        {rest > 0.0005 && `All others together: ${percent(Math.log(rest))}. `}
        {onChoose !== undefined && 'Choose one to go on from here.'}
      </p>
    </div>
  );
}

function wayOf({ piece, logProbability }: PageAlternative): JSX.Element {
  return (
    <>
      <code class="piece">{visible(piece)}</code>
      <span class="bar" style={{ '--share': `${Math.exp(logProbability) * 100}%` }} />
      <span class="number">{percent(logProbability)}</span>
    </>
  );
}
