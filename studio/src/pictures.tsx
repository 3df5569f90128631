/** Pictures of a run folder: the latest, and a slider back to the first. */

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { fetchPictures, pictureAddress } from './api.ts';
import { usePolling } from './use-polling.ts';

/** The card; nothing while the run has no pictures. */
export function Pictures({ run }: { readonly run: string }): JSX.Element | null {
  const [names, setNames] = useState<readonly string[]>([]);
  const [chosen, setChosen] = useState<number>();
  usePolling(async () => {
    const found = await fetchPictures(run);
    setNames((before) => (before.join('\n') === found.join('\n') ? before : found));
  }, 5);
  const index = Math.min(chosen ?? names.length - 1, names.length - 1);
  const name = names[index];
  if (name === undefined) return null;
  return (
    <section class="card" aria-label="Pictures">
      <div class="card-head">
        <h2>Pictures</h2>
        {names.length > 1 && (
          <label class="sample-step">
            {index + 1} of {names.length}
            <input
              type="range"
              min={0}
              max={names.length - 1}
              step={1}
              value={index}
              style={{ '--at': `${(index / (names.length - 1)) * 100}%` }}
              aria-valuetext={name}
              onInput={(event) => {
                const to = Number(event.currentTarget.value);
                setChosen(to === names.length - 1 ? undefined : to);
              }}
            />
          </label>
        )}
      </div>
      <figure class="picture">
        <img src={pictureAddress(run, name)} alt={`Picture ${name}`} />
        <figcaption>{name}</figcaption>
      </figure>
    </section>
  );
}
