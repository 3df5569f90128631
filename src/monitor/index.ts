export { readMetrics } from './metrics-file.ts';
export type { EvalRecord, MetricsChunk, MetricsRecord, ReadMetricsOptions, SampleRecord, StepRecord } from './metrics-file.ts';
export { openRuns } from './runs.ts';
export type { RunSummary, Runs } from './runs.ts';
export { createServingMetrics } from './serving-metrics.ts';
export type { FinishedReason, RequestRecord, ServingMetrics } from './serving-metrics.ts';
export { createSpanExporter } from './span-exporter.ts';
export type { Span, SpanExporter, SpanExporterOptions } from './span-exporter.ts';
