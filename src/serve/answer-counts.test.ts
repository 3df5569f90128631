import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { fakeModel } from './fake-model.fixture.ts';
import { serve } from './serve.ts';

/** The samples of a counter. */
function samples(text: string, name: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => line.slice(name.length))
    .sort();
}

test('answers are counted by route, method and status, and what nobody knows is one label', async () => {
  const page = await mkdtemp(join(tmpdir(), 'weft-counts-'));
  await mkdir(join(page, 'assets'));
  await writeFile(join(page, 'index.html'), '<!doctype html>');
  for (const name of ['a', 'b']) await writeFile(join(page, 'assets', `${name}.js`), '');
  const server = await serve(fakeModel({ name: 'org/a' }), { port: 0, host: '127.0.0.1', graceSeconds: 0, page });
  const ask = async (method: string, path: string, body?: string): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    await (await fetch(`${server.url}${path}`, { method, ...(body === undefined ? {} : { body, headers }) })).text();
  };
  for (const path of ['/health', '/health?a=b', '/v1/models/org/a', '/v1/models/org/b', '/assets/a.js', '/assets/b.js', '/x', '/y', '/%zz'])
    await ask('GET', path);
  await ask('POST', '/v1/completions', '{"prompt":"a","max_tokens":1}');
  await ask('POST', '/v1/completions', '{"prompt":"a","max_tokens":3,"stream":true}');
  await ask('POST', '/v1/completions', '{}');
  await ask('PUT', '/health', '{}');
  for (const method of ['PROPFIND', 'LOCK']) await server.app.inject({ method: method as 'GET', url: '/z' });
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write('hello\r\n\r\n'));
  await new Promise((resolve) => socket.resume().once('close', resolve));
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(samples(text, 'llm_http_responses_total')).toEqual([
    '{route="/assets/*",method="GET",status="200"} 2',
    '{route="/health",method="GET",status="200"} 2',
    '{route="/v1/completions",method="POST",status="200"} 2',
    '{route="/v1/completions",method="POST",status="400"} 1',
    '{route="/v1/models/*",method="GET",status="200"} 1',
    '{route="/v1/models/*",method="GET",status="404"} 1',
    '{route="unknown",method="GET",status="400"} 1',
    '{route="unknown",method="GET",status="404"} 2',
    '{route="unknown",method="PUT",status="405"} 1',
    '{route="unknown",method="other",status="400"} 1',
    '{route="unknown",method="other",status="404"} 2',
  ]);
  expect(Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(10 << 20);
  expect(Number(/^llm_event_loop_delay_p99_seconds (\S+)$/m.exec(text)?.[1])).toBeLessThan(60);
  await server.close();
});
