/** How many tokens came, how quickly, and why no more. */

import type { JSX } from 'preact';

import { digits } from './format.ts';
import type { Progress } from './progress.ts';

/** A line of them; nothing before there is something to say. */
export function Facts({ progress: { phase, count, times, reason } }: { readonly progress: Progress }): JSX.Element | null {
  if (phase === 'idle') return null;
  if (phase === 'waiting') return <p class="facts">waiting …</p>;
  const speed = times !== undefined && count > 1 && times.rest > 0 ? (count - 1) / times.rest : undefined;
  const end = phase === 'stopped' ? 'stopped' : reason === 'length' ? 'length reached' : reason === 'stop' ? 'ended by itself' : undefined;
  const facts = [`${count} ${count === 1 ? 'token' : 'tokens'}`, speed === undefined ? undefined : `${digits(speed)} a second`, end];
  return <p class="facts">{facts.filter((fact) => fact !== undefined).join(' · ')}</p>;
}
