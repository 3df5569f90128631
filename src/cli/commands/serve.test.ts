/** `weft serve` as a process under load: how it ends, and what its flags mean. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { askText, startServing, untilBusy } from '../../serve/served-process.fixture.ts';
import { writeTinyModel } from '../../serve/tiny-folder.fixture.ts';
import { fakeContext } from '../fake-context.fixture.ts';
import { run } from '../run.ts';
import { serveSettings } from '../serve-flags.ts';

let folder = '';
let model = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-serve-'));
  model = join(folder, 'tiny');
  await writeTinyModel(model, 4096);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the end of a server under load', () => {
  /** Some requests at once, all of them accepted. */
  const load = async (
    url: string,
    { count, tokens }: { readonly count: number; readonly tokens: number },
  ): Promise<ReturnType<typeof askText>[]> => {
    const asked = Array.from({ length: count }, (_, number) => askText(url, { tokens, stream: number % 2 === 0 }));
    await untilBusy(url, count);
    return asked;
  };

  test('SIGTERM lets those who were accepted finish, and says 143', async () => {
    const server = await startServing([model]);
    const asked = await load(server.url, { count: 6, tokens: 500 });
    server.child.kill('SIGTERM');
    expect(await Promise.all(asked)).toEqual(asked.map(() => 'done'));
    expect([await server.ended, server.err()]).toEqual([143, '']);
  });

  test('past the grace period all are told: 503, or an error in the stream', async () => {
    const server = await startServing([model, '--grace-seconds', '0']);
    const asked = await load(server.url, { count: 6, tokens: 4000 });
    server.child.kill('SIGTERM');
    const ends = await Promise.all(asked);
    expect(ends.filter((end) => end !== 'told' && end !== 'refused')).toEqual([]);
    expect(await server.ended).toBe(143);
  });

  test('a second signal ends it at once', async () => {
    const server = await startServing([model]);
    const asked = await load(server.url, { count: 30, tokens: 4000 });
    server.child.kill('SIGTERM');
    while ((await fetch(`${server.url}/health`)).status !== 503) await new Promise((resolve) => setTimeout(resolve, 5));
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(143);
    expect(await Promise.all(asked)).toContain('lost');
  });
});

describe('flags and a file of settings', () => {
  const file = { models: [{ path: '/m/tiny', name: 'tiny' }], port: 9000, host: '0.0.0.0', queue: 4, log: true, workers: 2 } as const;

  test('the file says it, a flag wins', () => {
    expect(serveSettings([], {}, file)).toEqual({
      models: [{ path: '/m/tiny', name: 'tiny' }],
      options: { port: 9000, host: '0.0.0.0', queue: 4, log: true },
      workers: 2,
    });
    expect(serveSettings(['other'], { port: 1, queue: 2, workers: 3 }, file)).toEqual({
      models: ['other'],
      options: { port: 1, host: '0.0.0.0', queue: 2, log: true },
      workers: 3,
    });
  });

  test('a place is one thing: a socket takes back the port, and a port the socket', () => {
    expect(serveSettings([], { socket: 'a' }, file).options).toEqual({ socket: 'a', queue: 4, log: true });
    expect(serveSettings(['m'], { port: 1 }, { socket: '/a' }).options).toEqual({ port: 1 });
  });

  test('flags that say something of the log turn it on', () => {
    expect(serveSettings(['m'], { logLevel: 'warn' }, {}).options).toEqual({ log: true, logLevel: 'warn' });
    expect(serveSettings(['m'], { logPrompts: true }, {}).options).toEqual({ log: true, logPrompts: true });
    expect(serveSettings(['m'], { tlsCert: 'c', tlsKey: 'k', corsOrigin: ['*'] }, {}).options).toEqual({
      tls: { cert: 'c', key: 'k' },
      cors: ['*'],
    });
  });

  test.for([
    [['serve'], 'WEFT_ARGUMENT', 2],
    [['serve', 'm', '--tls-cert', 'a'], 'WEFT_FLAG_VALUE', 2],
    [['serve', 'm', '--log-level', 'loud'], 'WEFT_FLAG_VALUE', 2],
    [['serve', 'm', '--request-seconds', '0'], 'WEFT_FLAG_VALUE', 2],
    [['serve', 'm', '--port', '1', '--socket', 'a'], 'WEFT_SERVE_OPTION', 2],
    [['serve', 'm', '--cors-origin', 'example.com'], 'WEFT_SERVE_OPTION', 2],
    [['serve', 'm', '--otel-endpoint', 'collector'], 'WEFT_SERVE_OPTION', 2],
    [['serve', 'm', '--keys', '/nowhere/keys.json'], 'WEFT_SERVE_KEYS', 1],
    [['serve', '--config', '/nowhere/serve.json'], 'WEFT_SERVE_CONFIG', 1],
  ] as const)('%j is told', async ([args, code, exit]) => {
    const context = fakeContext();
    expect(await run(args, context)).toBe(exit);
    expect(context.err()).toMatch(new RegExp(`^error \\[${code}\\] .+\\n {2}\\S.+\\n$`));
  });

  test('a file names the models, and their names are those that requests use', async () => {
    const config = join(folder, 'serve.json');
    writeFileSync(
      config,
      JSON.stringify({
        models: [
          { path: 'tiny', name: 'first' },
          { path: 'tiny', name: 'second' },
        ],
        graceSeconds: 1,
      }),
    );
    const server = await startServing(['--config', config]);
    const list = (await (await fetch(`${server.url}/v1/models`)).json()) as { readonly data: readonly { readonly id: string }[] };
    expect(list.data.map(({ id }) => id)).toEqual(['first', 'second']);
    server.child.kill('SIGINT');
    expect(await server.ended).toBe(130);
  });
});
