import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FastifyInstance } from 'fastify';

import { createApp } from './app.ts';
import { fakeModel } from './fake-model.fixture.ts';

describe('a body', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = await createApp({ models: [fakeModel()], graceSeconds: 0 });
  });
  afterAll(async () => await app.close());

  const ask = async (
    payload: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly headers: object; readonly error: unknown }> => {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/completions',
      headers: { 'content-type': 'application/json', ...headers },
      payload,
    });
    return { status: answer.statusCode, headers: answer.headers, error: answer.json<{ readonly error?: unknown }>().error };
  };
  const text = JSON.stringify({ prompt: 'a', max_tokens: 1 });

  test.for(['utf-16', 'UTF-16LE', '"utf-16"', 'iso-8859-1', 'utf-8; charset=utf-16', ''])('in %s is 415', async (charset) => {
    const { status, error } = await ask(Buffer.from(text, 'utf16le'), { 'content-type': `application/json; charset=${charset}` });
    expect([status, error]).toMatchObject([
      415,
      { code: 'WEFT_SERVE_BODY_ENCODING', message: expect.stringContaining('UTF-8') as string, type: 'invalid_request_error' },
    ]);
  });

  test.for(['utf-8', 'UTF-8', 'utf8', '"utf-8"', 'us-ascii'])('in %s is read', async (charset) => {
    expect((await ask(text, { 'content-type': `application/json; charset=${charset}` })).status).toBe(200);
  });

  test.for(['gzip', 'br', 'deflate', 'identity, gzip', 'x-unheard-of'])('compressed as %s is 415, and told so', async (coding) => {
    const { status, headers, error } = await ask(gzipSync(text), { 'content-encoding': coding });
    expect([status, headers, error]).toMatchObject([
      415,
      { 'accept-encoding': 'identity' },
      { code: 'WEFT_SERVE_BODY_ENCODING', message: expect.stringContaining(`content-encoding: ${coding}`) as string },
    ]);
  });

  test.for(['identity', 'Identity', ''])('with content-encoding "%s" is read', async (coding) => {
    expect((await ask(text, { 'content-encoding': coding })).status).toBe(200);
  });

  test.for([
    ['{"prompt":"a","__proto__":{"x":1}}', '__proto__'],
    ['{"prompt":"a","metadata":{"__proto__":1}}', 'metadata.__proto__'],
    ['{"prompt":"a","stop":["x",{"\\u005f_proto__":1}]}', 'stop[1].__proto__'],
    ['{"prompt":"a","constructor":{"prototype":{}}}', 'constructor'],
    ['\uFEFF{"prompt":"a","__proto__":1}', '__proto__'],
  ] as const)('%s is refused by the name in it', async ([body, param]) => {
    const { status, error } = await ask(body);
    expect([status, error]).toEqual([
      400,
      {
        message: `Cannot serve the request as its body has a name that none may have: ${param}. Leave it out.`,
        type: 'invalid_request_error',
        param,
        code: 'WEFT_SERVE_BODY',
      },
    ]);
  });

  test('that is no JSON is told so also where it has such a name', async () => {
    expect(await ask('{"__proto__":1')).toMatchObject({
      status: 400,
      error: { message: expect.stringContaining('is not JSON') as string },
    });
  });
});
