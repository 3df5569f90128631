import { appendFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';

import type { TextModel } from '../generate/index.ts';
import { createApp } from './app.ts';
import { fakeModel } from './fake-model.fixture.ts';
import type { PageEvent } from './page-api.ts';
import { createGate, eventsOf, serving } from './serving.fixture.ts';

/** Waits until so many requests are in the queue. */
async function waits(app: FastifyInstance, count: number): Promise<void> {
  const line = `llm_num_requests_waiting{model_name="fake"} ${count}`;
  while (!(await app.inject('/metrics')).body.includes(line)) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('operations', () => {
  test('the models, as OpenAI’s clients list them', async () => {
    const app = await createApp({
      models: [fakeModel({ name: 'a' }), fakeModel({ name: 'org/b', contextLength: 64 })],
      clock: () => 1_700_000_000_000,
    });
    const list = (await app.inject('/v1/models')).json<{ data: { id: string }[] }>();
    expect(list).toMatchObject({
      object: 'list',
      data: [
        { id: 'a', object: 'model', created: 1_700_000_000, owned_by: 'weft' },
        { id: 'org/b', max_model_len: 64 },
      ],
    });
    expect((await app.inject('/v1/models/org/b')).json()).toEqual(list.data[1]);
    expect((await app.inject('/v1/models/c')).statusCode).toBe(404);
    await app.close();
  });

  test('two models: each answers to its name, the first when none is named', async () => {
    const [a, b] = [fakeModel({ name: 'a' }), fakeModel({ name: 'b' })];
    const app = await createApp({ models: [a, b] });
    for (const model of ['b', undefined, 'a'])
      await app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'x', max_tokens: 1, model } });
    expect([a.log.prompts.length, b.log.prompts.length]).toEqual([2, 1]);
    await app.close();
  });

  test('health is 503 while the model loads, 200 then', async () => {
    let loaded: (models: readonly TextModel[]) => void = () => undefined;
    const app = await createApp({ models: new Promise<readonly TextModel[]>((resolve) => (loaded = resolve)) });
    const ask = async (url: string): Promise<number> => (await app.inject(url)).statusCode;
    expect([await ask('/health'), await ask('/v1/health/ready'), await ask('/v1/health/live')]).toEqual([503, 503, 200]);
    const early = await app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'a' } });
    expect([early.statusCode, early.headers['retry-after'], early.json<{ error: { code: string } }>().error.code]).toEqual([
      503,
      '1',
      'WEFT_SERVE_LOADING',
    ]);
    loaded([fakeModel()]);
    expect(await ask('/health')).toBe(200);
    await app.close();
  });

  test('every answer has a request id of its own', async () => {
    const app = await createApp();
    const ids = [];
    for (const url of ['/health', '/nowhere', '/%zz'])
      ids.push((await app.inject({ url, headers: { 'x-request-id': 'mine' } })).headers['x-request-id']);
    expect(ids.every((id) => /^req_[0-9a-f]{32}$/.test(String(id)))).toBe(true);
    expect(new Set(ids).size).toBe(3);
    await app.close();
  });

  test('a malformed address is told as other errors are', async () => {
    const app = await createApp();
    const answer = await app.inject('/v1/models/%zz');
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { error: { code: 'WEFT_SERVE_ROUTE', type: 'invalid_request_error' } }]);
    await app.close();
  });

  test('metrics count what was served', async () => {
    const server = await serving();
    await server.post('/v1/completions', { prompt: 'abc', max_tokens: 4 });
    await server.post('/v1/completions', { prompt: 'ab', max_tokens: 2, stream: true });
    const { text, headers } = await server.get('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    expect(text).toContain('llm_prompt_tokens_total{model_name="fake"} 5');
    expect(text).toContain('llm_generation_tokens_total{model_name="fake"} 6');
    expect(text).toContain('llm_request_success_total{model_name="fake",finished_reason="length"} 2');
    expect(text).toContain('llm_num_requests_running{model_name="fake"} 0');
    await server.close();
  });

  test('an unknown option is refused', async () => {
    await expect(createApp({ queu: 1 } as object)).rejects.toMatchObject({ code: 'WEFT_OPTION_UNKNOWN', remedy: 'Did you mean queue?' });
  });

  test('closing lets the accepted finish: those who run and those who wait', async () => {
    const gate = createGate();
    const model = fakeModel({ beforeToken: gate.wait });
    const app = await createApp({ models: [model], graceSeconds: 60 });
    const asked = ['a', 'b'].map((prompt) => app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt, max_tokens: 2 } }));
    await gate.reached;
    await waits(app, 1);
    const closing = app.close();
    gate.open();
    await closing;
    expect((await Promise.all(asked)).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(model.log.closed).toBe(0);
  });

  test('past the grace period they are broken off with an error, never cut in silence', async () => {
    const gate = createGate();
    const model = fakeModel({ beforeToken: (index) => (index < 2 ? undefined : gate.wait()) });
    const app = await createApp({ models: [model], graceSeconds: 0 });
    const streamed = app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'a', stream: true } });
    await gate.reached;
    const waiting = app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'b' } });
    await waits(app, 1);
    const closing = app.close();
    expect((await waiting).statusCode).toBe(503);
    gate.open();
    expect(eventsOf((await streamed).body).at(-1)).toMatchObject({ error: { code: 'WEFT_SERVE_STOPPING' } });
    await closing;
  });
});

