/** Walks along steps: with buttons, a slider, or arrow keys. */

import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

interface Props {
  /** What is walked along, for those who listen. */
  readonly label: string;
  readonly count: number;
  readonly at: number;
  /** What the step is called. */
  readonly name: string;
  readonly onChange: (at: number) => void;
  readonly children: ComponentChildren;
}

/** The controls and, under them, the step. */
export function Stepper({ label, count, at, name, onChange, children }: Props): JSX.Element {
  const id = useId();
  const last = Math.max(0, count - 1);
  const go = (to: number): void => onChange(Math.min(last, Math.max(0, to)));
  return (
    <div
      class="stepper"
      role="group"
      aria-label={label}
      onKeyDown={(event) => {
        const steps: { readonly [key: string]: number } = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
        const to = steps[event.key];
        if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        go(to);
      }}
    >
      <div class="stepper-controls" hidden={last === 0}>
        <button type="button" class="step-button" aria-label="Step back" aria-disabled={at === 0} onClick={() => go(at - 1)}>
          ←
        </button>
        <input
          id={id}
          type="range"
          min={0}
          max={last}
          step={1}
          value={at}
          aria-label={label}
          aria-valuetext={`${name}, ${at} of ${last}`}
          style={{ '--at': `${last === 0 ? 100 : (at / last) * 100}%` }}
          onInput={(event) => go(Number(event.currentTarget.value))}
        />
        <button type="button" class="step-button" aria-label="Step on" aria-disabled={at === last} onClick={() => go(at + 1)}>
          →
        </button>
      </div>
      <p class="step-name" aria-live="polite">
        <strong>{name}</strong>{' '}
        {last > 0 && (
          <span class="quiet">
            {at} of {last}
          </span>
        )}
      </p>
      {children}
    </div>
  );
}
