/**
 * The loss so far, drawn with text (asciichart). The width stands for the whole run, so the curve grows to the right as
 * the run goes on. The steep fall of the first tenth would flatten all that follows, so the scale is that of the rest,
 * and what lies above is drawn at the top.
 */

import asciichart from 'asciichart';

/** Collects losses and draws them. */
export interface LossCurve {
  /** Adds the loss after `step` steps. */
  add(step: number, loss: number): void;
  /** The lines of the chart, always `height` of them, or none while there are fewer than two columns. */
  draw(options: { readonly steps: number; readonly width: number; readonly height: number }): string[];
}

/** When there are more points than this, each is made to stand for twice as many steps: no terminal is so wide. */
const MAX_POINTS = 4096;
const LABEL_WIDTH = 8;

interface Point {
  readonly step: number;
  readonly loss: number;
}

/** An empty curve. */
export function createLossCurve(): LossCurve {
  let points: Point[] = [];
  let stepsInPoint = 1;
  let sum = 0;
  let count = 0;
  return {
    add(step, loss) {
      if (!Number.isFinite(loss)) return;
      sum += loss;
      count++;
      if (count < stepsInPoint) return;
      points.push({ step, loss: sum / count });
      sum = 0;
      count = 0;
      if (points.length < MAX_POINTS) return;
      points = mergePairs(points);
      stepsInPoint *= 2;
    },
    draw({ steps, width, height }) {
      const columns = columnMeans(points, Math.max(steps, points.at(-1)?.step ?? 1), Math.max(2, width - LABEL_WIDTH));
      if (columns.length < 2) return [];
      const settled = columns.slice(Math.floor(columns.length / 10));
      const [low, high] = [Math.min(...settled), Math.max(...settled)];
      // In rows from 1 up, as the chart rounds to whole ones and draws an axis through 0.
      const perRow = (high - low) / (height - 1) || 1;
      const plot = asciichart.plot(
        columns.map((loss) => 1 + (Math.min(loss, high) - low) / perRow),
        { height: height - 1, min: 1, max: height, format: (row) => (low + (row - 1) * perRow).toFixed(2).padStart(LABEL_WIDTH - 2) },
      );
      return plot.split('\n').map((line) => line.trimEnd());
    },
  };
}

/** Mean loss of the points in each column; a column without points continues the one before it. */
function columnMeans(points: readonly Point[], steps: number, width: number): number[] {
  const sums: { sum: number; count: number }[] = [];
  for (const { step, loss } of points) {
    const column = Math.min(width - 1, Math.floor(((step - 1) / steps) * width));
    while (sums.length <= column) sums.push({ sum: 0, count: 0 });
    const cell = sums[column];
    if (cell === undefined) continue;
    cell.sum += loss;
    cell.count++;
  }
  let last = points[0]?.loss ?? 0;
  return sums.map(({ sum, count }) => {
    if (count > 0) last = sum / count;
    return last;
  });
}

function mergePairs(points: readonly Point[]): Point[] {
  const merged: Point[] = [];
  for (let index = 0; index + 1 < points.length; index += 2) {
    const [a, b] = [points[index], points[index + 1]];
    if (a !== undefined && b !== undefined) merged.push({ step: b.step, loss: (a.loss + b.loss) / 2 });
  }
  return merged;
}
