/** The runs and how each learnt; live while one trains. */

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { PageRun } from '../../src/serve/index.ts';
import { fetchCard } from './api.ts';
import { Comparison, MOST_COMPARED } from './comparison.tsx';
import { readCard } from './card.ts';
import type { Card } from './card.ts';
import type { Curve } from './curve.ts';
import { LossChart } from './loss-chart.tsx';
import { ago, compact, duration } from './format.ts';
import { Pictures } from './pictures.tsx';
import { ScoreBars } from './score-bars.tsx';
import { SampleReader } from './sample-reader.tsx';
import { SmallCharts } from './small-charts.tsx';
import { useCurve } from './use-curve.ts';
import { usePolling } from './use-polling.ts';

const LIVE = 15_000; // Milliseconds without a new line until a run counts as resting.

/** @param props.now - the server's clock, in milliseconds since 1970 */
export function Training({ runs, now }: { readonly runs: readonly PageRun[]; readonly now: number }): JSX.Element {
  const [chosen, setChosen] = useState<string>();
  const [compared, setCompared] = useState<readonly string[]>([]);
  const [comparing, setComparing] = useState(false);
  const run = runs.find(({ name }) => name === chosen) ?? runs[0];
  const beside = compared.filter((name) => runs.some((one) => one.name === name));
  if (run === undefined) {
    return (
      <section class="card empty">
        <h1>No runs yet</h1>
        <p class="quiet">
          A run appears here as soon as a training writes its first line. Start one with <code>weft train</code> or{' '}
          <code>weft quickstart</code>.
        </p>
      </section>
    );
  }
  const shown = comparing && beside.length > 1 ? undefined : run;
  const compare = (name: string, checked: boolean): void => {
    const names = checked ? [...beside, name] : beside.filter((one) => one !== name);
    setCompared(names);
    setComparing(names.length > 1);
  };
  return (
    <div class={runs.length > 1 ? 'training has-runs' : 'training'}>
      {runs.length > 1 && (
        <nav class="runs" aria-label="Runs">
          <h2>Runs</h2>
          <ul>
            {runs.map((one) => (
              <li key={one.name} class="run-row">
                <input
                  type="checkbox"
                  aria-label={`Compare ${one.name}`}
                  checked={beside.includes(one.name)}
                  disabled={!beside.includes(one.name) && beside.length >= MOST_COMPARED}
                  onChange={(event) => compare(one.name, event.currentTarget.checked)}
                />
                <button
                  type="button"
                  class="run"
                  aria-current={one.name === shown?.name ? 'true' : undefined}
                  onClick={() => {
                    setChosen(one.name);
                    setComparing(false);
                  }}
                >
                  <span class="run-name">
                    {isLive(one, now) && <span class="live-dot" aria-hidden="true" />}
                    {one.name}
                  </span>
                  <span class="run-facts">{runFacts(one, now)}</span>
                </button>
              </li>
            ))}
          </ul>
          {beside.length > 1 && shown !== undefined ? (
            <button type="button" class="button compare" onClick={() => setComparing(true)}>
              Compare {beside.length} runs
            </button>
          ) : (
            <p class="hint">{beside.length > 1 ? 'A name shows that run alone.' : 'Tick two or more to compare them.'}</p>
          )}
        </nav>
      )}
      {shown === undefined ? <Comparison names={beside} /> : <Run key={shown.name} run={shown} now={now} />}
    </div>
  );
}

function Run({ run, now }: { readonly run: PageRun; readonly now: number }): JSX.Element {
  const curve = useCurve(run.name);
  const [card, setCard] = useState<Card>();
  usePolling(async () => setCard(readCard(await fetchCard(run.name))), 15);
  return (
    <article class="run-view" aria-label={`Run ${run.name}`}>
      <header class="run-head">
        <h1>{run.name}</h1>
        <p class="run-state">
          {isLive(run, now) ? (
            <>
              <span class="live-dot" aria-hidden="true" /> training now
            </>
          ) : run.updatedAt === 0 ? (
            'nothing written yet'
          ) : (
            `last written ${ago(now - run.updatedAt)}`
          )}
        </p>
      </header>
      <Figures run={run} curve={curve} />
      {curve === undefined ? (
        <p class="quiet" role="status">
          Reading the curve …
        </p>
      ) : curve.steps.length + curve.evals.length === 0 ? (
        <section class="card empty">
          <p>No step is done yet. The curve begins with the first.</p>
        </section>
      ) : (
        <>
          <LossChart curve={curve} />
          <SmallCharts curve={curve} />
        </>
      )}
      {card !== undefined && card.scores.length > 0 && (
        <section class="card" aria-label="Held-out text">
          <div class="card-head">
            <h2>Held-out text</h2>
          </div>
          <ScoreBars scores={card.scores} />
        </section>
      )}
      {curve !== undefined && curve.samples.length > 0 && <SampleReader samples={curve.samples} />}
      <Pictures run={run.name} />
    </article>
  );
}

function Figures({ run, curve }: { readonly run: PageRun; readonly curve: Curve | undefined }): JSX.Element | null {
  const step = curve?.steps.at(-1) ?? run.lastStep;
  const held = curve?.evals.at(-1) ?? run.lastEval;
  const figures: readonly (readonly [label: string, value: string | undefined])[] = [
    ['step', step === undefined ? undefined : compact(step.step)],
    ['training loss', number(step?.loss)],
    ['held-out loss', number(held?.loss)],
    ['bits per byte', number(held?.bitsPerByte)],
    ['tokens seen', step?.tokensSeen == null ? undefined : compact(step.tokensSeen)],
    ['tokens/s', step?.tokensPerSecond == null ? undefined : compact(step.tokensPerSecond)],
    ['time', step?.seconds == null ? undefined : duration(step.seconds)],
  ];
  const known = figures.filter(([, value]) => value !== undefined);
  if (known.length === 0) return null;
  return (
    <dl class="figures">
      {known.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function number(value: number | null | undefined): string | undefined {
  return value == null ? undefined : value.toFixed(3);
}

function isLive(run: PageRun, now: number): boolean {
  return run.updatedAt > 0 && now - run.updatedAt < LIVE;
}

function runFacts(run: PageRun, now: number): string {
  const loss = run.lastEval?.loss ?? run.lastStep?.loss;
  const facts = [
    run.lastStep === undefined ? undefined : `step ${compact(run.lastStep.step)}`,
    loss == null ? undefined : `loss ${loss.toFixed(2)}`,
    isLive(run, now) ? 'training now' : run.updatedAt === 0 ? 'not begun' : ago(now - run.updatedAt),
  ];
  return facts.filter((fact) => fact !== undefined).join(' · ');
}
