/** Clients that mean no good, over real sockets: none holds the server up, and none gets what is not theirs. */

import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createApp } from './app.ts';
import { fakeModel } from './fake-model.fixture.ts';
import { isDeeper } from './json-bodies.ts';
import { requestSignal } from './request-signal.ts';
import { serve } from './serve.ts';
import type { RunningServer } from './serve.ts';
import { createGate } from './serving.fixture.ts';

/** A connection to a server. */
function open({ url }: RunningServer): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
}

/** Everything that comes back until the server closes the connection. */
function rest(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (data: string) => (text += data));
  return new Promise((resolve) => socket.once('close', () => resolve(text)));
}

/** Writes exactly these bytes and reads the answer. */
async function raw(server: RunningServer, bytes: string): Promise<string> {
  const socket = await open(server);
  const answer = rest(socket);
  socket.write(bytes, 'latin1');
  return await answer;
}

const head = (method: string, path: string, headers = ''): string =>
  `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${headers}\r\n`;
const post = (body: string): string =>
  head('POST', '/v1/completions', `content-type: application/json\r\ncontent-length: ${body.length}\r\n`) + body;
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe('a hostile client', () => {
  let server: RunningServer;
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-hostile-'));
    await mkdir(join(folder, 'page', 'assets'), { recursive: true });
    await writeFile(join(folder, 'secret.txt'), 'SECRET');
    await writeFile(join(folder, 'page', 'secret.txt'), 'SECRET');
    await writeFile(join(folder, 'page', 'index.html'), '<!doctype html><title>Weft</title>');
    await writeFile(join(folder, 'page', 'assets', 'main.js'), 'export {};');
    server = await serve(fakeModel(), { port: 0, host: '127.0.0.1', graceSeconds: 0, page: join(folder, 'page') });
  });
  afterAll(async () => await server.close());

  test.for([
    '/secret.txt',
    '/../secret.txt',
    '/assets/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/assets/..\\..\\secret.txt',
    '/%252e%252e/secret.txt',
    '/..;/secret.txt',
    '/index.html%00.js',
    '/assets/main.js%00',
    '/%00',
    '/%c0%ae%c0%ae/secret.txt',
    '//secret.txt',
    '///etc/passwd',
    '/etc/passwd',
    '/%2fetc%2fpasswd',
    'http://localhost/../secret.txt',
    'file:///etc/passwd',
    '/api/runs/..%2f..%2fetc/card',
    '/api/runs/%2e%2e/metrics',
    '/api/runs/a/pictures/..%2f..%2fsecret.txt',
    '/v1/models/..%2f..%2fsecret.txt',
    `/${'a/'.repeat(3000)}`,
  ])('no path leads out of the page: %s', async (path) => {
    const answer = await raw(server, head('GET', path));
    expect(answer).not.toContain('SECRET');
    expect(answer).not.toContain('root:');
    // A run that there is not has no card; that is no error.
    if (path.endsWith('/card')) expect(answer).toContain('{"card":null}');
    else expect([400, 404]).toContain(statusOf(answer));
  });

  test('headers that are too large get 431, in our words', async () => {
    const answer = await raw(server, head('GET', '/health', `x-a: ${'a'.repeat(20_000)}\r\n`));
    expect(statusOf(answer)).toBe(431);
    expect(answer).toContain('"code":"WEFT_SERVE_HEADERS"');
  });

  test('too many headers get 431', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `x-${index}: a\r\n`).join('');
    expect(statusOf(await raw(server, head('GET', '/health', many)))).toBe(431);
  });

  test.for([
    ['what is not HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello', 400],
    ['a header without a name', 'GET / HTTP/1.1\r\n: a\r\n\r\n', 400],
    ['two lengths', head('POST', '/v1/completions', 'content-length: 5\r\ncontent-length: 6\r\n') + 'hello', 400],
    [
      'a length and chunks, as request smuggling does',
      head('POST', '/v1/completions', 'content-length: 5\r\ntransfer-encoding: chunked\r\n') + '0\r\n\r\n',
      400,
    ],
    ['a header with a line end in it', 'GET /health HTTP/1.1\r\nhost: localhost\r\nx-a: b\nx-c\r\n\r\n', 400],
    ['a method that there is not', 'BREW / HTTP/1.1\r\nhost: localhost\r\n\r\n', 400],
    ['no host', 'GET /health HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['an expectation that nobody knows', head('POST', '/v1/completions', 'expect: 200-ok\r\ncontent-length: 5\r\n'), 417],
    ['more headers than fit', head('GET', '/health', `x-a: ${'a'.repeat(20_000)}\r\n`), 431],
    ['as many as Node counts', head('GET', '/health', 'a:b\r\n'.repeat(2500)), 431],
    [
      'extensions of chunks without end',
      head('POST', '/v1/completions', 'content-type: application/json\r\ntransfer-encoding: chunked\r\n') + `2;${'a'.repeat(20_000)}\r\n`,
      413,
    ],
    ['a body deeper than anybody reads', post(`{"prompt":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 400],
    ['objects as deep', post(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`), 400],
    ['a body without an end', post(`{"prompt":"${'['.repeat(1000)}`), 400],
    [
      'a body that says it is larger than allowed',
      head('POST', '/v1/completions', 'content-type: application/json\r\ncontent-length: 99999999999\r\n'),
      413,
    ],
  ] as const)('%s', async ([, bytes, status]) => {
    const answer = await raw(server, bytes);
    expect(statusOf(answer)).toBe(status);
    expect(answer).toMatch(/\r\nx-request-id: req_[0-9a-f]{32}\r\n/i);
    const { error } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as { readonly error: { readonly message: string } };
    expect(error).toMatchObject({ code: expect.stringMatching(/^WEFT_SERVE_/) as string, type: 'invalid_request_error', param: null });
    expect(error.message).toMatch(/^Cannot read the request as .+\. .+\.$/);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});

describe('a slow client', () => {
  const cases: readonly (readonly [what: string, bytes: string])[] = [
    ['half a head', 'POST /v1/completions HTTP/1.1\r\nhost: localhost\r\n'],
    ['half a body', `${head('POST', '/v1/completions', 'content-type: application/json\r\ncontent-length: 100\r\n')}{"prompt"`],
  ];
  test.for(cases)('that sends %s, a letter now and then, is disconnected with 408, and others are served meanwhile', async ([, bytes]) => {
    const server = await serve(fakeModel(), { port: 0, host: '127.0.0.1', graceSeconds: 0, receiveSeconds: 0.3 });
    const socket = await open(server);
    const answer = rest(socket);
    socket.write(bytes);
    const drip = setInterval(() => socket.write('x'), 50);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    const text = await answer;
    clearInterval(drip);
    expect([statusOf(text), text.includes('WEFT_SERVE_SLOW')]).toEqual([408, true]);
    await server.close();
  });

  test('that says nothing at all is disconnected', async () => {
    const server = await serve(fakeModel(), { port: 0, host: '127.0.0.1', graceSeconds: 0, receiveSeconds: 0.3 });
    const text = await rest(await open(server));
    expect(text === '' || statusOf(text) === 408).toBe(true);
    await server.close();
  });
});

test('connections beyond the most are closed, and those that are there are served', async () => {
  const server = await serve(fakeModel(), { port: 0, host: '127.0.0.1', graceSeconds: 0, maxConnections: 2 });
  const [first, second] = [await open(server), await open(server)];
  expect(await rest(await open(server))).toBe('');
  const answer = rest(first);
  first.write(head('GET', '/health'));
  expect(statusOf(await answer)).toBe(200);
  second.destroy();
  await server.close();
});

describe('a request whose time is up', () => {
  test('gets 504 before it began, an error event after', async () => {
    const app = await createApp({ requestSeconds: 0.05, graceSeconds: 0 });
    const gate = createGate();
    app.post('/slow', async (request, reply) => {
      const signal = requestSignal(request, reply);
      await Promise.race([gate.wait(), new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))]);
    });
    const answer = await app.inject({ method: 'POST', url: '/slow', payload: {} });
    expect([answer.statusCode, answer.json()]).toMatchObject([504, { error: { code: 'WEFT_SERVE_TIME', type: 'server_error' } }]);
    await app.close();
  });

  test('has none to fear when it ends in time', async () => {
    const app = await createApp({ requestSeconds: 60, graceSeconds: 0 });
    let signal: AbortSignal | undefined;
    app.post('/quick', async (request, reply) => {
      signal = requestSignal(request, reply);
      return {};
    });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    expect((await fetch(`${url}/quick`, { method: 'POST' })).status).toBe(200);
    expect(signal?.aborted).toBe(false);
    await app.close();
  });
});

test.for([
  ['[[]]', 2, false],
  ['[[]]', 1, true],
  ['"[[[["', 1, false],
  ['["\\"[[", {"a": [1]}]', 3, false],
  ['["\\\\", [[', 2, true],
  ['[],[],[]', 1, false],
] as const)('%s is deeper than %d: %s', ([text, most, deeper]) => {
  expect(isDeeper(text, most)).toBe(deeper);
});

test.for([
  { requestSeconds: 0 },
  { requestSeconds: 1e9 },
  { maxConnections: 1.5 },
  { graceSeconds: -1 },
  { bodyLimit: 'much' },
  { logLevel: 'loud' },
  { cors: ['example.com'] },
  { cors: ['https://example.com/app'] },
])('%j is refused', async (options) => {
  await expect(createApp(options as object)).rejects.toMatchObject({ code: 'WEFT_SERVE_OPTION' });
});
