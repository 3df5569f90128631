/** Where a server answers: TLS, Unix sockets, several models, other origins. */

import { existsSync, statSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';

import { beforeAll, describe, expect, test } from 'vitest';

import { createApp } from './app.ts';
import { CERTIFICATE, KEY, OTHER_CERTIFICATE, OTHER_KEY } from './certificate.fixture.ts';
import { fakeModel } from './fake-model.fixture.ts';
import { alsoListen } from './listening.ts';
import { loadModels, modelSources } from './model-sources.ts';
import { serve } from './serve.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-places-'));
});

function ask(options: RequestOptions & { readonly ca?: string }, send: typeof httpRequest = httpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    send(options, (answer) => resolve(answer.resume()))
      .on('error', reject)
      .end();
  });
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('TLS', () => {
  const files = async (name: string, cert: string, key: string): Promise<{ readonly cert: string; readonly key: string }> => {
    const paths = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
    await writeFile(paths.cert, cert);
    await writeFile(paths.key, key);
    return paths;
  };

  test('the server speaks it, says so in its address, and takes a renewed certificate without a pause', async () => {
    const tls = await files('renewed', CERTIFICATE, KEY);
    const server = await serve(fakeModel(), { port: 0, host: '127.0.0.1', graceSeconds: 0, tls });
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const { port } = new URL(server.url);
    const status = async (ca: string): Promise<number | undefined> => {
      const answer = await ask({ host: '127.0.0.1', port, path: '/health', ca, agent: false }, httpsRequest);
      expect((answer.socket as TLSSocket).getProtocol()).toBe('TLSv1.3');
      return answer.statusCode;
    };
    expect(await status(CERTIFICATE)).toBe(200);
    await expect(status(OTHER_CERTIFICATE)).rejects.toThrow(/self-signed|certificate/);
    await files('renewed', OTHER_CERTIFICATE, OTHER_KEY);
    await until(() =>
      status(OTHER_CERTIFICATE).then(
        (code) => code === 200,
        () => false,
      ),
    );
    await server.close();
  });

  test.for([
    ['a key of another certificate', CERTIFICATE, OTHER_KEY, 'do not belong together'],
    ['no PEM', 'certificate', KEY, 'no PEM file'],
  ] as const)('%s is refused before anything is served', async ([name, cert, key, rule]) => {
    await expect(serve(fakeModel(), { port: 0, tls: await files(name.replaceAll(' ', '-'), cert, key) })).rejects.toMatchObject({
      code: 'WEFT_SERVE_TLS',
      message: expect.stringContaining(rule) as string,
    });
  });

  test('a file that is not there is named', async () => {
    await expect(serve(fakeModel(), { port: 0, tls: { cert: join(folder, 'none'), key: 'none' } })).rejects.toMatchObject({
      code: 'WEFT_SERVE_TLS',
      message: `Cannot serve over TLS as there is no such file: ${join(folder, 'none')}`,
    });
  });
});

