/** Several runs laid over each other: one measure, a line for each run. */

import type { JSX } from 'preact';
import { useCallback, useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';

import { ScaleControls, Segments } from './chart-controls.tsx';
import { AXES, MEASURES, layOver, valueAt } from './comparison-data.ts';
import type { Axis, Measure } from './comparison-data.ts';
import { EMPTY_CURVE } from './curve.ts';
import type { Curve } from './curve.ts';
import { compact, digits, duration } from './format.ts';
import { axes, useChart } from './use-chart.ts';
import { colour } from './use-scheme.ts';
import { useCurve } from './use-curve.ts';

/** As many lines as can be told apart. */
export const MOST_COMPARED = 8;

/** Lines from here on are dashed, so that colour is not all that tells them apart. */
const DASHED_FROM = 4;

/** The card. @param props.names - runs, at least two */
export function Comparison({ names }: { readonly names: readonly string[] }): JSX.Element {
  const id = useId();
  const [curves, setCurves] = useState<Readonly<Record<string, Curve>>>({});
  const [measure, setMeasure] = useState<Measure>('loss');
  const [axis, setAxis] = useState<Axis>('step');
  const [log, setLog] = useState(false);
  const [weight, setWeight] = useState(0.9);
  const [at, setAt] = useState<number>();
  const tell = useRef(setAt);
  const hear = useCallback((name: string, curve: Curve) => setCurves((before) => ({ ...before, [name]: curve })), []);

  const data = useMemo(
    () =>
      layOver(
        names.map((name) => curves[name] ?? EMPTY_CURVE),
        { measure, axis, weight },
      ),
    [names.join('\n'), curves, measure, axis, weight],
  );
  const write = (value: number): string => (axis === 'seconds' ? duration(value) : compact(value));
  const [place] = useChart({
    data,
    height: 360,
    form: `${names.join('\n')} ${measure} ${axis} ${log}`,
    make: () => ({
      legend: { show: false },
      cursor: { y: false, points: { size: 8 }, drag: { x: true, y: false } },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- uPlot declares a const enum, which has no value at run time
      scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
      axes: axes((value) => (value >= 1000 ? compact(value) : digits(value)), write, { counts: axis !== 'seconds' }),
      series: [
        {},
        ...names.map((_, index) => ({
          stroke: colour(`--line-${index + 1}`),
          width: 2,
          spanGaps: true,
          points: { show: measure === 'heldOut', size: 6 },
          ...(index < DASHED_FROM ? {} : { dash: [7, 4] }),
        })),
      ],
      hooks: { setCursor: [(plot) => tell.current(plot.cursor.idx ?? undefined)] },
    }),
  });
  const last = data[0].length - 1;
  const index = at !== undefined && at <= last ? at : last;
  return (
    <section class="card" aria-label="Comparison">
      {names.map((name) => (
        <CurveOf key={name} name={name} onCurve={hear} />
      ))}
      <div class="card-head">
        <h1>Comparison</h1>
        <div class="chart-settings">
          <Segments name={`${id}-measure`} label="Measure" options={entriesOf(MEASURES)} value={measure} onChange={setMeasure} />
          <Segments name={`${id}-axis`} label="Horizontal axis" options={entriesOf(AXES)} value={axis} onChange={setAxis} />
          <ScaleControls log={log} onLog={setLog} weight={weight} onWeight={setWeight} />
        </div>
      </div>
      <div
        class="chart"
        ref={place}
        role="img"
        aria-label={`${MEASURES[measure]} of ${names.length} runs over ${AXES[axis].toLowerCase()}; the table below has the numbers`}
      />
      <div class="scroll" tabIndex={0} role="region" aria-label="Numbers">
        <table class="compared">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">
                {MEASURES[measure]}
                {data[0][index] === undefined ? '' : ` at ${write(data[0][index])}`}
              </th>
              <th scope="col">Best held-out</th>
              <th scope="col">Steps</th>
            </tr>
          </thead>
          <tbody>
            {names.map((name, number) => (
              <tr key={name}>
                <th scope="row">
                  <span
                    class={number < DASHED_FROM ? 'line-sign' : 'line-sign is-dashed'}
                    style={{ borderColor: `var(--line-${number + 1})` }}
                    aria-hidden="true"
                  />
                  {name}
                </th>
                <td>{numberText(valueAt(data[number + 1], index))}</td>
                <td>{numberText(bestHeldOut(curves[name]))}</td>
                <td>{compact(curves[name]?.steps.at(-1)?.step ?? 0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Follows one run; a part of its own, as a hook is called once in each. */
function CurveOf({ name, onCurve }: { readonly name: string; readonly onCurve: (name: string, curve: Curve) => void }): null {
  const curve = useCurve(name);
  useEffect(() => {
    if (curve !== undefined) onCurve(name, curve);
  }, [name, curve]);
  return null;
}

function entriesOf<T extends string>(texts: Readonly<Record<T, string>>): readonly (readonly [T, string])[] {
  return Object.entries(texts) as [T, string][];
}

function bestHeldOut(curve: Curve | undefined): number | undefined {
  const losses = (curve?.evals ?? []).flatMap(({ loss }) => (loss === null ? [] : [loss]));
  return losses.length === 0 ? undefined : Math.min(...losses);
}

function numberText(value: number | undefined): string {
  return value === undefined ? '–' : digits(value);
}
