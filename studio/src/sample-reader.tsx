/** What the model wrote along the way. */

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { SampleMetric } from './curve.ts';

/** The card: the latest sample, and a slider back to the first. */
export function SampleReader({ samples }: { readonly samples: readonly SampleMetric[] }): JSX.Element | null {
  const [chosen, setChosen] = useState<number>();
  const index = Math.min(chosen ?? samples.length - 1, samples.length - 1);
  const sample = samples[index];
  if (sample === undefined) return null;
  return (
    <section class="card" aria-label="Samples">
      <div class="card-head">
        <h2>Samples</h2>
        {samples.length > 1 && (
          <label class="sample-step">
            step {sample.step}
            <input
              type="range"
              min={0}
              max={samples.length - 1}
              step={1}
              value={index}
              style={{ '--at': `${(index / (samples.length - 1)) * 100}%` }}
              aria-valuetext={`step ${sample.step}`}
              onInput={(event) => {
                const to = Number(event.currentTarget.value);
                setChosen(to === samples.length - 1 ? undefined : to);
              }}
            />
          </label>
        )}
      </div>
      <pre class="sample">{sample.text}</pre>
    </section>
  );
}
