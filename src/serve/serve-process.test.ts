/** `weft serve` as a process under load, with a tiny model: how it ends. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { askText, startServing, untilBusy } from './served-process.fixture.ts';
import { writeTinyModel } from './tiny-folder.fixture.ts';

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
