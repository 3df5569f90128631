/**
 * What was served, counted for Prometheus. Names are vLLM's with the prefix `llm_`
 * (https://docs.vllm.ai/en/latest/design/metrics/; promtool refuses the ':' of vLLM's own prefix).
 *
 * Decided: every server has its own registry, so that two in one process do not mix and importing changes nothing.
 */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { ProcessHealth } from './process-health.ts';
import type { MetricValues } from './summed-metrics.ts';

/** Why a generation ended. */
export type FinishedReason = 'stop' | 'length' | 'abort' | 'error';

/** Times and sizes of one finished generation, in seconds and tokens. */
export interface RequestRecord {
  readonly reason: FinishedReason;
  readonly promptTokens: number;
  readonly generatedTokens: number;
  /** From arrival to the last token. */
  readonly totalSeconds: number;
  /** From arrival to the start of the work. */
  readonly queueSeconds: number;
  /** From the start of the work to the first token; undefined when none came. */
  readonly prefillSeconds: number | undefined;
}

/** The state of an engine that batches. */
export interface EngineCounts {
  readonly blocksUsed: number;
  readonly blocks: number;
  /** Tokens of prompts that were looked up, and found. */
  readonly prefixQueries: number;
  readonly prefixHits: number;
  readonly preemptions: number;
}

