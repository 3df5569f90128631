/** Bits per byte of the model beside its baselines, as bars: the shorter, the better. */

import type { JSX } from 'preact';

import type { Score } from './card.ts';

/** @param props.scores - the best first */
export function ScoreBars({ scores }: { readonly scores: readonly Score[] }): JSX.Element {
  const most = Math.max(...scores.map(({ bitsPerByte }) => bitsPerByte));
  return (
    <figure class="scores">
      <figcaption class="quiet">Bits needed for a byte of text that it never saw. Less is better.</figcaption>
      <ul>
        {scores.map(({ label, bitsPerByte, own }) => (
          <li key={label} class={own ? 'score is-own' : 'score'}>
            <span class="score-label">{label}</span>
            <span class="score-bar" aria-hidden="true">
              <span style={{ '--share': `${(bitsPerByte / most) * 100}%` }} />
            </span>
            <span class="number">{bitsPerByte.toFixed(3)}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
