/** What the live view of the engine is told. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { createApp } from '../app.ts';
import { fakeModel } from '../fake-model.fixture.ts';
import { addKey } from '../keys-file.ts';
import type { PageEngine, PageList, PageModel } from '../page-api.ts';
import { createGate, serving } from '../serving.fixture.ts';

test('what runs, what waits and what was generated, while it is', async () => {
  const gate = createGate();
  const server = await serving({ beforeToken: (index) => (index === 2 ? gate.wait() : undefined) }, { clock: () => 7 });
  const look = async (): Promise<PageEngine> => (await server.get('/api/engine')).json() as unknown as PageEngine;
  const before = await look();
  expect(before).toMatchObject({ now: 7, data: [{ name: 'fake', running: 0, waiting: 0, generatedTokens: 0 }] });
  const requests = [1, 2, 3].map(() => server.post('/v1/completions', { prompt: 'a', max_tokens: 4 }));
  await gate.reached;
  await expect.poll(async () => (await look()).data[0]?.waiting).toBe(2);
  expect((await look()).data[0]).toEqual({
    name: 'fake',
    running: 1,
    waiting: 2,
    generatedTokens: 2,
    status: {
      running: 1,
      waiting: 2,
      slots: 1,
      blocksUsed: 1,
      blocks: 1,
      blockTokens: 256,
      prefixQueries: 0,
      prefixHits: 0,
      preemptions: 0,
      drafted: 0,
      accepted: 0,
    },
  });
  gate.open();
  await Promise.all(requests);
  expect(await look()).toMatchObject({ workers: 1, data: [{ running: 0, waiting: 0, generatedTokens: 12 }] });
  await server.close();
});

test('a model that tells nothing of itself has no status; models are counted apart', async () => {
  const { status: _, ...quiet } = fakeModel({ name: 'quiet' });
  const app = await createApp({ models: [fakeModel(), quiet], graceSeconds: 0 });
  await app.inject({ method: 'POST', url: '/v1/completions', payload: { model: 'quiet', prompt: 'a', max_tokens: 3 } });
  const { data } = (await app.inject('/api/engine')).json<PageEngine>();
  expect(data.map(({ name, generatedTokens }) => [name, generatedTokens])).toEqual([
    ['fake', 0],
    ['quiet', 3],
  ]);
  expect(data[1]?.status).toBe(null);
  await app.close();
});

test('a key needs the scope read, and sees the models that it is for', async () => {
  const keys = join(await mkdtemp(join(tmpdir(), 'weft-keys-')), 'keys.json');
  const reads = await addKey(keys, 'page', { scopes: ['read'], models: ['second'] });
  const writes = await addKey(keys, 'program', { scopes: ['generate'] });
  const app = await createApp({ models: [fakeModel(), fakeModel({ name: 'second' })], graceSeconds: 0, keys });
  const ask = async (url: string, key: string) => await app.inject({ url, headers: { authorization: `Bearer ${key}` } });
  expect((await app.inject('/api/engine')).statusCode).toBe(401);
  expect((await ask('/api/engine', writes)).statusCode).toBe(403);
  expect((await ask('/api/engine', reads)).json<PageEngine>().data.map(({ name }) => name)).toEqual(['second']);
  expect((await ask('/api/models', reads)).json<PageList<PageModel>>().data.map(({ name }) => name)).toEqual(['second']);
  await app.close();
});
