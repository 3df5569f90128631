/** A lattice: the characters of a piece, and under them every token that covers some of them. */

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { type Steps, logarithm, rowsOf, shown } from './explained.ts';
import { percent } from './format.ts';

/** Of a large lattice, a token with a smaller share is shown only when asked for. */
const LEAST_SHARE = 0.001;
const LARGE = 48;

/** The drawing, and the best ways through it. */
export function Lattice({ steps }: { readonly steps: Steps<'lattice'> }): JSX.Element {
  const [all, setAll] = useState(false);
  const { characters, edges, paths } = steps;
  const likely = edges.length <= LARGE ? edges : edges.filter(({ best, probability }) => best || probability >= LEAST_SHARE);
  const drawn = all ? edges : likely;
  // The best path first, so that it has the uppermost row.
  const sorted = [...drawn].sort((a, b) => Number(b.best) - Number(a.best) || a.start - b.start || b.end - a.end);
  const rows = rowsOf(sorted);
  return (
    <>
      <div
        class="lattice-scroll"
        tabIndex={0}
        role="img"
        aria-label={`Lattice of ${characters.join('')}. ${paths.map(pathText).join('. ')}`}
      >
        <div class="lattice" style={{ '--characters': String(characters.length) }}>
          {characters.map((character, index) => (
            <span key={index} class="lattice-character" style={{ gridColumn: `${index + 1}`, gridRow: '1' }}>
              {shown(character)}
            </span>
          ))}
          {sorted.map(({ start, end, token, logProbability, probability, best }, index) => (
            <span
              key={`${start} ${end}`}
              class={best ? 'lattice-token is-best' : 'lattice-token'}
              style={{ gridColumn: `${start + 1} / ${end + 1}`, gridRow: `${(rows[index] ?? 0) + 2}`, '--share': probability.toFixed(4) }}
              title={`${shown(token)}: log p ${logarithm(logProbability)}, in ${percent(Math.log(probability))} of the segmentations`}
            >
              <span class="lattice-name">{shown(token)}</span>
              <span class="lattice-score">{logarithm(logProbability)}</span>
            </span>
          ))}
        </div>
      </div>
      {likely.length < edges.length && (
        <label class="check hint">
          <input type="checkbox" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} /> also the{' '}
          {edges.length - likely.length} tokens that fit but are hardly ever taken
        </label>
      )}
      <table class="paths">
        <thead>
          <tr>
            <th scope="col">way</th>
            <th scope="col">log p</th>
          </tr>
        </thead>
        <tbody>
          {paths.map((path, index) => (
            <tr key={index} class={index === 0 ? 'is-best' : undefined}>
              <th scope="row">
                {path.tokens.map((token, place) => (
                  <span key={place} class="symbol">
                    {shown(token)}
                  </span>
                ))}
              </th>
              <td>{logarithm(path.logProbability)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function pathText({ tokens, logProbability }: Steps<'lattice'>['paths'][number]): string {
  return `${tokens.map(shown).join(' ')}: ${logarithm(logProbability)}`;
}
