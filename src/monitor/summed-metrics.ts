/** Counters of several processes as one: each sends its values, and somebody adds them up. */

import { AggregatorRegistry } from 'prom-client';
import type { PrometheusContentType } from 'prom-client';

/** The values of one server, as {@link ServingMetrics.values} gives them and JSON carries them. */
export type MetricValues = readonly { readonly type?: unknown }[];

/**
 * The values of several processes added up: counters, histograms and gauges alike.
 *
 * @example
 * ```ts
 * import { createServingMetrics, sumMetrics } from 'weft/monitor';
 *
 * const [a, b] = [createServingMetrics(), createServingMetrics()];
 * a.load('tiny', { running: 1, waiting: 0 });
 * b.load('tiny', { running: 2, waiting: 0 });
 * const sum = await sumMetrics([await a.values(), await b.values()]);
 * console.log(sum.text.includes('llm_num_requests_running{model_name="tiny"} 3')); // true
 * ```
 */
export async function sumMetrics(processes: readonly MetricValues[]): Promise<{ readonly text: string; readonly values: MetricValues }> {
  const sum = AggregatorRegistry.aggregate<PrometheusContentType>(processes.map((values) => [...values]));
  return { text: await sum.metrics(), values: (await sum.getMetricsAsJSON()) as unknown as MetricValues };
}

/** What stays true of a process that has ended: what it counted, not what it was doing. */
export function countsOf(values: MetricValues): MetricValues {
  return values.filter(({ type }) => type !== 'gauge');
}
