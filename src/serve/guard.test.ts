/** Keys as clients meet them: who is let in, who is not, and what they are told. */

import { readFile, writeFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';

import { recordUsage } from './accounting.ts';
import { createApp } from './app.ts';
import type { AppOptions } from './app.ts';
import { addClients, clientOf } from './client.ts';
import { fakeModel } from './fake-model.fixture.ts';
import { addKey, readKeys, revokeKey } from './keys-file.ts';
import type { KeyRights } from './key-records.ts';
import { serve } from './serve.ts';

/** A file with one key, and the key. */
async function oneKey(rights: KeyRights = {}): Promise<{ readonly file: string; readonly key: string }> {
  const file = join(await mkdtemp(join(tmpdir(), 'weft-keys-')), 'keys.json');
  return { file, key: await addKey(file, 'web', rights) };
}

const bearer = (key: string): { authorization: string } => ({ authorization: `Bearer ${key}` });

interface Told {
  readonly status: number;
  readonly code: string | undefined;
}

async function ask(app: FastifyInstance, url: string, { key, body }: { key?: string; body?: object } = {}): Promise<Told> {
  const answer = await app.inject({
    method: body === undefined ? 'GET' : 'POST',
    url,
    headers: key === undefined ? {} : bearer(key),
    ...(body === undefined ? {} : { payload: body }),
  });
  const json = answer.headers['content-type']?.toString().includes('json') === true ? answer.json<{ error?: { code: string } }>() : {};
  return { status: answer.statusCode, code: json.error?.code };
}

const app = (keys: string, options: Partial<AppOptions> = {}): Promise<FastifyInstance> =>
  createApp({ models: [fakeModel()], graceSeconds: 0, keys, ...options });
const prompt = { prompt: 'a', max_tokens: 1 };

describe('a server with keys', () => {
  test('says 401 in OpenAI’s envelope to who has none, or a wrong one, and health to everybody', async () => {
    const { file, key } = await oneKey();
    const server = await app(file);
    expect(await ask(server, '/v1/completions', { body: prompt })).toEqual({ status: 401, code: 'invalid_api_key' });
    expect(await ask(server, '/v1/completions', { key: `${key}x`, body: prompt })).toEqual({ status: 401, code: 'invalid_api_key' });
    expect(await ask(server, '/v1/completions', { key, body: prompt })).toEqual({ status: 200, code: undefined });
    for (const url of ['/health', '/v1/health/live', '/v1/health/ready']) expect(await ask(server, url)).toMatchObject({ status: 200 });
    const answer = await server.inject('/v1/models');
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="weft"']);
    expect(answer.json()).toMatchObject({ error: { type: 'invalid_request_error', code: 'invalid_api_key', param: null } });
    expect(await ask(server, '/nowhere')).toEqual({ status: 404, code: 'WEFT_SERVE_ROUTE' });
    await server.close();
  });

  test('no header that is no key lets anybody in, nor stops the server', async () => {
    const { file, key } = await oneKey();
    const server = await app(file);
    for (const authorization of [
      '',
      'Bearer',
      'Bearer  ',
      key,
      `Basic ${key}`,
      `Token ${key}`,
      'Bearer \u00ff\u00fe',
      'x'.repeat(5000),
      `Bearer ${key} ${key}`,
    ]) {
      const answer = await server.inject({ url: '/v1/models', headers: { authorization } });
      expect([authorization.slice(0, 20), answer.statusCode]).toEqual([authorization.slice(0, 20), 401]);
    }
    expect((await server.inject({ url: `/v1/models?key=${key}` })).statusCode).toBe(401);
    await server.close();
  });

  test('a scope opens its routes and no other; admin opens all', async () => {
    const cases = [
      [['metrics'], '/metrics', 200],
      [['generate'], '/metrics', 403],
      [['read'], '/v1/models', 200],
      [['read'], '/v1/completions', 403],
      [['generate'], '/v1/completions', 200],
      [['generate'], '/api/runs', 403],
      [['read'], '/api/runs', 200],
      [['admin'], '/metrics', 200],
      [['admin'], '/v1/completions', 200],
      [[], '/v1/models', 403],
    ] as const;
    for (const [scopes, url, status] of cases) {
      const { file, key } = await oneKey({ scopes });
      const server = await app(file);
      const told = await ask(server, url, { key, ...(url.endsWith('completions') ? { body: prompt } : {}) });
      expect([scopes, url, told.status]).toEqual([scopes, url, status]);
      if (status === 403) expect(told.code).toBe('WEFT_SERVE_SCOPE');
      await server.close();
    }
  });

  test('the page is opened with the key as password, as a browser asks for it', async () => {
    const { file, key } = await oneKey();
    const server = await app(file);
    const asked = await server.inject('/');
    expect([asked.statusCode, asked.headers['www-authenticate']]).toEqual([401, 'Basic realm="weft", charset="UTF-8"']);
    const authorization = `Basic ${Buffer.from(`me:${key}`).toString('base64')}`;
    for (const url of ['/', '/api/models']) expect((await server.inject({ url, headers: { authorization } })).statusCode).toBe(200);
    await server.close();
  });

  test('a key ends when it is said to', async () => {
    const { file, key } = await oneKey({ expires: '2030-01-01T00:00:00Z' });
    let now = Date.parse('2029-12-31T23:59:59Z');
    const server = await app(file, { clock: () => now });
    expect(await ask(server, '/v1/models', { key })).toMatchObject({ status: 200 });
    now += 1000;
    expect(await ask(server, '/v1/models', { key })).toEqual({ status: 401, code: 'invalid_api_key' });
    await server.close();
  });

  test('a key for some models: the others are neither listed nor used, also when none is named', async () => {
    const { file, key } = await oneKey({ models: ['b'] });
    const server = await app(file, { models: [fakeModel({ name: 'a' }), fakeModel({ name: 'b' })] });
    const listed = (await server.inject({ url: '/v1/models', headers: bearer(key) })).json<{ data: { id: string }[] }>();
    expect(listed.data.map(({ id }) => id)).toEqual(['b']);
    expect(await ask(server, '/v1/models/b', { key })).toMatchObject({ status: 200 });
    for (const other of ['a', 'nowhere'])
      expect(await ask(server, `/v1/models/${other}`, { key })).toEqual({ status: 403, code: 'model_not_found' });
    expect((await server.inject({ url: '/v1/models/', headers: bearer(key) })).json()).toEqual(listed);
    expect(await ask(server, '/v1/completions', { key, body: { ...prompt, model: 'b' } })).toMatchObject({ status: 200 });
    for (const model of ['a', undefined])
      expect(await ask(server, '/v1/completions', { key, body: { ...prompt, model } })).toEqual({ status: 403, code: 'model_not_found' });
    await server.close();
  });

  test('requests a minute: 429 with retry-after, and what is left', async () => {
    const { file, key } = await oneKey({ requestsPerMinute: 1 });
    const server = await app(file);
    const send = () => server.inject({ method: 'POST', url: '/v1/completions', payload: prompt, headers: bearer(key) });
    const [first, second] = [await send(), await send()];
    expect([first.statusCode, first.headers['x-ratelimit-limit-requests'], first.headers['x-ratelimit-remaining-requests']]).toEqual([
      200,
      '1',
      '0',
    ]);
    expect([second.statusCode, second.json()]).toMatchObject([429, { error: { code: 'rate_limit_exceeded', type: 'rate_limit_error' } }]);
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(0);
    expect(await ask(server, '/v1/models', { key })).toMatchObject({ status: 200 }); // Looking is no work.
    await server.close();
  });

  test('tokens a minute are charged by the routes', async () => {
    const { file, key } = await oneKey({ tokensPerMinute: 10, priority: 3 });
    const server = await app(file);
    server.post('/fake', { config: { scope: 'generate' } }, async (request) => {
      const { name, priority } = clientOf(request);
      recordUsage(request, { model: 'fake', promptTokens: 7, completionTokens: 5 });
      return { name, priority };
    });
    const send = () => server.inject({ method: 'POST', url: '/fake', payload: {}, headers: bearer(key) });
    expect((await send()).json()).toEqual({ name: 'web', priority: 3 });
    expect((await send()).statusCode).toBe(429);
    await server.close();
  });

  test('a route that nobody thought of needs admin', async () => {
    const { file, key } = await oneKey();
    const server = await app(file);
    server.get('/new', () => 'new');
    expect(await ask(server, '/new', { key })).toEqual({ status: 403, code: 'WEFT_SERVE_SCOPE' });
    await server.close();
  });
});

test('without keys everybody is the same client', async () => {
  const plain = Fastify();
  addClients(plain);
  plain.get('/', (request) => ({ ...clientOf(request), may: clientOf(request).mayUse('any') }));
  expect((await plain.inject('/')).json()).toEqual({ name: 'anyone', priority: 0, may: true });
  await plain.close();
});

describe('the file of keys', () => {
  test('holds no key, and a key is not guessed', async () => {
    const { file, key } = await oneKey();
    const other = await addKey(file, 'other');
    expect(key).toMatch(/^weft_[\w-]{43}$/);
    expect(key).not.toBe(other);
    const text = await readFile(file, 'utf8');
    expect(text).not.toContain(key);
    expect(text).not.toContain(key.slice(5, 15));
    expect((await readKeys(file)).map(({ name }) => name)).toEqual(['web', 'other']);
  });

  test('names are unique, rights have ranges', async () => {
    const { file } = await oneKey();
    await expect(addKey(file, 'web')).rejects.toMatchObject({ code: 'WEFT_SERVE_KEY_NAME' });
    await expect(addKey(file, 'b', { requestsPerMinute: 0 })).rejects.toMatchObject({
      code: 'WEFT_SERVE_KEY_RIGHTS',
      message: expect.stringContaining('requestsPerMinute') as string,
    });
    await expect(addKey(file, 'b', { expires: 'tomorrow' })).rejects.toMatchObject({ code: 'WEFT_SERVE_KEY_RIGHTS' });
    await expect(addKey(file, 'b', { scope: [] } as object)).rejects.toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
    await expect(revokeKey(file, 'c')).rejects.toMatchObject({ code: 'WEFT_SERVE_KEY_NAME', remedy: 'There are web.' });
  });

  test.for([
    ['no JSON', '{"keys":'],
    ['no list', '{"keys":{}}'],
    ['a key in clear', '{"keys":[{"name":"a","key":"weft_x","scopes":[]}]}'],
    ['a scope that there is not', `{"keys":[{"name":"a","sha256":"${'0'.repeat(64)}","scopes":["all"]}]}`],
    ['a misspelt limit', `{"keys":[{"name":"a","sha256":"${'0'.repeat(64)}","scopes":[],"requestPerMinute":1}]}`],
  ] as const)('%s is refused at the start', async ([, text]) => {
    const { file } = await oneKey();
    await writeFile(file, text);
    await expect(app(file)).rejects.toMatchObject({ code: 'WEFT_SERVE_KEYS', message: expect.stringContaining(file) as string });
  });

  test('is followed while the server runs; a broken one keeps the former keys and is logged', async () => {
    const { file, key } = await oneKey();
    let log = '';
    const server = await serve(fakeModel(), { port: 0, graceSeconds: 0, keys: file, log: { write: (line) => void (log += line) } });
    const status = async (sent: string): Promise<number> => (await fetch(`${server.url}/v1/models`, { headers: bearer(sent) })).status;
    const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
      while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    expect(await status(key)).toBe(200);
    const sound = await readFile(file, 'utf8');
    await writeFile(file, '{ broken');
    await until(() => log.includes('the former hold on'));
    expect(await status(key)).toBe(200);
    await writeFile(file, sound);
    const second = await addKey(file, 'second');
    await until(async () => (await status(second)) === 200);
    await revokeKey(file, 'web');
    await until(async () => (await status(key)) === 401);
    expect(await status(second)).toBe(200);
    expect(log).not.toContain(key);
    await server.close();
  });
});