/** An answer over HTTP. Each member has few values: they are labels. */
export interface AnswerRecord {
  /** The pattern of the route, e.g. `/v1/models/*`. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
}

/** Counters of one server: see {@link createServingMetrics}. */
export interface ServingMetrics {
  /** How many requests run and wait at this moment. */
  load(model: string, requests: { readonly running: number; readonly waiting: number }): void;
  /** One token came; `gapSeconds` since the one before, undefined for the first. */
  token(model: string, gapSeconds: number | undefined): void;
  /** One generation ended. */
  finished(model: string, request: RequestRecord): void;
  /** Somebody liked an answer, or did not. */
  feedback(rating: 'up' | 'down'): void;
  /** What a model's engine says of itself; counts are totals since it was made. */
  engine(model: string, engine: EngineCounts): void;
  /** One answer ended. */
  answered(answer: AnswerRecord): void;
  /** How the process is. */
  process(health: ProcessHealth): void;
  /** The Prometheus text format, and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
  /** The values as plain data, for {@link sumMetrics}. */
  values(): Promise<MetricValues>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const TOKENS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/**
 * Counters with a registry of their own.
 *
 * @example
 * ```ts
 * import { createServingMetrics } from 'weft/monitor';
 *
 * const metrics = createServingMetrics();
 * metrics.load('tiny', { running: 1, waiting: 0 });
 * console.log((await metrics.text()).includes('llm_num_requests_running{model_name="tiny"} 1')); // true
 * ```
 */
export function createServingMetrics(): ServingMetrics {
  const registry = new Registry();
  const labelNames = ['model_name'] as const;
  const registers = [registry];
  const gauge = (name: string, help: string, aggregator: 'sum' | 'average' = 'sum'): Gauge<'model_name'> =>
    new Gauge({ name: `llm_${name}`, help, labelNames, registers, aggregator });
  const counter = (name: string, help: string): Counter<'model_name'> => new Counter({ name: `llm_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string): Histogram<'model_name'> =>
    new Histogram({ name: `llm_${name}`, help, labelNames, registers, buckets: name.endsWith('_seconds') ? SECONDS : TOKENS });

  const running = gauge('num_requests_running', 'Requests being generated.');
  const waiting = gauge('num_requests_waiting', 'Requests in the queue.');
  const cacheUse = gauge(
    'kv_cache_usage_perc',
    'Share of the blocks of keys and values in use or kept for prompts to come, 0 to 1.',
    'average',
  );
  const queries = counter('prefix_cache_queries', 'Tokens of prompts that were looked up among those kept.');
  const hits = counter('prefix_cache_hits', 'Tokens of prompts that were found.');
  const preemptions = counter('num_preemptions_total', 'Sequences that gave way when memory ran out.');
  const told = new Map<string, EngineCounts>();
  const promptTokens = counter('prompt_tokens_total', 'Prompt tokens of finished generations.');
  const generationTokens = counter('generation_tokens_total', 'Tokens generated.');
  const success = new Counter({
    name: 'llm_request_success_total',
    help: 'Generations that ended, by reason.',
    labelNames: ['model_name', 'finished_reason'],
    registers,
  });
  const opinions = new Counter({ name: 'llm_feedback_total', help: 'Opinions of answers.', labelNames: ['rating'], registers });
  const answers = new Counter({
    name: 'llm_http_responses_total',
    help: 'Answers over HTTP, by route, method and status; 499 where the client left.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const delay = new Gauge({
    name: 'llm_event_loop_delay_p99_seconds',
    help: 'How late the event loop came since the last scrape, 99th percentile; the largest of several processes.',
    registers,
    aggregator: 'max',
  });
  const memory = new Gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory size in bytes.', registers, aggregator: 'sum' });
  for (const one of [delay, memory]) one.remove(); // Nobody has told yet: that is not 0.
  const firstToken = histogram('time_to_first_token_seconds', 'From arrival to the first token.');
  const interToken = histogram('inter_token_latency_seconds', 'Between one token and the next.');
  const endToEnd = histogram('e2e_request_latency_seconds', 'From arrival to the last token.');
  const queueTime = histogram('request_queue_time_seconds', 'From arrival to the start of the work.');
  const prefillTime = histogram('request_prefill_time_seconds', 'From the start of the work to the first token.');
  const decodeTime = histogram('request_decode_time_seconds', 'From the first token to the last.');
  const promptSize = histogram('request_prompt_tokens', 'Prompt tokens of a generation.');
  const generatedSize = histogram('request_generation_tokens', 'Tokens generated for a generation.');

  return {
    load(model, requests) {
      running.set({ model_name: model }, requests.running);
      waiting.set({ model_name: model }, requests.waiting);
    },
    token(model, gapSeconds) {
      generationTokens.inc({ model_name: model });
      if (gapSeconds !== undefined) interToken.observe({ model_name: model }, gapSeconds);
    },
    finished(model, request) {
      const label = { model_name: model };
      success.inc({ ...label, finished_reason: request.reason });
      promptTokens.inc(label, request.promptTokens);
      promptSize.observe(label, request.promptTokens);
      generatedSize.observe(label, request.generatedTokens);
      endToEnd.observe(label, request.totalSeconds);
      queueTime.observe(label, request.queueSeconds);
      if (request.prefillSeconds === undefined) return;
      prefillTime.observe(label, request.prefillSeconds);
      firstToken.observe(label, request.queueSeconds + request.prefillSeconds);
      decodeTime.observe(label, request.totalSeconds - request.queueSeconds - request.prefillSeconds);
    },
    feedback: (rating) => opinions.inc({ rating }),
    answered: ({ route, method, status }) => answers.inc({ route, method, status: String(status) }),
    process({ eventLoopDelay, residentMemory }) {
      delay.set(eventLoopDelay);
      memory.set(residentMemory);
    },
    engine(model, counts) {
      const label = { model_name: model };
      const before = told.get(model);
      told.set(model, counts);
      cacheUse.set(label, counts.blocks === 0 ? 0 : counts.blocksUsed / counts.blocks);
      // A model that was loaded anew counts from nothing.
      const grown = (of: 'prefixQueries' | 'prefixHits' | 'preemptions'): number =>
        counts[of] < (before?.[of] ?? 0) ? counts[of] : counts[of] - (before?.[of] ?? 0);
      queries.inc(label, grown('prefixQueries'));
      hits.inc(label, grown('prefixHits'));
      preemptions.inc(label, grown('preemptions'));
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    values: () => registry.getMetricsAsJSON(),
  };
}
