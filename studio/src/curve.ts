/** A learning curve as columns, grown by the records that come in. */

import type { PageMetrics } from '../../src/serve/index.ts';

type Metric = PageMetrics['records'][number];
export type StepMetric = Extract<Metric, { kind: 'step' }>;
export type EvalMetric = Extract<Metric, { kind: 'eval' }>;
export type SampleMetric = Extract<Metric, { kind: 'sample' }>;

/** All that is known of a run's training so far, each list by step. */
export interface Curve {
  readonly steps: readonly StepMetric[];
  readonly evals: readonly EvalMetric[];
  readonly samples: readonly SampleMetric[];
}

export const EMPTY_CURVE: Curve = { steps: [], evals: [], samples: [] };

/** The curve with more records. A step that is not behind the last one of its kind takes the place of what came after it: the run was resumed from there. */
export function extendCurve(curve: Curve, records: readonly Metric[]): Curve {
  if (records.length === 0) return curve;
  const steps = [...curve.steps];
  const evals = [...curve.evals];
  const samples = [...curve.samples];
  for (const record of records) {
    if (record.kind === 'step') {
      rewind(steps, record.step);
      rewind(evals, record.step + 1);
      rewind(samples, record.step + 1);
      steps.push(record);
    } else if (record.kind === 'eval') {
      rewind(evals, record.step);
      evals.push(record);
    } else {
      samples.push(record);
    }
  }
  return { steps, evals, samples };
}

function rewind(list: { readonly step: number }[], step: number): void {
  while ((list.at(-1)?.step ?? -Infinity) >= step) list.pop();
}

/**
 * Exponential moving average that does not lean on its start (as TensorBoard smooths).
 *
 * @param weight - share of the past, from 0 (none) towards 1
 */
export function smooth(values: readonly (number | null)[], weight: number): (number | null)[] {
  let average = 0;
  let mass = 0;
  return values.map((value) => {
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return average / mass;
  });
}
