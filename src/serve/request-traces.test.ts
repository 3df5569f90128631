/** Traces as a collector gets them: a real HTTP server takes what is sent. */

import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { recordUsage } from './accounting.ts';
import { createApp } from './app.ts';
import { fakeModel } from './fake-model.fixture.ts';
import { serve } from './serve.ts';
import { readTraceparent } from './trace-context.ts';

interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: unknown }[];
  readonly status: object;
}
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: WireSpan['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

let collector: Server;
let endpoint = '';
let taken: { readonly url: string | undefined; readonly type: string | undefined; readonly body: Export }[] = [];
let status = 200;
beforeEach(async () => {
  taken = [];
  status = 200;
  collector = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      taken.push({ url: request.url, type: request.headers['content-type'], body: JSON.parse(text) as Export });
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});
afterEach(async () => {
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
});

const spans = (): readonly WireSpan[] =>
  taken.flatMap(({ body }) => body.resourceSpans.flatMap((one) => one.scopeSpans.flatMap((two) => two.spans)));
const values = (span: WireSpan | undefined): Readonly<Record<string, unknown>> =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, value]));
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('a span for each request', () => {
  test('is part of the trace of who asked, and says what the model did', async () => {
    const server = await serve(fakeModel(), {
      port: 0,
      host: '127.0.0.1',
      graceSeconds: 0,
      otelEndpoint: `${endpoint}/`,
      clock: () => 1_700_000_000_000.25,
    });
    // As a route does that tells what it took.
    const secret = 'the prince of denmark';
    const answer = await fetch(`${server.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${PARENT}-01` },
      body: JSON.stringify({ prompt: secret, max_tokens: 2, model: 'fake' }),
    });
    await answer.text();
    await fetch(`${server.url}/health`);
    await server.close();
    expect(taken).toHaveLength(1);
    expect(taken[0]).toMatchObject({
      url: '/v1/traces',
      type: 'application/json',
      body: {
        resourceSpans: [
          { resource: { attributes: expect.arrayContaining([{ key: 'service.name', value: { stringValue: 'weft' } }]) as unknown } },
        ],
      },
    });
    expect(spans()).toHaveLength(1);
    const [span] = spans();
    expect(span).toMatchObject({
      traceId: TRACE,
      parentSpanId: PARENT,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      kind: 2,
      startTimeUnixNano: '1700000000000250000',
      status: {},
    });
    expect(BigInt(span?.endTimeUnixNano ?? 0)).toBeGreaterThan(1_700_000_000_000_250_000n);
    expect(values(span)).toMatchObject({
      'http.request.method': { stringValue: 'POST' },
      'http.route': { stringValue: '/v1/completions' },
      'http.response.status_code': { intValue: '200' },
      'server.address': { stringValue: '127.0.0.1' },
      'server.port': { intValue: new URL(server.url).port },
      'gen_ai.operation.name': { stringValue: 'text_completion' },
      'gen_ai.request.model': { stringValue: 'fake' },
      'weft.request_id': { stringValue: answer.headers.get('x-request-id') },
      'weft.key': { stringValue: 'anyone' },
    });
    expect(JSON.stringify(taken)).not.toContain('denmark');
  });

  test('has the tokens and the end when the route tells them', async () => {
    const app = await createApp({ models: [fakeModel()], otelEndpoint: endpoint });
    app.addHook('preHandler', async (request) => {
      if (request.routeOptions.url === '/v1/completions')
        recordUsage(request, { model: 'fake', promptTokens: 3, completionTokens: 2, finishReasons: ['length'] });
    });
    await app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'abc', max_tokens: 2 } });
    await app.close();
    expect(spans()[0]?.name).toBe('text_completion fake');
    expect(values(spans()[0])).toMatchObject({
      'gen_ai.response.model': { stringValue: 'fake' },
      'gen_ai.usage.input_tokens': { intValue: '3' },
      'gen_ai.usage.output_tokens': { intValue: '2' },
      'gen_ai.response.finish_reasons': { arrayValue: { values: [{ stringValue: 'length' }] } },
    });
  });

  test('begins a trace without a parent, and says what went wrong', async () => {
    const app = await createApp({ models: [fakeModel()], otelEndpoint: endpoint });
    app.get('/broken', () => {
      throw new Error('a secret fault');
    });
    await app.inject('/broken');
    await app.inject('/nowhere');
    await app.close();
    const [broken, nowhere] = spans();
    expect(broken).toMatchObject({
      name: 'GET /broken',
      status: { code: 2, message: '500' },
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    });
    expect(broken).not.toHaveProperty('parentSpanId');
    expect(values(broken)).toMatchObject({ 'error.type': { stringValue: '500' } });
    expect(nowhere).toMatchObject({ name: 'GET', status: {} });
    expect(values(nowhere)).toMatchObject({ 'error.type': { stringValue: '404' } });
    expect(JSON.stringify(taken)).not.toContain('secret');
  });

  test('is none when the asking program records none', async () => {
    const app = await createApp({ models: [fakeModel()], otelEndpoint: endpoint });
    await app.inject({ url: '/v1/models', headers: { traceparent: `00-${TRACE}-${PARENT}-00` } });
    await app.close();
    expect(spans()).toEqual([]);
  });

  test('is dropped and told of when the collector does not take it, and no request minds', async () => {
    let text = '';
    status = 500;
    const app = await createApp({ models: [fakeModel()], otelEndpoint: endpoint, log: { write: (line) => void (text += line) } });
    expect((await app.inject('/v1/models')).statusCode).toBe(200);
    await app.close();
    expect(text).toContain('the collector answered 500');
    const away = await createApp({
      models: [fakeModel()],
      otelEndpoint: 'http://127.0.0.1:1',
      log: { write: (line) => void (text += line) },
    });
    expect((await away.inject('/v1/models')).statusCode).toBe(200);
    await away.close();
    expect(text).toMatch(/"reason":"[^"]*(?:ECONNREFUSED|bad port|fetch failed)/);
  });

  test('a collector that is no address is refused', async () => {
    await expect(createApp({ otelEndpoint: 'localhost:4318' })).rejects.toMatchObject({ code: 'WEFT_SERVE_OPTION' });
  });
});

// The examples of https://www.w3.org/TR/trace-context/, sections 3.2 and 4.
test.for([
  [`00-${TRACE}-${PARENT}-01`, { traceId: TRACE, parentSpanId: PARENT, sampled: true }],
  [`00-${TRACE}-${PARENT}-00`, { traceId: TRACE, parentSpanId: PARENT, sampled: false }],
  [`cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`, { traceId: TRACE, parentSpanId: PARENT, sampled: true }],
  [`00-${TRACE}-${PARENT}-01-more`, undefined],
  [`ff-${TRACE}-${PARENT}-01`, undefined],
  [`00-${'0'.repeat(32)}-${PARENT}-01`, undefined],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
  [`00-${TRACE.toUpperCase()}-${PARENT}-01`, undefined],
  [`00-${TRACE}-${PARENT}`, undefined],
  ['', undefined],
  [undefined, undefined],
] as const)('traceparent %s', ([header, context]) => {
  expect(readTraceparent(header)).toEqual(context);
});
