import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FastifyInstance, HTTPMethods } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createApp } from './app.ts';
import { fakeModel } from './fake-model.fixture.ts';
import { addKey } from './keys-file.ts';

describe('a route asked with another method', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    const keys = join(await mkdtemp(join(tmpdir(), 'weft-methods-')), 'keys.json');
    await addKey(keys, 'web');
    app = await createApp({ models: [fakeModel()], graceSeconds: 0, keys });
  });
  afterAll(async () => await app.close());

  test.for([
    ['GET', '/v1/completions', 'POST'],
    ['PUT', '/v1/chat/completions?a=b', 'POST'],
    ['OPTIONS', '/v1/responses', 'POST'],
    ['POST', '/health', 'GET, HEAD'],
    ['TRACE', '/health', 'GET, HEAD'],
    ['PROPFIND', '/health', 'GET, HEAD'],
    ['DELETE', '/v1/models/org/name', 'GET, HEAD'],
    ['POST', '/api/runs/a%20b/metrics', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
  ] as const)('%s %s is 405 and allows %s, whatever the key and the body', async ([method, url, allow]) => {
    const answer = await app.inject({ method: method as HTTPMethods, url, headers: { 'content-type': 'text/plain' }, payload: '{' });
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, allow]);
    expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/);
    expect(answer.json()).toEqual({
      error: {
        message: `Cannot serve the request as the route takes other methods: ${method} ${url.split('?')[0]}. Send ${allow.replace(', ', ' or ')}.`,
        type: 'invalid_request_error',
        param: null,
        code: 'WEFT_SERVE_METHOD',
      },
    });
  });

  test('HEAD has the same status and header', async () => {
    const { statusCode, headers } = await app.inject({ method: 'HEAD', url: '/v1/completions' });
    expect([statusCode, headers['allow']]).toEqual([405, 'POST']);
  });

  test.for([
    ['GET', '/v1/nonsense'],
    ['GET', '/v1/completions/'],
    ['POST', '/healthy'],
    ['POST', '/api/runs/a/b/metrics'],
    ['GET', '/assets/none.js'],
  ] as const)('%s %s is still 404', async ([method, url]) => {
    const answer = await app.inject({ method, url });
    expect([answer.statusCode, answer.headers['allow'], answer.json()]).toMatchObject([
      404,
      undefined,
      { error: { code: 'WEFT_SERVE_ROUTE' } },
    ]);
  });
});

test('where pages of other servers may ask, OPTIONS is for their browsers, and 405 is theirs to read', async () => {
  const origin = 'https://app.example.com';
  const app = await createApp({ cors: [origin] });
  const ask = { url: '/v1/completions', headers: { origin, 'access-control-request-method': 'POST' } };
  expect((await app.inject({ method: 'OPTIONS', ...ask })).statusCode).toBe(204);
  const answer = await app.inject({ method: 'PUT', ...ask });
  expect([answer.statusCode, answer.headers]).toMatchObject([405, { allow: 'POST', 'access-control-allow-origin': origin }]);
  await app.close();
});
