/** uPlot charts as part of the page: made anew when their form changes, fed when their data does, redrawn in the colours of the scheme. */

import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

import { colour, useScheme } from './use-scheme.ts';

/** See {@link useChart}. */
export interface ChartInput {
  readonly data: uPlot.AlignedData;
  /** Height in CSS pixels. */
  readonly height: number;
  /** What the chart is made of; called again when `form` changes or the colour scheme does. */
  readonly make: () => Omit<uPlot.Options, 'width' | 'height'>;
  /** A word that differs when the chart has to be made anew. */
  readonly form: string;
}

/** A chart in the element of the first reference; the second holds the chart itself. */
export function useChart({ data, height, make, form }: ChartInput): readonly [RefObject<HTMLDivElement | null>, RefObject<uPlot | null>] {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const scheme = useScheme();
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new uPlot({ ...make(), width: element.clientWidth, height }, latest.current, element);
    chart.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== made.width) made.setSize({ width: element.clientWidth, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [form, scheme, height]);
  useEffect(() => {
    const made = chart.current;
    if (made === null || made.data === data) return;
    // New data must not undo a closer look.
    const { min, max } = made.scales['x'] ?? {};
    const before = made.data[0];
    const whole = min == null || before.length < 2 || (min === before[0] && max === before.at(-1));
    made.setData(data, whole);
    if (!whole) made.redraw();
  }, [data]);
  return [place, chart];
}

/** 1, 2, 5, 10, 20 …: there is no half step and no half token. */
const WHOLE = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/** Axes in the page's type and colours. `format` writes the values of the vertical one, `horizontal` those of the other, which `counts` or measures. */
export function axes(
  format: (value: number) => string,
  horizontal: (value: number) => string,
  { counts }: { readonly counts: boolean },
): uPlot.Axis[] {
  const base = {
    stroke: colour('--ink-soft'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return [
    {
      ...base,
      grid: { show: false },
      ...(counts ? { incrs: WHOLE } : {}),
      space: 56,
      size: 28,
      gap: 8,
      values: (_, values) => values.map((value) => (value === null ? '' : horizontal(value))),
    },
    { ...base, size: 48, gap: 6, values: (_, values) => values.map((value) => (value === null ? '' : format(value))) },
  ];
}
