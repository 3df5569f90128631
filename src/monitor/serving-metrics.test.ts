import { register } from 'prom-client';
import { expect, test } from 'vitest';

import { createServingMetrics } from './serving-metrics.ts';
import { countsOf, sumMetrics } from './summed-metrics.ts';

/** The samples of a text in Prometheus' exposition format. */
function samples(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

test('a finished generation is counted under the names that dashboards know', async () => {
  const metrics = createServingMetrics();
  metrics.load('m', { running: 1, waiting: 2 });
  metrics.token('m', undefined);
  metrics.token('m', 0.02);
  metrics.finished('m', {
    reason: 'stop',
    promptTokens: 5,
    generatedTokens: 2,
    totalSeconds: 0.75,
    queueSeconds: 0.25,
    prefillSeconds: 0.125,
  });
  const found = samples(await metrics.text());
  const m = '{model_name="m"}';
  expect(Object.fromEntries([...found].filter(([name]) => !name.includes('_bucket')))).toEqual({
    [`llm_num_requests_running${m}`]: 1,
    [`llm_num_requests_waiting${m}`]: 2,
    [`llm_prompt_tokens_total${m}`]: 5,
    [`llm_generation_tokens_total${m}`]: 2,
    'llm_request_success_total{model_name="m",finished_reason="stop"}': 1,
    [`llm_time_to_first_token_seconds_sum${m}`]: 0.375,
    [`llm_time_to_first_token_seconds_count${m}`]: 1,
    [`llm_inter_token_latency_seconds_sum${m}`]: 0.02,
    [`llm_inter_token_latency_seconds_count${m}`]: 1,
    [`llm_e2e_request_latency_seconds_sum${m}`]: 0.75,
    [`llm_e2e_request_latency_seconds_count${m}`]: 1,
    [`llm_request_queue_time_seconds_sum${m}`]: 0.25,
    [`llm_request_queue_time_seconds_count${m}`]: 1,
    [`llm_request_prefill_time_seconds_sum${m}`]: 0.125,
    [`llm_request_prefill_time_seconds_count${m}`]: 1,
    [`llm_request_decode_time_seconds_sum${m}`]: 0.375,
    [`llm_request_decode_time_seconds_count${m}`]: 1,
    [`llm_request_prompt_tokens_sum${m}`]: 5,
    [`llm_request_prompt_tokens_count${m}`]: 1,
    [`llm_request_generation_tokens_sum${m}`]: 2,
    [`llm_request_generation_tokens_count${m}`]: 1,
  });
});

test('answers are counted, and a process that told nothing of itself has no memory at all', async () => {
  const metrics = createServingMetrics();
  metrics.answered({ route: '/v1/models/*', method: 'GET', status: 200 });
  metrics.answered({ route: '/v1/models/*', method: 'GET', status: 200 });
  expect([...samples(await metrics.text())]).toEqual([['llm_http_responses_total{route="/v1/models/*",method="GET",status="200"}', 2]]);
  metrics.process({ eventLoopDelay: 0.25, residentMemory: 4096 });
  const found = samples(await metrics.text());
  expect([found.get('llm_event_loop_delay_p99_seconds'), found.get('process_resident_memory_bytes')]).toEqual([0.25, 4096]);
});

test('of several processes, answers and memory add up, and the delay is the longest', async () => {
  const [a, b] = [createServingMetrics(), createServingMetrics()];
  const answer = { route: '/health', method: 'GET', status: 200 };
  for (const one of [a, b, b]) one.answered(answer);
  a.answered({ ...answer, status: 503 });
  a.process({ eventLoopDelay: 0.5, residentMemory: 1000 });
  b.process({ eventLoopDelay: 0.25, residentMemory: 500 });
  const { text, values } = await sumMetrics([[], await a.values(), await b.values()]);
  expect([...samples(text)]).toEqual([
    ['llm_http_responses_total{route="/health",method="GET",status="200"}', 3],
    ['llm_http_responses_total{route="/health",method="GET",status="503"}', 1],
    ['llm_event_loop_delay_p99_seconds', 0.5],
    ['process_resident_memory_bytes', 1500],
  ]);
  // Of one that ended, the answers stay.
  const later = await sumMetrics([countsOf(values), await b.values()]);
  expect(samples(later.text).get('process_resident_memory_bytes')).toBe(500);
  expect(samples(later.text).get('llm_http_responses_total{route="/health",method="GET",status="200"}')).toBe(5);
});

test('a generation without a token has no time to its first', async () => {
  const metrics = createServingMetrics();
  metrics.finished('m', {
    reason: 'abort',
    promptTokens: 5,
    generatedTokens: 0,
    totalSeconds: 1,
    queueSeconds: 1,
    prefillSeconds: undefined,
  });
  const found = samples(await metrics.text());
  expect(found.get('llm_request_success_total{model_name="m",finished_reason="abort"}')).toBe(1);
  expect(found.has('llm_time_to_first_token_seconds_count{model_name="m"}')).toBe(false);
});

test('two servers count apart, and the global registry stays empty', async () => {
  const [a, b] = [createServingMetrics(), createServingMetrics()];
  a.token('m', undefined);
  expect(samples(await a.text()).get('llm_generation_tokens_total{model_name="m"}')).toBe(1);
  expect(samples(await b.text()).has('llm_generation_tokens_total{model_name="m"}')).toBe(false);
  expect(register.getMetricsAsArray()).toEqual([]);
});
