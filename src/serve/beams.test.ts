/** Beam search over HTTP: what the library finds, in OpenAI's form. */

import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { TextModel } from '../generate/index.ts';
import { createApp } from './app.ts';
import { fakeModel } from './fake-model.fixture.ts';
import { realModel } from './real-model.fixture.ts';
import { eventsOf } from './serving.fixture.ts';

let model: TextModel;
let app: FastifyInstance;
beforeAll(async () => {
  model = await realModel({ text: 'the cat sat on the mat, and the dog lay on the log.', vocabSize: 300, contextLength: 128, slots: 4 });
  app = await createApp({ models: [model, fakeModel({ name: 'fake' })], queue: 64, graceSeconds: 0 });
});
afterAll(async () => {
  await app.close();
  await model.close();
});

interface Choice {
  readonly index: number;
  readonly text: string;
  readonly logprobs: { readonly tokens: readonly string[]; readonly token_logprobs: readonly number[] };
  readonly finish_reason: string;
}
interface Completion {
  readonly choices: readonly Choice[];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

const BASE = { model: 'small', prompt: 'the cat', max_tokens: 12, use_beam_search: true, n: 3 };

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function post(payload: object, url = '/v1/completions'): Promise<Answer> {
  const { statusCode, body } = await app.inject({ method: 'POST', url, payload });
  return { status: statusCode, text: body };
}
const complete = async (payload: object): Promise<Completion> => JSON.parse((await post(payload)).text) as Completion;

it('gives the texts that the library finds, best first, of each prompt', async () => {
  const prompts = ['the cat', 'on the'];
  const body = await complete({ ...BASE, prompt: prompts, logprobs: 2, length_penalty: 0.5 });
  let tokens = 0;
  for (const [index, prompt] of prompts.entries()) {
    const found = await model.beamSearch!(prompt, { beams: 3, maxTokens: 12, lengthPenalty: 0.5 });
    for (const [rank, one] of found.entries()) {
      const choice = body.choices[index * 3 + rank]!;
      expect([choice.index, choice.text, choice.finish_reason]).toEqual([index * 3 + rank, one.text, one.finishReason]);
      expect(choice.logprobs.token_logprobs.reduce((sum, one) => sum + one, 0)).toBeCloseTo(one.logProbability, 3);
      tokens += one.tokens.length;
    }
  }
  expect(body.usage.completion_tokens).toBe(tokens);
});

it('streams what it found, and replies to chats', async () => {
  const body = await complete(BASE);
  const { text } = await post({ ...BASE, stream: true });
  const texts = ['', '', ''];
  for (const event of eventsOf(text)) {
    if (typeof event === 'string') continue;
    for (const choice of (event as unknown as Completion).choices) texts[choice.index] += choice.text;
  }
  expect(texts).toEqual(body.choices.map((choice) => choice.text));
  const chat = await post(
    { model: 'small', messages: [{ role: 'user', content: 'the cat' }], max_tokens: 6, use_beam_search: true, n: 2, temperature: 0 },
    '/v1/chat/completions',
  );
  const { choices: replies } = JSON.parse(chat.text) as { choices: { message: { content: string } }[] };
  expect(replies).toHaveLength(2);
  expect(replies[0]!.message.content).not.toBe(replies[1]!.message.content);
});

it('keeps to a form and stops', async () => {
  const body = await complete({ ...BASE, structured_outputs: { choice: ['a cat', 'a dog', 'the mat', 'log'] } });
  const texts = body.choices.map(({ text }) => text);
  expect(texts).toHaveLength(3); // The same text may be found in other tokens.
  for (const text of texts) expect(['a cat', 'a dog', 'the mat', 'log']).toContain(text);
  const plain = (await complete(BASE)).choices[0]!.text;
  const stop = plain.slice(2, 4);
  for (const { text } of (await complete({ ...BASE, stop })).choices) expect(text).not.toContain(stop);
});

it('of more than fit into memory is refused with the numbers', async () => {
  const small = await realModel({ text: 'the cat sat on the mat', vocabSize: 300, contextLength: 128, slots: 4, cacheTokens: 128 });
  const server = await createApp({ models: [small], graceSeconds: 0 });
  const ask = async (payload: object): Promise<{ statusCode: number; body: string }> =>
    server.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'the cat', use_beam_search: true, ...payload } });
  // Five blocks of 32 tokens: one for each of four beams.
  for (const payload of [
    { n: 4, max_tokens: 40 },
    { n: 4, prompt: 'q'.repeat(40) },
  ]) {
    const { statusCode, body } = await ask(payload);
    expect([statusCode, JSON.parse(body)]).toMatchObject([400, { error: { param: 'n' } }]);
    expect(body).toContain('room for 31 tokens');
  }
  expect((await ask({ n: 4, max_tokens: 20 })).statusCode).toBe(200);
  expect((await ask({ n: 2, max_tokens: 40 })).statusCode).toBe(200);
  await server.close();
  await small.close();
});

it('gives as many as there are, and no more', async () => {
  for (const stream of [false, true]) {
    const { text } = await post({ ...BASE, structured_outputs: { choice: ['q', 'z'] }, stream, logprobs: 1, max_tokens: 1 });
    const found = stream ? eventsOf(text).filter((event) => typeof event !== 'string') : [JSON.parse(text) as object];
    const choices = (found as unknown as Completion[]).flatMap((one) => one.choices);
    expect([...new Set(choices.map(({ index }) => index))]).toEqual([0, 1]);
    expect(choices.map((choice) => choice.finish_reason).filter((reason) => reason !== null)).toEqual(['stop', 'stop']);
  }
});

it.each([
  [{ n: 5 }, 'n', '4 texts at once'],
  [{ temperature: 0.5 }, 'temperature', 'no say'],
  [{ top_p: 0.5 }, 'top_p', 'no say'],
  [{ logit_bias: { 5: 1 } }, 'logit_bias', 'no say'],
  [{ use_beam_search: false, length_penalty: 2 }, 'length_penalty', 'use_beam_search'],
  [{ length_penalty: 'x' }, 'length_penalty', 'number'],
  [{ model: 'fake' }, 'use_beam_search', 'cannot be searched'],
  [{ prompt: 'the cat '.repeat(200) }, 'prompt', '128'],
])('refuses %j with the name of the parameter', async (more, param, words) => {
  const { status, text } = await post({ ...BASE, ...more });
  const { error } = JSON.parse(text) as { error: { param: string; message: string } };
  expect([status, error.param]).toEqual([400, param]);
  expect(error.message).toContain(words);
});
