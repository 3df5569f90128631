/** A search as lines: its trials in a table, and the best loss over trials as a plot. */

import asciichart from 'asciichart';

import type { ParameterValue, Trial, TrialStatus } from '../../workflows/index.ts';
import { cutCells, padCells } from './cells.ts';
import { compact, whole } from './numbers.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';

const STATUS: { readonly [S in TrialStatus]: string } = {
  waiting: 'stopped early',
  running: 'running',
  done: 'done',
  diverged: 'diverged',
  failed: 'failed',
};

const PLOT_HEIGHT = 8;
const LABEL_WIDTH = 8;
const MOST_COLUMNS = 64;

/** The values of a trial as text: `learningRate 3.10e-3, optimizer muon`. */
export function valuesText(values: Readonly<Record<string, ParameterValue>>): string {
  return printable(
    Object.entries(values)
      .map(([path, value]) => `${path.slice(path.lastIndexOf('.') + 1)} ${valueText(value)}`)
      .join(', '),
  );
}

function valueText(value: ParameterValue): string {
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value);
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 0.01 ? value.toExponential(2) : value.toPrecision(3);
}

/** A loss, or a dash where there is none. */
export function lossText(loss: number): string {
  return Number.isFinite(loss) ? loss.toFixed(4) : '–';
}

/** Rows of a table of trials under a head, each cut to `width`. */
export function trialTable(trials: readonly Trial[], { style, width }: { readonly style: Style; readonly width: number }): string[] {
  const head = ` trial   ${'loss'.padStart(7)}   ${'steps'.padStart(6)}   ${'state'.padEnd(13)}   values`;
  const rows = trials.map(({ id, loss, steps, status, values, message }) => {
    const first = `${String(id).padStart(6)}   ${lossText(loss).padStart(7)}   ${whole(steps).padStart(6)}   ${padCells(STATUS[status], 13)}   `;
    const text = status === 'failed' && message !== undefined ? printable(message.replaceAll('\n', ' ')) : valuesText(values);
    const row = cutCells(first + text, width);
    return status === 'failed' || status === 'diverged' ? style.dim(row) : row;
  });
  return [style.dim(cutCells(head, width)), ...rows];
}

/** The least loss so far over the trials, in the order in which they began. Nothing while none was better than the first. */
export function bestLossPlot(trials: readonly Trial[], width: number): string[] {
  let least = Infinity;
  const best = trials.map(({ loss }) => (least = Math.min(least, loss))).filter((loss) => Number.isFinite(loss));
  const [first, last] = [best[0], best.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const columns = Math.max(2, Math.min(MOST_COLUMNS, width - LABEL_WIDTH - 2));
  const series = Array.from({ length: columns }, (_, column) => best[Math.floor((column * best.length) / columns)] ?? last);
  // In rows from 1 up, as the chart rounds to whole ones and draws an axis through 0.
  const perRow = (first - last) / (PLOT_HEIGHT - 1);
  const plot = asciichart.plot(
    series.map((loss) => 1 + (loss - last) / perRow),
    {
      height: PLOT_HEIGHT - 1,
      min: 1,
      max: PLOT_HEIGHT,
      format: (row) => (last + (row - 1) * perRow).toFixed(3).padStart(LABEL_WIDTH - 2),
    },
  );
  return [...plot.split('\n').map((line) => line.trimEnd()), `${' '.repeat(LABEL_WIDTH)}best loss over ${compact(trials.length)} trials`];
}
