/** Two models that compute, in memory for one: what clients of the server get when both are asked for. */

import { afterEach, expect, it } from 'vitest';

import type { FastifyInstance } from 'fastify';

import { createResidency } from '../generate/index.ts';
import type { Residency, ResidencyOptions, TextModel } from '../generate/index.ts';
import { createApp } from './app.ts';
import type { AppOptions } from './app.ts';
import { realModel } from './real-model.fixture.ts';
import { createGate } from './serving.fixture.ts';

const TEXTS = {
  a: 'the cat sat on the mat, and the dog lay on the log.',
  b: 'she sells sea shells by the sea shore, the shells she sells.',
};
let residency: Residency;
let models: readonly TextModel[];
let app: FastifyInstance;
/** How often each was read again. */
let reads: Record<'a' | 'b', number>;

/** Serves both. */
async function open(
  options: ResidencyOptions,
  beforeReload?: () => Promise<void>,
  serving: Pick<AppOptions, 'requestSeconds'> = {},
): Promise<void> {
  residency = createResidency(1, options); // Each is more than that, and in memory alone.
  reads = { a: 0, b: 0 };
  const made: TextModel[] = [];
  for (const name of ['a', 'b'] as const)
    made.push(
      await realModel({
        text: TEXTS[name],
        vocabSize: 280,
        contextLength: 128,
        name,
        residency,
        onReload: async () => {
          reads[name]++;
          await beforeReload?.();
        },
      }),
    );
  models = made;
  app = await createApp({ models, graceSeconds: 0, ...serving });
}
afterEach(async () => {
  await app.close();
  await Promise.all(models.map((model) => model.close()));
  expect(residency.used).toBe(0);
});

async function complete(model: string, maxTokens = 8): Promise<string> {
  const payload = { model, prompt: 'the cat', max_tokens: maxTokens, temperature: 0 };
  const answer = await app.inject({ method: 'POST', url: '/v1/completions', payload });
  expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
  return answer.json<{ choices: readonly { text: string }[] }>().choices[0]!.text;
}

/** Waits until the server tells so many requests that wait for a model. */
async function waiting(name: string, count: number): Promise<void> {
  const line = `llm_num_requests_waiting{model_name="${name}"} ${count}\n`;
  while (!(await app.inject('/metrics')).body.includes(line)) await new Promise((resolve) => setTimeout(resolve, 5));
}

it('both are answered under load that never ends on each, with what they write alone, and in turns of more than one request', async () => {
  await open({ stay: 100, rest: 5 });
  const alone = { a: await complete('a'), b: await complete('b') };
  const before = { ...reads };
  const answered = { a: 0, b: 0 };
  const isOver = (): boolean => answered.a >= 60 && answered.b >= 60;
  /** Never without a request: the next is sent before the last is answered. */
  const load = async (name: 'a' | 'b'): Promise<void> => {
    let last = complete(name);
    for (; !isOver(); answered[name]++) {
      const next = complete(name);
      expect(await last).toBe(alone[name]);
      last = next;
    }
    await last;
  };
  await Promise.all([load('a'), load('a'), load('b'), load('b')]);
  for (const name of ['a', 'b'] as const) {
    expect(reads[name] - before[name]).toBeGreaterThan(0);
    expect(reads[name] - before[name]).toBeLessThan(answered[name]);
  }
});

it('a request whose client leaves while it waits for room leaves the queue, and its model is not loaded', async () => {
  const gate = createGate();
  await open({}, gate.wait);
  const other = complete('a');
  await gate.reached; // The one is being loaded, so the other has to wait.
  const before = { ...reads };
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const leave = new AbortController();
  const asked = fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'b', prompt: 'the cat', max_tokens: 4 }),
    signal: leave.signal,
  });
  await waiting('b', 1);
  leave.abort();
  await expect(asked).rejects.toThrow('abort');
  await waiting('b', 0);
  gate.open();
  expect((await other).length).toBeGreaterThan(0);
  expect(reads).toEqual(before);
});

it('a server that closes refuses those who wait, and those whose time is up are told', async () => {
  const gate = createGate();
  await open({ rest: 0 }, gate.wait, { requestSeconds: 0.2 });
  const ask = async (model: string): Promise<number> =>
    (await app.inject({ method: 'POST', url: '/v1/completions', payload: { model, prompt: 'the cat' } })).statusCode;
  const late = ask('a');
  await gate.reached;
  expect(await Promise.all([late, ask('b')])).toEqual([504, 504]);
  await waiting('a', 0);
  await waiting('b', 0);
  const asked = Promise.all([ask('a'), ask('b')]);
  await app.close();
  gate.open();
  expect(await asked).toEqual([503, 503]);
});

it('a text that nobody reads does not keep the other model from its turn', async () => {
  await open({ stay: 0 });
  await complete('a');
  const text = models[0]!.generate('the cat', { maxTokens: 60, temperature: 0 });
  const first = await text.next();
  expect((await complete('b')).length).toBeGreaterThan(0);
  let rest = first.done === true ? '' : first.value.text;
  for await (const token of text) rest += token.text;
  expect(rest).toBe(await complete('a', 60));
});