describe('the page', () => {
  const built = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'weft-page-'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>Weft</title>');
    await writeFile(join(folder, 'assets', 'main-abc.js'), 'export {};');
    await writeFile(join(folder, 'secret.txt'), 'secret');
    return folder;
  };

  test('is served with its files, a policy and an etag', async () => {
    const app = await createApp({ page: await built() });
    const index = await app.inject('/');
    expect([index.statusCode, index.headers['content-type'], index.headers['cache-control']]).toEqual([
      200,
      'text/html; charset=utf-8',
      'no-cache',
    ]);
    expect(index.headers['content-security-policy']).toContain("default-src 'self'");
    expect(index.headers['x-content-type-options']).toBe('nosniff');
    const script = await app.inject('/assets/main-abc.js');
    expect([script.statusCode, script.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(script.headers['cache-control']).toContain('immutable');
    expect((await app.inject({ url: '/', headers: { 'if-none-match': String(index.headers['etag']) } })).statusCode).toBe(304);
    await app.close();
  });

  test('no path reaches anything else', async () => {
    const app = await createApp({ page: await built() });
    for (const url of [
      '/secret.txt',
      '/../secret.txt',
      '/assets/../secret.txt',
      '/assets/%2e%2e/secret.txt',
      '/assets/..%2fsecret.txt',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/assets',
      '/assets/',
    ]) {
      const answer = await app.inject(url);
      expect([url, answer.statusCode, answer.body.includes('secret"')]).toEqual([url, 404, false]);
    }
    await app.close();
  });

  test('a page that is not built says how to build it', async () => {
    const app = await createApp({ page: join(tmpdir(), 'weft-no-such-page') });
    expect((await app.inject('/')).body).toContain('npm run build');
    await app.close();
  });
});

describe('the page’s data', () => {
  test('the models with their cards', async () => {
    const card = {
      name: 'tiny',
      createdAt: '2026-01-01T00:00:00Z',
      parameters: 9,
      heldOut: { loss: 2, perplexity: 7.4, bitsPerByte: 1.1 },
    };
    const app = await createApp({ models: [fakeModel({ card, parameters: 9 })], clock: () => 5 });
    expect((await app.inject('/api/models')).json()).toEqual({
      data: [
        {
          name: 'fake',
          parameters: 9,
          contextLength: 256,
          vocabSize: fakeModel().tokenizer.vocabSize,
          tokenizer: 'bpe',
          hasChatTemplate: false,
          hasAttention: false,
          card,
        },
      ],
      now: 5,
    });
    await app.close();
  });

  test('runs and their metrics, bit by bit', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weft-run-'));
    await mkdir(join(folder, 'a b'));
    const file = join(folder, 'a b', 'metrics.jsonl');
    await writeFile(file, '{"kind":"step","step":1,"loss":4}\n');
    await writeFile(
      join(folder, 'a b', 'weft.json'),
      JSON.stringify({ name: 'tiny', data: { files: [join(folder, 'notes.txt'), 'docs/*.md'] } }),
    );
    const app = await createApp({ runs: [folder] });
    const runs = (await app.inject('/api/runs')).json<{ data: { name: string }[] }>();
    expect(runs.data).toMatchObject([{ name: 'a b', lastStep: { step: 1 } }]);
    expect(JSON.stringify(runs)).not.toContain(folder);
    expect((await app.inject('/api/runs/a%20b/card')).json()).toEqual({
      card: { name: 'tiny', data: { files: ['notes.txt', 'docs/*.md'] } },
    });
    expect((await app.inject('/api/runs/none/card')).json()).toEqual({ card: null });
    const url = `/api/runs/${encodeURIComponent('a b')}/metrics`;
    const first = (await app.inject(url)).json<{ offset: number; version: string; records: unknown[] }>();
    expect(first.records).toHaveLength(1);
    await appendFile(file, '{"kind":"step","step":2,"loss":3}\n');
    const second = (await app.inject(`${url}?offset=${first.offset}&version=${first.version}`)).json<{ records: unknown[] }>();
    expect(second.records).toEqual([{ kind: 'step', step: 2, loss: 3 }]);
    expect((await app.inject(`${url}?offset=x`)).statusCode).toBe(400);
    expect((await app.inject(`${url}?ofset=1`)).statusCode).toBe(400);
    expect((await app.inject('/api/runs/none/metrics')).json()).toMatchObject({ error: { code: 'WEFT_RUN_MISSING' } });

    await mkdir(join(folder, 'a b', 'images'));
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    await writeFile(join(folder, 'a b', 'images', '1.png'), Buffer.from(pixel, 'base64'));
    expect((await app.inject('/api/runs/a%20b/pictures')).json()).toEqual({ data: ['images/1.png'] });
    const picture = await app.inject('/api/runs/a%20b/pictures/images%2F1.png');
    expect([picture.headers['content-type'], picture.rawPayload.toString('base64')]).toEqual(['image/png', pixel]);
    for (const path of ['/api/runs/none/pictures', '/api/runs/a%20b/pictures/..%2Fweft.json'])
      expect((await app.inject(path)).statusCode).toBe(404);
    await app.close();
  });

  const generated = async (fake: Parameters<typeof serving>[0], body: object): Promise<{ events: PageEvent[]; prompts: number[][] }> => {
    const server = await serving(fake);
    const events = (await server.post('/api/generate', body)).events() as PageEvent[];
    const prompts = server.model.log.prompts.map((prompt) => [...prompt]);
    await server.close();
    return { events, prompts };
  };

  test('generation tells the seed, then each token with its alternatives', async () => {
    const { events } = await generated({}, { prompt: 'export', maxTokens: 3, alternatives: 2, seed: 11 });
    expect(events[0]).toEqual({ kind: 'start', seed: 11, promptTokens: 1, dropped: 0, maxTokens: 3 });
    const tokens = events.filter((event) => event.kind === 'token');
    expect(tokens).toHaveLength(3);
    for (const token of tokens) {
      expect(token.logProbability).toBeLessThan(0);
      expect(token.alternatives).toHaveLength(2);
      expect(token.alternatives[0]?.logProbability).toBeGreaterThanOrEqual(token.alternatives[1]?.logProbability ?? 0);
    }
    expect(events.at(-1)).toEqual({ kind: 'end', reason: 'length' });
  });

  test('the seed that it tells gives the same text again', async () => {
    const once = (await generated({}, { prompt: 'export', maxTokens: 12 })).events;
    const seed = once[0]?.kind === 'start' ? once[0].seed : -1;
    expect((await generated({}, { prompt: 'export', maxTokens: 12, seed })).events).toEqual(once);
  });

  test('penalties, stops and a form reach the model', async () => {
    const server = await serving();
    const form = { presencePenalty: 0.5, frequencyPenalty: -1, stop: ['\n'], responseFormat: { type: 'json_object' } };
    expect((await server.post('/api/generate', { prompt: 'a', maxTokens: 1, ...form })).status).toBe(200);
    const { grammar, ...given } = server.model.log.options.at(-1) ?? {};
    expect(given).toMatchObject({ presencePenalty: 0.5, frequencyPenalty: -1, stop: ['\n'] });
    expect(grammar).toBeDefined();
    await server.close();
  });

  test('tokens that were settled before stand behind the prompt', async () => {
    const { prompts } = await generated({}, { prompt: 'export', chosen: [65, 66], maxTokens: 1 });
    expect(prompts[0]?.slice(-2)).toEqual([65, 66]);
    expect((await generated({}, { prompt: '', chosen: [65], maxTokens: 1 })).prompts).toEqual([[fakeModel().tokenizer.endOfText, 65]]);
  });

  test('a prompt too long for the context loses its beginning, and the page is told', async () => {
    const { events, prompts } = await generated({ contextLength: 16 }, { prompt: '!'.repeat(40), maxTokens: 100 });
    expect(events[0]).toMatchObject({ promptTokens: 8, dropped: 32, maxTokens: 8 });
    expect(prompts[0]).toHaveLength(8);
    expect(events.filter((event) => event.kind === 'token')).toHaveLength(8);
  });
});
