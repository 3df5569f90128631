/** The log: what an operator needs, and never what somebody wrote. */

import { mkdtemp } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, test, vi } from 'vitest';

import { recordUsage } from './accounting.ts';
import { createApp } from './app.ts';
import type { AppOptions } from './app.ts';
import { fakeModel } from './fake-model.fixture.ts';
import { addKey } from './keys-file.ts';
import { serve } from './serve.ts';
import { createGate } from './serving.fixture.ts';

/** An app with a log to read. */
async function logged(options: Partial<AppOptions> = {}) {
  let text = '';
  const log = { write: (line: string) => void (text += line) };
  const app = await createApp({ models: [fakeModel()], graceSeconds: 0, log, ...options });
  app.post('/fake', { config: { scope: 'generate' } }, async (request) => {
    recordUsage(request, { model: 'fake', promptTokens: 3, completionTokens: 4, finishReasons: ['stop'] });
    return {};
  });
  app.post('/broken', { config: { scope: 'generate' } }, () => {
    throw new Error('a fault');
  });
  const lines = (): Readonly<Record<string, unknown>>[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  return { app, text: () => text, lines, requests: () => lines().filter(({ msg }) => msg === 'request') };
}

describe('the log', () => {
  test('has one line for each request: who, what, how it ended, what it took', async () => {
    const keys = join(await mkdtemp(join(tmpdir(), 'weft-log-')), 'keys.json');
    const key = await addKey(keys, 'web');
    const { app, requests } = await logged({ keys });
    const answer = await app.inject({ method: 'POST', url: '/fake', payload: {}, headers: { authorization: `Bearer ${key}` } });
    await app.inject('/v1/models?key=1');
    await app.inject('/health');
    expect(requests()).toMatchObject([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
        reqId: answer.headers['x-request-id'],
        key: 'web',
        method: 'POST',
        route: '/fake',
        status: 200,
        milliseconds: expect.any(Number) as number,
        model: 'fake',
        promptTokens: 3,
        completionTokens: 4,
        finishReasons: ['stop'],
      },
      { key: 'anyone', method: 'GET', route: '/v1/models', status: 401 },
      { route: '/health', status: 200 },
    ]);
    await app.close();
  });

  test('holds neither prompts nor keys, however they come', async () => {
    const keys = join(await mkdtemp(join(tmpdir(), 'weft-log-')), 'keys.json');
    const key = await addKey(keys, 'web', { scopes: ['generate', 'read'] });
    const { app, text, requests } = await logged({ keys, logLevel: 'debug' });
    const headers = { authorization: `Bearer ${key}`, cookie: `key=${key}`, 'x-api-key': key };
    const secret = 'the prince of denmark';
    for (const [url, payload] of [
      ['/v1/completions', { prompt: secret, max_tokens: 1 }],
      ['/v1/completions', { prompt: secret, max_tokens: 1, stream: true }],
      ['/v1/completions', { prompt: secret, unknown: secret }],
      ['/v1/completions', `{"prompt": "${secret}`],
      ['/v1/chat/completions', { messages: [{ role: 'user', content: secret }] }],
      ['/broken', { prompt: secret }],
      [`/${encodeURIComponent(secret)}?prompt=${encodeURIComponent(secret)}`, {}],
      [`/v1/models/${key}?key=${key}`, {}],
      [`/nowhere/${key}?key=${key}`, {}],
    ] as const)
      await app.inject({
        method: 'POST',
        url,
        payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
        headers: { ...headers, 'content-type': 'application/json' },
      });
    await app.inject({ url: `/v1/models/${key}`, headers });
    await app.inject({ url: '/%zz', headers });
    expect(requests().length).toBeGreaterThanOrEqual(10);
    expect(text()).toContain('a fault');
    expect(text().replaceAll(encodeURIComponent(secret), '')).not.toContain('denmark');
    expect(text()).not.toContain(`prompt=${encodeURIComponent(secret)}`);
    expect(text()).not.toContain(key);
    expect(text()).not.toContain(key.slice(5));
    await app.close();
  });

  test('without it, faults are told all the same, and nothing else', async () => {
    const written: string[] = [];
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    const { app } = await logged({ log: false });
    const answer = await app.inject({ method: 'POST', url: '/broken', payload: {} });
    await app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'to be', max_tokens: 1 } });
    await app.inject({ method: 'POST', url: '/v1/completions', payload: {} });
    await app.close();
    write.mockRestore();
    expect(written).toHaveLength(1);
    expect(JSON.parse(written[0]!)).toMatchObject({ level: 'error', reqId: answer.headers['x-request-id'], err: { message: 'a fault' } });
  });

  test('a server that is not ready yet is no fault', async () => {
    const { app, requests } = await logged({ models: new Promise<never>(() => undefined) });
    await app.inject('/health');
    await app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'to be' } });
    expect(requests()).toMatchObject([
      { level: 'info', route: '/health', status: 503 },
      { level: 'warn', route: '/v1/completions', status: 503 },
    ]);
    await app.close();
  });

  test('has prompts when they are asked for, and still no key', async () => {
    const { app, text } = await logged({ logPrompts: true });
    await app.inject({
      method: 'POST',
      url: '/v1/completions',
      payload: { prompt: 'to be', max_tokens: 1 },
      headers: { authorization: 'Bearer weft_x' },
    });
    expect(text()).toContain('"body":{"prompt":"to be","max_tokens":1}');
    expect(text()).not.toContain('weft_x');
    await app.close();
  });

  test('a fault of ours is an error with its reason, at every level', async () => {
    const { app, lines } = await logged({ logLevel: 'error' });
    await app.inject('/health');
    await app.inject({ method: 'POST', url: '/broken', payload: {} });
    expect(lines()).toMatchObject([
      { level: 'error', err: { message: 'a fault' }, msg: 'a request failed' },
      { level: 'error', status: 500, msg: 'request' },
    ]);
    await app.close();
  });

  test('a client that leaves is 499, with what was done for it', async () => {
    let text = '';
    const gate = createGate();
    const model = fakeModel({ beforeToken: gate.wait });
    const server = await serve(model, { port: 0, graceSeconds: 0, log: { write: (line) => void (text += line) } });
    const payload = JSON.stringify({ prompt: 'a', max_tokens: 1 });
    const headers = { 'content-type': 'application/json' };
    const asked = request(`${server.url}/v1/completions`, { method: 'POST', headers, agent: false });
    asked.on('error', () => undefined).end(payload);
    await gate.reached;
    asked.destroy();
    await expect.poll(() => promisify(server.app.server.getConnections).call(server.app.server)).toBe(0);
    expect(text).not.toContain('"msg":"request"'); // What is computed is not over.
    gate.open();
    while (!text.includes('"status":499')) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(JSON.parse(text.trim().split('\n').at(-1) ?? '')).toMatchObject({ model: 'fake', promptTokens: 1, finishReasons: ['abort'] });
    await server.close();
  });
});
