/** Learning rate, gradient norm and speed, small and side by side. */

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import type { Curve, StepMetric } from './curve.ts';
import { compact, digits } from './format.ts';
import { axes, useChart } from './use-chart.ts';
import { colour } from './use-scheme.ts';

const CHARTS = [
  { key: 'learningRate', label: 'Learning rate' },
  { key: 'gradientNorm', label: 'Gradient norm' },
  { key: 'tokensPerSecond', label: 'Tokens a second' },
] as const;

/** Those that the run has numbers for. */
export function SmallCharts({ curve }: { readonly curve: Curve }): JSX.Element | null {
  const known = CHARTS.filter(({ key }) => curve.steps.some((step) => step[key] != null));
  if (known.length === 0) return null;
  return (
    <div class="small-charts">
      {known.map(({ key, label }) => (
        <SmallChart key={key} label={label} steps={curve.steps} value={key} />
      ))}
    </div>
  );
}

type Value = (typeof CHARTS)[number]['key'];

function SmallChart({
  label,
  steps,
  value,
}: {
  readonly label: string;
  readonly steps: readonly StepMetric[];
  readonly value: Value;
}): JSX.Element {
  const data = useMemo(
    () => [steps.map(({ step }) => step), steps.map((step) => step[value] ?? null)] as [number[], (number | null)[]],
    [steps, value],
  );
  const last = steps.at(-1)?.[value];
  const [place] = useChart({
    data,
    height: 110,
    form: value,
    make: () => ({
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 1) * 1.08 || 1] } },
      axes: axes((one) => (one >= 1000 ? compact(one) : digits(one)), compact, { counts: true }),
      series: [{}, { stroke: colour('--weld'), width: 1.5, points: { show: false } }],
    }),
  });
  return (
    <figure class="card small-chart">
      <figcaption>
        <span>{label}</span>
        <span class="number">{last == null ? '–' : digits(last)}</span>
      </figcaption>
      <div class="chart" ref={place} role="img" aria-label={`${label} over the steps, now ${last == null ? 'unknown' : digits(last)}`} />
    </figure>
  );
}