test.skipIf(process.platform !== 'linux')(
  'a second address leads to the same server, with its limits and its answers to what is no request',
  async () => {
    const server = await serve(fakeModel(), { port: 0, host: '127.0.0.1', graceSeconds: 0, maxConnections: 2 });
    const { port } = new URL(server.url);
    await alsoListen(server.app, '127.0.0.2', { tls: false });
    const open = (): Promise<Socket> => {
      const socket = connect(Number(port), '127.0.0.2').on('error', () => undefined);
      return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
    };
    const rest = (socket: Socket): Promise<string> => {
      let text = '';
      socket.setEncoding('utf8').on('data', (data: string) => (text += data));
      return new Promise((resolve) => socket.once('close', () => resolve(text)));
    };
    const [first, second] = [await open(), await open()];
    expect(await rest(await open())).toBe('');
    const answer = rest(first);
    first.write('hello\r\n\r\n');
    expect(await answer).toContain('"code":"WEFT_SERVE_HTTP"');
    const closed = rest(second);
    expect((await ask({ host: '127.0.0.2', port, path: '/health' })).statusCode).toBe(200);
    await server.close();
    expect(await closed).toBe(''); // Nobody holds the server up.
    await expect(ask({ host: '127.0.0.2', port, path: '/health' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  },
);

describe.skipIf(process.platform === 'win32')('a Unix socket', () => {
  test('answers, for owner and group alone, and is gone at the end', async () => {
    const socket = join(folder, 'a.sock');
    const server = await serve(fakeModel(), { socket, graceSeconds: 0 });
    expect(server.url).toBe(`unix:${socket}`);
    expect(statSync(socket).mode & 0o777).toBe(0o660);
    expect((await ask({ socketPath: socket, path: '/health' })).statusCode).toBe(200);
    await expect(serve(fakeModel(), { socket })).rejects.toMatchObject({
      code: 'WEFT_SERVE_SOCKET',
      message: expect.stringContaining('another program listens') as string,
    });
    expect((await ask({ socketPath: socket, path: '/health' })).statusCode).toBe(200);
    await server.close();
    expect(existsSync(socket)).toBe(false);
  });

  test('one that a killed server left behind is taken over', async () => {
    const socket = join(folder, 'stale.sock');
    // A server in a process that ends without a word.
    const { spawnSync } = await import('node:child_process');
    spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    expect(existsSync(socket)).toBe(true);
    const server = await serve(fakeModel(), { socket, graceSeconds: 0 });
    expect((await ask({ socketPath: socket, path: '/health' })).statusCode).toBe(200);
    await server.close();
  });

  test('a file at its place is never removed', async () => {
    const socket = join(folder, 'notes.txt');
    await writeFile(socket, 'notes');
    await expect(serve(fakeModel(), { socket })).rejects.toMatchObject({ code: 'WEFT_SERVE_SOCKET' });
    expect(existsSync(socket)).toBe(true);
  });

  test('a place where none can be made, and one beside a port, are refused', async () => {
    await expect(serve(fakeModel(), { socket: join(folder, 'none', 'a.sock') })).rejects.toMatchObject({ code: 'WEFT_SERVE_SOCKET' });
    await expect(serve(fakeModel(), { socket: join(folder, 'x'.repeat(200)) })).rejects.toMatchObject({ code: 'WEFT_SERVE_SOCKET' });
    await expect(serve(fakeModel(), { socket: 'a.sock', port: 1 })).rejects.toMatchObject({ code: 'WEFT_SERVE_OPTION' });
    const other = createServer();
    const socket = join(folder, 'other.sock');
    await new Promise<void>((resolve) => other.listen(socket, resolve));
    await expect(serve(fakeModel(), { socket })).rejects.toMatchObject({ code: 'WEFT_SERVE_SOCKET' });
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('other origins', () => {
  const preflight = (origin: string) =>
    ({
      method: 'OPTIONS',
      url: '/v1/chat/completions',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
    }) as const;

  test('ask when they are listed, keys or not, and never with what the browser remembers', async () => {
    const keys = join(folder, 'keys.json');
    const { addKey } = await import('./keys-file.ts');
    await addKey(keys, 'web');
    const app = await createApp({ models: [fakeModel()], cors: ['https://app.example.com', 'http://localhost:3000'], keys });
    const answer = await app.inject(preflight('https://app.example.com'));
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': 'authorization,content-type',
    });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect((await app.inject(preflight('https://evil.example.com'))).headers['access-control-allow-origin']).toBeUndefined();
    const refused = await app.inject({ url: '/v1/models', headers: { origin: 'http://localhost:3000' } });
    expect([refused.statusCode, refused.headers['access-control-allow-origin']]).toEqual([401, 'http://localhost:3000']);
    await app.close();
  });

  test('none ask unless it is said, all do with *', async () => {
    const closed = await createApp({ models: [fakeModel()] });
    expect((await closed.inject(preflight('https://a.example'))).headers['access-control-allow-origin']).toBeUndefined();
    await closed.close();
    const open = await createApp({ models: [fakeModel()], cors: ['*'] });
    expect((await open.inject(preflight('https://a.example'))).headers['access-control-allow-origin']).toBe('*');
    await open.close();
  });
});

describe('several models', () => {
  test('are loaded in order, adapters behind their base, which they share, under the names that were given', async () => {
    const loads: unknown[] = [];
    const { models } = await loadModels(
      modelSources(['one', { path: 'two', name: 'second', adapters: [{ path: 'tuned', name: 'french' }, { path: 'x/plain' }] }], undefined),
      {
        load: async (path, options) => {
          loads.push([path, options]);
          const adapters = [...(options.adapters ?? [])].map(([name]) => fakeModel({ name }));
          return { ...fakeModel({ name: path }), ...(adapters.length === 0 ? {} : { adapters }) };
        },
      },
    );
    expect(models.map(({ name }) => name)).toEqual(['one', 'second', 'french', 'plain']);
    expect(loads).toEqual([
      ['one', {}],
      [
        'two',
        {
          adapters: new Map([
            ['french', 'tuned'],
            ['plain', 'x/plain'],
          ]),
        },
      ],
    ]);
  });

  test('one that fails, or has a name twice, closes those that were loaded', async () => {
    const opened: ReturnType<typeof fakeModel>[] = [];
    const load = async (path: string) => {
      if (path === 'broken') throw new Error('broken');
      opened.push(fakeModel({ name: 'same' }));
      return opened.at(-1)!;
    };
    await expect(loadModels(modelSources(['a', 'broken'], undefined), { load })).rejects.toThrow('broken');
    await expect(loadModels(modelSources(['a', 'b'], undefined), { load })).rejects.toMatchObject({ code: 'WEFT_SERVE_MODEL_NAME' });
    expect(opened.map((model) => model.log.closed)).toEqual([1, 1, 1]);
    expect(() => modelSources([], undefined)).toThrow('a server needs a model');
    expect(() => modelSources([{ path: 'a', nmae: 'b' } as never], undefined)).toThrow('unknown');
  });
});
