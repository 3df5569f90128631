/** What the flags of `weft serve` mean beside a file of settings. */

import { describe, expect, test } from 'vitest';

import { fakeContext } from './fake-context.fixture.ts';
import { run } from './run.ts';
import { serveSettings } from './serve-flags.ts';

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
});
