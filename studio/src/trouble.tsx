/** Where an answer is not there yet, or not any more: why, or that it is on its way. */

import type { JSX } from 'preact';

import type { Asked } from './use-asked.ts';

/** The server's words when it refuses; else, before the first answer, that it is awaited. */
export function Trouble({ told, trouble }: Pick<Asked<unknown>, 'told' | 'trouble'>): JSX.Element | null {
  if (trouble !== undefined) {
    return (
      <p class="notice" role="alert">
        {trouble}
      </p>
    );
  }
  if (told !== undefined) return null;
  return (
    <p class="quiet" role="status">
      Loading …
    </p>
  );
}
