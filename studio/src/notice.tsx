/** A failure on the page. */

import type { JSX } from 'preact';

import type { Failure } from './failure.ts';

/** Heard at once, with its code where it has one. */
export function Notice({ failure }: { readonly failure: Failure }): JSX.Element {
  return (
    <p class="notice" role="alert">
      {failure.message}
      {failure.code !== undefined && (
        <>
          {' '}
          <code class="notice-code">{failure.code}</code>
        </>
      )}
    </p>
  );
}
