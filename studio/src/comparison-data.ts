/** Curves of several runs over one axis, as columns for a chart. */

import uPlot from 'uplot';

import { smooth } from './curve.ts';
import type { Curve } from './curve.ts';

/** What can be compared. */
export const MEASURES = {
  loss: 'Loss',
  heldOut: 'Held-out',
  learningRate: 'Learning rate',
  gradientNorm: 'Gradient norm',
  tokensPerSecond: 'Tokens/s',
} as const;
export type Measure = keyof typeof MEASURES;

/** Over what. */
export const AXES = { step: 'Steps', tokensSeen: 'Tokens', seconds: 'Time' } as const;
export type Axis = keyof typeof AXES;

/** A line has at most so many points; a screen shows no more. */
const MOST_POINTS = 2000;

/** What is drawn of a curve. */
export interface LineOptions {
  readonly measure: Measure;
  readonly axis: Axis;
  /** Share of the past in the smoothed value; see `smooth`. Held-out losses are few and stay as they are. */
  readonly weight: number;
}

/** One curve as places, ever larger, and values. */
export function lineOf(curve: Curve, { measure, axis, weight }: LineOptions): readonly [number[], (number | null)[]] {
  const all = measure === 'heldOut' ? heldOut(curve, axis) : steps(curve, { measure, axis, weight });
  const stride = Math.ceil(all.length / MOST_POINTS);
  const points = all.filter((_, index) => index % stride === 0 || index === all.length - 1);
  // A chart wants places that grow; a run that was resumed may tell a time twice.
  let last = -Infinity;
  const growing = points.filter(({ at }) => {
    const grows = at > last;
    if (grows) last = at;
    return grows;
  });
  return [growing.map(({ at }) => at), growing.map(({ value }) => value)];
}

interface Point {
  readonly at: number;
  readonly value: number | null;
}

function steps(curve: Curve, { measure, axis, weight }: LineOptions & { readonly measure: Exclude<Measure, 'heldOut'> }): Point[] {
  const raw = curve.steps.map((step) => step[measure] ?? null);
  const values = measure === 'learningRate' ? raw : smooth(raw, weight);
  return curve.steps.map((step, index) => ({ at: step[axis] ?? step.step, value: values[index] ?? null }));
}

/** Held-out numbers know only their step; they stand where that step stands. */
function heldOut({ steps: all, evals }: Curve, axis: Axis): Point[] {
  let next = 0;
  return evals.map(({ step, loss }) => {
    while (next < all.length - 1 && (all[next]?.step ?? 0) < step) next++;
    return { at: axis === 'step' ? step : (all[next]?.[axis] ?? step), value: loss };
  });
}

/** All curves over the places of any of them. */
export function layOver(curves: readonly Curve[], options: LineOptions): uPlot.AlignedData {
  const lines = curves.map((curve) => lineOf(curve, options) as unknown as uPlot.AlignedData);
  return lines.length === 0 ? [[]] : uPlot.join(lines);
}

/** The last value of a column up to `index`. */
export function valueAt(column: ArrayLike<number | null | undefined> | undefined, index: number): number | undefined {
  for (let at = Math.min(index, (column?.length ?? 0) - 1); at >= 0; at--) {
    const value = column?.[at];
    if (value != null) return value;
  }
  return undefined;
}
