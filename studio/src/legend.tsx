/** What the colours of the threads mean. */

import type { JSX } from 'preact';

/** A thread from sure to surprised. */
export function Legend(): JSX.Element {
  return (
    <div class="legend" role="img" aria-label="Colours: blue means a likely token, red an unlikely one">
      <span>sure</span>
      <span class="legend-thread" />
      <span>surprised</span>
    </div>
  );
}
