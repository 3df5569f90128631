/**
 * Bodies at random to every route: does the server answer each with something else than 500, and go on?
 *
 *   npx tsx bench/serve/fuzz.ts [BODIES] [SEED]
 */

import fc from 'fast-check';

import { realModel } from '../../src/serve/real-model.fixture.ts';
import { createApp } from '../../src/serve/index.ts';

const [count = '10000', seed = '1'] = process.argv.slice(2);
const ROUTES = [
  '/v1/completions',
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/embeddings',
  '/tokenize',
  '/detokenize',
  '/api/generate',
  '/api/explain',
  '/api/attention',
];
const KEYS =
  'prompt messages input content tokens model max_tokens max_completion_tokens max_output_tokens temperature top_p top_k min_p stop n logprobs top_logprobs stream stream_options echo seed tools tool_choice response_format structured_outputs grammar logit_bias presence_penalty frequency_penalty repetition_penalty min_tokens ignore_eos stop_token_ids add_special_tokens chat_template_kwargs use_beam_search length_penalty encoding_format dimensions text instructions type train layer chosen x'.split(
    ' ',
  );
const message = fc.record(
  { role: fc.constantFrom('user', 'assistant', 'system', 'tool', 'x'), content: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 2 })) },
  { requiredKeys: ['role'] },
);
const schema = fc.dictionary(
  fc.constantFrom('type', 'properties', 'items', 'enum', 'pattern', '$ref', 'minimum', 'maxLength', 'anyOf', 'not', 'required'),
  fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('object', 'string', '(a+)+', '#', [], {})),
);
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom('a', 1, 0, -1, 5, 1e308, true, ['a'], [1], [[1]], '', [], {}, 'json_object', 'the cat', 'small'),
  fc.array(message, { maxLength: 3 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  schema.map((inside) => ({ type: 'json_schema', json_schema: { name: 'a', schema: inside } })),
  schema.map((inside) => [{ type: 'function', function: { name: 'f', parameters: inside } }]),
  fc.record({ regex: fc.oneof(fc.string(), fc.constantFrom('(a|a)*b', '[', '(a{9}){9}')) }),
);
const likely = fc.constantFrom<Readonly<Record<string, unknown>>>(
  { prompt: 'the cat', max_tokens: 3 },
  { messages: [{ role: 'user', content: 'hi' }], max_tokens: 3 },
  { input: 'the cat' },
  { content: 'the cat' },
  { tokens: [1, 2] },
  {},
);
const body = fc.oneof(
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 2, arbitrary: fc.json() },
  {
    weight: 7,
    arbitrary: fc
      .tuple(likely, fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 4 }))
      .map(([base, more]) => JSON.stringify({ ...base, ...more })),
  },
);

const model = await realModel({ text: 'the cat sat on the mat', vocabSize: 280, contextLength: 64 });
const app = await createApp({ models: [model], graceSeconds: 0, bodyLimit: 1 << 16 });
const statuses = new Map<number, number>();
let slowest = 0;
let failed = 0;
for (const [url, payload] of fc.sample(fc.tuple(fc.constantFrom(...ROUTES), body), { numRuns: Number(count), seed: Number(seed) })) {
  const start = performance.now();
  const answer = await app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } });
  slowest = Math.max(slowest, performance.now() - start);
  statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
  if (answer.statusCode < 500) continue;
  failed++;
  console.log(answer.statusCode, url, payload.slice(0, 300), answer.body.slice(0, 200));
}
const health = await app.inject('/health');
const { running, waiting } = model.status?.() ?? { running: -1, waiting: -1 };
console.log(
  `${count} bodies, seed ${seed}: statuses ${JSON.stringify(Object.fromEntries([...statuses].toSorted(([a], [b]) => a - b)))}, ` +
    `slowest ${slowest.toFixed(0)} ms; afterwards health ${health.statusCode}, ${running} running, ${waiting} waiting`,
);
await app.close();
await model.close();
process.exitCode = failed === 0 ? 0 : 1;
