/** The engine at work: what runs and waits, how full its cache is, how quickly it writes. */

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { PageEngine } from '../../src/serve/index.ts';
import { fetchEngine } from './api.ts';
import { extendHistory, modelsAtWork } from './engine-history.ts';
import type { EngineHistory, ModelAtWork } from './engine-history.ts';
import { failureOf } from './failure.ts';
import type { Failure } from './failure.ts';
import { digits, whole } from './format.ts';
import { Notice } from './notice.tsx';
import { RateChart } from './rate-chart.tsx';
import { usePolling } from './use-polling.ts';

interface Seen {
  readonly answer: PageEngine;
  readonly history: EngineHistory;
}

/** The view; asks once a second while it is looked at. */
export function EngineView(): JSX.Element {
  const [seen, setSeen] = useState<Seen>();
  const [failure, setFailure] = useState<Failure>();
  usePolling(async () => {
    try {
      const answer = await fetchEngine();
      setSeen((before) => ({ answer, history: extendHistory(before?.history ?? new Map(), answer) }));
      setFailure(undefined);
    } catch (error) {
      setFailure(failureOf(error));
      throw error;
    }
  }, 1);
  return (
    <div class="engine">
      {failure !== undefined && <Notice failure={failure} />}
      {seen === undefined && failure === undefined && (
        <p class="quiet" role="status">
          Loading …
        </p>
      )}
      {seen !== undefined && modelsAtWork(seen.history, seen.answer).map((model) => <ModelCardAtWork key={model.name} model={model} />)}
      {seen !== undefined && seen.answer.workers > 1 && (
        <p class="hint">The numbers are those of {seen.answer.workers} workers together.</p>
      )}
    </div>
  );
}

function ModelCardAtWork({ model }: { readonly model: ModelAtWork }): JSX.Element {
  const { name, status, running, waiting, rates } = model;
  const rate = rates.at(-1)?.[1];
  return (
    <section class="card engine-model" aria-label={`Engine of ${name}`}>
      <div class="card-head">
        <h2>
          <span class={running > 0 ? 'live-dot' : 'live-dot is-still'} aria-hidden="true" />
          {name}
        </h2>
        <p class="facts">{waiting > 0 ? `${running} at work, ${waiting} waiting` : running > 0 ? `${running} at work` : 'idle'}</p>
      </div>
      <dl class="figures">
        <Figure label="requests running" value={whole(running)} />
        <Figure label="requests waiting" value={whole(waiting)} />
        <Figure label="tokens a second" value={rate === undefined ? '–' : digits(Number(rate.toFixed(1)))} />
        <Figure label="tokens since the start" value={whole(model.generatedTokens)} />
      </dl>
      {status !== null && (
        <div class="meters">
          <Meter label="Slots" used={status.running} all={status.slots} words={`${status.running} of ${status.slots} sequences`} />
          <Meter
            label="Cache"
            used={status.blocksUsed}
            all={status.blocks}
            words={`${whole(status.blocksUsed)} of ${whole(status.blocks)} blocks of ${whole(status.blockTokens)} tokens`}
          />
          <Meter
            label="Prefix hits"
            used={status.prefixHits}
            all={status.prefixQueries}
            words={
              status.prefixQueries === 0
                ? 'no prompt yet'
                : `${share(status.prefixHits, status.prefixQueries)} of ${whole(status.prefixQueries)} tokens of prompts`
            }
          />
          {status.drafted > 0 && (
            <Meter
              label="Guesses"
              used={status.accepted}
              all={status.drafted}
              words={`${share(status.accepted, status.drafted)} of ${whole(status.drafted)} tokens were right`}
            />
          )}
        </div>
      )}
      {status !== null && status.preemptions > 0 && (
        <p class="hint">
          {whole(status.preemptions)} {status.preemptions === 1 ? 'sequence' : 'sequences'} had to give way as the cache was full. A larger
          cache (--cache-tokens) or fewer slots prevent it.
        </p>
      )}
      <RateChart name={name} rates={rates} />
    </section>
  );
}

function share(part: number, all: number): string {
  return `${digits(Number(((100 * part) / all).toFixed(1)))}%`;
}

function Figure({ label, value }: { readonly label: string; readonly value: string }): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface MeterProps {
  readonly label: string;
  readonly used: number;
  readonly all: number;
  readonly words: string;
}

/** A part of a whole, as a bar and in words. */
function Meter({ label, used, all, words }: MeterProps): JSX.Element {
  const part = all === 0 ? 0 : Math.min(1, used / all);
  return (
    <div class="meter-row" role="group" aria-label={`${label}: ${words}`}>
      <span class="meter-name">{label}</span>
      <span class="meter-bar" aria-hidden="true">
        <span style={{ '--share': `${(100 * part).toFixed(1)}%` }} />
      </span>
      <span class="meter-words number">{words}</span>
    </div>
  );
}
