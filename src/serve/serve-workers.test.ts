/** Several processes behind one port, with a tiny model: they share the load, the limits and the metrics, and one may die. */

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { PageEngine } from './page-api.ts';
import { addKey } from './keys-file.ts';
import { askText, startServing, untilBusy } from './served-process.fixture.ts';
import type { ServedProcess } from './served-process.fixture.ts';
import { writeTinyModel } from './tiny-folder.fixture.ts';

let folder = '';
let model = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-workers-'));
  model = join(folder, 'tiny');
  await writeTinyModel(model, 2048);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Asks on a connection of its own, so that the workers take turns; the answer's text. */
function get(
  place: { readonly url?: string; readonly socketPath?: string },
  path: string,
  { key, body }: { key?: string; body?: object } = {},
): Promise<{ status: number; text: string }> {
  const { hostname, port } = place.url === undefined ? { hostname: undefined, port: undefined } : new URL(place.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        agent: false,
        path,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(place.socketPath === undefined ? { host: hostname, port } : { socketPath: place.socketPath }),
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (data: string) => (text += data));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The processes that answer, from the log. */
const logged = (server: ServedProcess): readonly Readonly<Record<string, unknown>>[] =>
  server
    .err()
    .split('\n')
    .flatMap((line) => (line.includes('"msg":"request"') ? [JSON.parse(line) as Readonly<Record<string, unknown>>] : []));

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const prompt = { prompt: 'to be', max_tokens: 4, seed: 1 };

/** The pids that answer so many requests. */
async function pids(server: ServedProcess, requests: number): Promise<ReadonlySet<unknown>> {
  const before = logged(server).length;
  for (let number = 0; number < requests; number++) await get(server, '/health');
  await until(() => logged(server).length >= before + requests);
  return new Set(
    logged(server)
      .slice(before)
      .map(({ pid }) => pid),
  );
}

describe('two workers', () => {
  test(
    'share the load and the keys’ budgets, add up their metrics, and a worker that is killed is replaced',
    { timeout: 120_000 },
    async () => {
      const keys = join(folder, 'keys.json');
      const [key, metrics] = [await addKey(keys, 'web', { requestsPerMinute: 10 }), await addKey(keys, 'ops', { scopes: ['metrics'] })];
      const reads = await addKey(keys, 'page', { scopes: ['read'] });
      const server = await startServing([model, '--workers', '2', '--keys', keys, '--log', '--grace-seconds', '60']);
      await until(async () => (await pids(server, 4)).size === 2);

      const statuses: number[] = [];
      for (let number = 0; number < 14; number++) statuses.push((await get(server, '/v1/completions', { key, body: prompt })).status);
      // A token may come back while they are asked: six seconds each.
      expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 200));
      expect(statuses).toContain(429);
      const served = statuses.filter((status) => status === 200).length;
      const counted = async (): Promise<string | undefined> =>
        /llm_generation_tokens_total\{[^}]*\} (\d+)/.exec((await get(server, '/metrics', { key: metrics })).text)?.[1];
      for (let scrape = 0; scrape < 3; scrape++) expect(await counted()).toBe(String(4 * served));
      // What engines tell is asked of both, whoever answers.
      const scraped = (await get(server, '/metrics', { key: metrics })).text;
      const use = Number(/llm_kv_cache_usage_perc\{[^}]*\} (.+)/.exec(scraped)?.[1]);
      expect(use).toBeGreaterThanOrEqual(0);
      expect(use).toBeLessThanOrEqual(1);
      expect(scraped).toContain(`llm_http_responses_total{route="/v1/completions",method="POST",status="200"} ${served}\n`);
      const [memory, delay] = ['process_resident_memory_bytes', 'llm_event_loop_delay_p99_seconds'].map((name) =>
        [...scraped.matchAll(new RegExp(`^${name} (.+)$`, 'gm'))].map(([, value]) => Number(value)),
      );
      expect(memory).toEqual([expect.toSatisfy((bytes: number) => bytes > 80 << 20)]); // Two Nodes.
      expect(delay).toEqual([expect.toSatisfy((seconds: number) => seconds >= 0 && seconds < 60)]);
      for (let look = 0; look < 3; look++) {
        const engines = JSON.parse((await get(server, '/api/engine', { key: reads })).text) as PageEngine;
        expect(engines).toMatchObject({ workers: 2, data: [{ running: 0, generatedTokens: 4 * served, status: { slots: 16 } }] });
      }

      const [victim] = await pids(server, 4);
      process.kill(Number(victim), 'SIGKILL');
      await until(() => server.err().includes(`Worker ${String(victim)} ended (SIGKILL)`));
      expect(await pids(server, 2)).not.toContain(victim);
      expect(await counted()).toBe(String(4 * served)); // What it had counted is not forgotten.
      await until(async () => (await pids(server, 4)).size === 2);
      server.child.kill('SIGTERM');
      expect(await server.ended).toBe(143);
    },
  );

  test('SIGTERM lets both finish what they accepted', async () => {
    const server = await startServing([model, '--workers', '2']);
    const asked = Array.from({ length: 8 }, (_, number) => askText(server.url, { tokens: 300, stream: number % 2 === 0 }));
    await untilBusy(server.url, 8);
    server.child.kill('SIGTERM');
    expect(await Promise.all(asked)).toEqual(asked.map(() => 'done'));
    expect([await server.ended, server.err()]).toEqual([143, '']);
    await expect(get(server, '/health')).rejects.toThrow('ECONNREFUSED');
  });

  test('a port in use, and a model that is not there, are told as by one process', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(startServing([model, '--workers', '2', '--host', '127.0.0.1', '--port', String(port)])).rejects.toThrow(
      /ended with 1: error \[WEFT_SERVE_PORT\]/,
    );
    await new Promise((resolve) => other.close(resolve));
    await expect(startServing([join(folder, 'none'), '--workers', '2'])).rejects.toThrow(/ended with 1: error \[WEFT_FORMAT/);
  });

  test.skipIf(process.platform === 'win32')('a Unix socket, gone at the end', async () => {
    const socketPath = join(folder, 'workers.sock');
    const server = await startServing([model, '--workers', '2', '--socket', socketPath]);
    expect(server.url).toBe(`unix:${socketPath}`);
    expect((await get({ socketPath }, '/health')).status).toBe(200);
    expect(statSync(socketPath).mode & 0o777).toBe(0o660);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(143);
    expect(existsSync(socketPath)).toBe(false);
  });
});
