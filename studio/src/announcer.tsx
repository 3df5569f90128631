/**
 * Tells people who listen to the page what is generated: whole stretches every few seconds, not every token, and the end.
 *
 * Source: https://www.w3.org/TR/wai-aria-1.2/#log and #status
 */

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { Progress } from './progress.ts';

const EVERY = 3000; // Milliseconds between two stretches.

/** Two regions that are heard and not seen. */
export function Announcer({ progress }: { readonly progress: Progress }): JSX.Element {
  const { phase } = progress;
  const [stretches, setStretches] = useState<readonly string[]>([]);
  const told = useRef(0);
  const text = useRef('');
  text.current = progress.text;

  useEffect(() => {
    if (phase === 'waiting') {
      told.current = 0;
      setStretches([]);
    }
    const tell = (all: boolean): void => {
      const rest = text.current.slice(told.current);
      const end = all ? rest.length : rest.search(/\s\S*$/) + 1;
      if (end <= 0) return;
      told.current += end;
      setStretches((before) => [...before, rest.slice(0, end)]);
    };
    if (phase === 'done' || phase === 'stopped') tell(true);
    if (phase !== 'running') return;
    const timer = setInterval(() => tell(false), EVERY);
    return () => clearInterval(timer);
  }, [phase]);

  return (
    <div class="unseen">
      <div role="log" aria-label="Generated text">
        {stretches.map((stretch, index) => (
          <span key={index}>{stretch}</span>
        ))}
      </div>
      <p role="status">{statusText(progress)}</p>
    </div>
  );
}

function statusText({ phase, count: tokens, reason }: Progress): string {
  const count = `${tokens} tokens`;
  switch (phase) {
    case 'idle':
      return '';
    case 'waiting':
      return 'Waiting for the first token.';
    case 'running':
      return 'Generating.';
    case 'stopped':
      return `Stopped after ${count}.`;
    case 'failed':
      return '';
    case 'done':
      return reason === 'length' ? `Finished at the length limit: ${count}.` : `Finished: ${count}.`;
  }
}
