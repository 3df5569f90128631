/** Training loss, raw and smoothed, and held-out loss over the steps. */

import type { JSX } from 'preact';
import { useId, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';

import { ScaleControls, Segments } from './chart-controls.tsx';
import { AXES } from './comparison-data.ts';
import type { Axis } from './comparison-data.ts';
import { smooth } from './curve.ts';
import type { Curve } from './curve.ts';
import { compact, digits, duration } from './format.ts';
import { axes, useChart } from './use-chart.ts';
import { colour } from './use-scheme.ts';

/** The card. */
export function LossChart({ curve }: { readonly curve: Curve }): JSX.Element {
  const id = useId();
  const [log, setLog] = useState(false);
  const [weight, setWeight] = useState(0.9);
  const [axis, setAxis] = useState<Axis>('step');
  const [at, setAt] = useState<number>();
  const tell = useRef<(index: number | undefined) => void>(setAt);
  tell.current = setAt;

  const known = (Object.keys(AXES) as Axis[]).filter((one) => one === 'step' || curve.steps.some((step) => step[one] != null));
  const data = useMemo(() => chartData(curve, { weight, axis }), [curve, weight, axis]);
  const write = (value: number): string => (axis === 'seconds' ? duration(value) : compact(value));
  const [place, chart] = useChart({
    data,
    height: 320,
    form: `${axis} ${log}`,
    make: () => ({
      legend: { show: false },
      cursor: { y: false, points: { size: 8 }, drag: { x: true, y: false } },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- uPlot declares a const enum, which has no value at run time
      scales: { x: { time: false }, y: { distr: log ? 3 : 1, range: (_, low, high) => range(low, high, log) } },
      axes: axes(digits, write, { counts: axis !== 'seconds' }),
      series: [
        {},
        { stroke: colour('--indigo-faint'), width: 1, points: { show: false } },
        { stroke: colour('--indigo'), width: 2, points: { show: false } },
        {
          stroke: colour('--madder'),
          width: 2,
          spanGaps: true,
          points: { show: true, size: 6, fill: colour('--madder'), stroke: colour('--madder') },
        },
      ],
      hooks: { setCursor: [(plot) => tell.current(plot.cursor.idx ?? undefined)] },
    }),
  });

  const index = at !== undefined && at < data[0].length ? at : data[0].length - 1;
  const move = (by: number): void => {
    const plot = chart.current;
    if (plot === null) return;
    const to = Math.max(0, Math.min(data[0].length - 1, (at ?? data[0].length - 1) + by));
    plot.setCursor({ left: plot.valToPos(data[0][to] ?? 0, 'x'), top: 0 });
  };
  return (
    <section class="card" aria-label="Loss">
      <div class="card-head">
        <h2>Loss</h2>
        <div class="chart-settings">
          {known.length > 1 && (
            <Segments
              name={`${id}-axis`}
              label="Horizontal axis"
              options={known.map((one) => [one, AXES[one]] as const)}
              value={axis}
              onChange={setAxis}
            />
          )}
          <ScaleControls log={log} onLog={setLog} weight={weight} onWeight={setWeight} />
        </div>
      </div>
      <Readout data={data} index={index} position={`${AXES[axis].toLowerCase().replace(/s$/, '')} ${write(data[0][index] ?? 0)}`} />
      <div
        class="chart"
        ref={place}
        tabIndex={0}
        role="img"
        aria-label={summary(curve)}
        aria-describedby={`${id}-help`}
        onKeyDown={(event) => {
          const moves: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageDown: -50, PageUp: 50, Home: -1e9, End: 1e9 };
          const by = moves[event.key];
          if (by === undefined) return;
          event.preventDefault();
          move(by * (event.shiftKey ? 10 : 1));
        }}
      />
      <p class="hint chart-help" id={`${id}-help`}>
        Drag to look closer, double-click to go back. With the keyboard, the arrow keys read along the curve.
      </p>
      <EvalTable curve={curve} />
    </section>
  );
}

/** The three lines over one axis. Held-out numbers, which know only their step, stand where that step stands. */
function chartData(curve: Curve, { weight, axis }: { weight: number; axis: Axis }): uPlot.AlignedData {
  const raw = curve.steps.map((step) => step.loss);
  const steps = curve.steps.map((step) => step[axis] ?? step.step);
  const training: uPlot.AlignedData = [steps, raw, smooth(raw, weight)];
  if (curve.evals.length === 0) return [...training, steps.map(() => null)] as uPlot.AlignedData;
  const place = new Map<number, number>();
  let next = 0;
  for (const { step } of curve.evals) {
    while (next < curve.steps.length - 1 && (curve.steps[next]?.step ?? 0) < step) next++;
    place.set(axis === 'step' || curve.steps.length === 0 ? step : (steps[next] ?? step), step);
  }
  const losses = new Map(curve.evals.map(({ step, loss }) => [step, loss]));
  const held: uPlot.AlignedData = [[...place.keys()], [...place.values()].map((step) => losses.get(step) ?? null)];
  if (curve.steps.length > 0) return uPlot.join([training, held]);
  const nothing = Array.from(held[0], () => null);
  return [held[0], nothing, nothing, held[1] ?? []];
}

function range(low: number | null, high: number | null, log: boolean): [number, number] {
  if (low === null || high === null) return [log ? 0.1 : 0, 10];
  if (log) return [low / 1.05, high * 1.05];
  const room = Math.max((high - low) * 0.06, 0.01);
  return [low - room, high + room];
}

function Readout({
  data,
  index,
  position,
}: {
  readonly data: uPlot.AlignedData;
  readonly index: number;
  readonly position: string;
}): JSX.Element {
  const value = (series: number): string => data[series]?.[index]?.toFixed(3) ?? '–';
  let held = index;
  while (held > 0 && data[3]?.[held] == null) held--;
  return (
    <p class="readout" aria-live="polite">
      <span class="number">{position}</span>
      <span class="key key-raw">training {value(1)}</span>
      <span class="key key-smooth">smoothed {value(2)}</span>
      {data[3]?.some((loss) => loss != null) === true && <span class="key key-held">held-out {data[3][held]?.toFixed(3) ?? '–'}</span>}
    </p>
  );
}

function summary({ steps, evals }: Curve): string {
  const [first, last, held] = [steps[0], steps.at(-1), evals.at(-1)];
  const training =
    first === undefined || last === undefined
      ? 'No training steps yet'
      : `Training loss from ${first.loss?.toFixed(2)} at step ${first.step} to ${last.loss?.toFixed(2)} at step ${last.step}`;
  return held === undefined ? `${training}.` : `${training}; held-out loss ${held.loss?.toFixed(2)} at step ${held.step}.`;
}

/** The held-out numbers as a table, for those who would rather read than look. */
function EvalTable({ curve }: { readonly curve: Curve }): JSX.Element | null {
  if (curve.evals.length === 0) return null;
  return (
    <details class="numbers">
      <summary>Held-out numbers as a table</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Held-out numbers">
        <table>
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Loss</th>
              <th scope="col">Perplexity</th>
              <th scope="col">Bits per byte</th>
            </tr>
          </thead>
          <tbody>
            {curve.evals.toReversed().map((one) => (
              <tr key={one.step}>
                <th scope="row">{one.step}</th>
                <td>{one.loss?.toFixed(4) ?? '–'}</td>
                <td>{one.perplexity == null ? '–' : digits(one.perplexity)}</td>
                <td>{one.bitsPerByte?.toFixed(4) ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
