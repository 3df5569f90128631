/** Tokens a second over the last minute. */

import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { SPAN } from './engine-history.ts';
import { compact, digits } from './format.ts';
import { axes, useChart } from './use-chart.ts';
import { colour } from './use-scheme.ts';

interface Props {
  readonly name: string;
  /** By seconds before now. */
  readonly rates: readonly (readonly [seconds: number, rate: number])[];
}

const SECONDS = SPAN / 1000;
/** The least that the vertical axis holds, so that an idle engine has a flat line and not one of noise. */
const LEAST = 10;

/** The chart. */
export function RateChart({ name, rates }: Props): JSX.Element {
  const data = useMemo(() => {
    const shown = rates.filter(([seconds]) => seconds >= -SECONDS);
    return [shown.map(([seconds]) => seconds), shown.map(([, rate]) => rate)] as [number[], number[]];
  }, [rates]);
  const most = Math.max(0, ...data[1]);
  const [place] = useChart({
    data,
    height: 150,
    form: name,
    make: () => ({
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: [-SECONDS, 0] },
        y: { range: (_, __, high) => [0, Math.max(LEAST, (high ?? 0) * 1.1)] },
      },
      axes: axes(
        (one) => (one >= 1000 ? compact(one) : digits(one)),
        (seconds) => (seconds === 0 ? 'now' : `${-seconds} s`),
        { counts: true },
      ),
      series: [
        {},
        {
          stroke: colour('--indigo'),
          fill: `color-mix(in oklab, ${colour('--indigo')} 14%, transparent)`,
          width: 1.5,
          points: { show: false },
        },
      ],
    }),
  });
  return (
    <figure class="rate-chart">
      <figcaption>Tokens a second, the last minute</figcaption>
      <div
        class="chart"
        ref={place}
        role="img"
        aria-label={`Tokens a second over the last minute, ${digits(Number(most.toFixed(1)))} at most`}
      />
    </figure>
  );
}
