/** The server on a model that computes: what several clients get at once, and the routes whose answers are numbers. */

import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { TextModel } from '../generate/index.ts';
import { createApp } from './app.ts';
import { realModel } from './real-model.fixture.ts';

let model: TextModel;
let app: FastifyInstance;
beforeAll(async () => {
  model = await realModel({
    text: 'the cat sat on the mat, and the dog lay on the log. Größe 文字',
    vocabSize: 300,
    contextLength: 256,
    slots: 3,
  });
  app = await createApp({ models: [model], queue: 64, graceSeconds: 0 });
});
afterAll(async () => {
  await app.close();
  await model.close();
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, never>>;
}

async function post(url: string, payload: object): Promise<Answer> {
  const answer = await app.inject({ method: 'POST', url, payload });
  return { status: answer.statusCode, body: answer.json() };
}

interface Completion {
  readonly choices: readonly { readonly text: string; readonly logprobs: { readonly token_logprobs: readonly (number | null)[] } | null }[];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

const complete = async (payload: object): Promise<Completion> => (await post('/v1/completions', payload)).body as unknown as Completion;

describe('completions', () => {
  it('are the same text for the same seed, whatever is asked beside them', async () => {
    const asked = Array.from({ length: 10 }, (_, index) => ({
      prompt: 'the cat sat '.repeat(1 + index),
      seed: index,
      max_tokens: 12 + index,
    }));
    const alone: string[] = [];
    for (const one of asked) alone.push((await complete(one)).choices[0]!.text);
    const together = await Promise.all(asked.map((one) => complete(one)));
    expect(together.map(({ choices }) => choices[0]!.text)).toEqual(alone);
  });

  it('score a prompt as the library does, in the protocol of lm-evaluation-harness', async () => {
    const ids = [...model.tokenizer.encode('the dog lay on the mat')];
    const { choices } = await complete({ prompt: [ids, ids.slice(0, 5)], echo: true, logprobs: 1, max_tokens: 0 });
    for (const [index, length] of [ids.length, 5].entries()) {
      const own = await model.score(Uint32Array.from(ids.slice(0, length)));
      const told = choices[index]!.logprobs!.token_logprobs;
      expect(told[0]).toBeNull();
      expect(told).toHaveLength(length);
      for (let place = 1; place < length; place++) expect(told[place]).toBeCloseTo(own[place]!, 5);
    }
  });

  it('of a prompt that is too long are refused with the numbers, or of its end where that is asked for', async () => {
    const prompt = 'the cat sat on the mat, '.repeat(60);
    const { status, body } = await post('/v1/completions', { prompt, max_tokens: 8 });
    expect([status, body]).toMatchObject([
      400,
      { error: { code: 'context_length_exceeded', message: expect.stringContaining('256') as string } },
    ]);
    const ids = model.tokenizer.encode(prompt);
    for (const [truncate_prompt_tokens, kept] of [
      [-1, 248],
      [20, 20],
      [100_000, undefined],
    ] as const) {
      const answer = await post('/v1/completions', { prompt, max_tokens: 8, seed: 1, truncate_prompt_tokens });
      if (kept === undefined) expect(answer.status).toBe(400);
      else {
        const same = await complete({ prompt: [...ids.subarray(ids.length - kept)], max_tokens: 8, seed: 1 });
        expect((answer.body as unknown as Completion).choices[0]!.text).toBe(same.choices[0]!.text);
      }
    }
  });

  it('obey biases, and penalties for what was written', async () => {
    const only = model.tokenizer.encode('a')[0]!;
    const forced = await complete({ prompt: 'the', logit_bias: { [only]: 100 }, max_tokens: 5, temperature: 0 });
    expect(forced.choices[0]!.text).toBe('aaaaa');
    const free = (await complete({ prompt: 'the', max_tokens: 40, temperature: 0 })).choices[0]!.text;
    const first = model.tokenizer.encode(free)[0]!;
    const without = await complete({ prompt: 'the', max_tokens: 1, temperature: 0, logit_bias: { [first]: -100 } });
    expect(without.choices[0]!.text).not.toBe(free.slice(0, without.choices[0]!.text.length));
    const penalised = await complete({ prompt: 'the', max_tokens: 40, temperature: 0, frequency_penalty: 2, presence_penalty: 2 });
    const distinct = (text: string): number => new Set(model.tokenizer.encode(text)).size;
    expect(distinct(penalised.choices[0]!.text)).toBeGreaterThan(distinct(free));
    expect((await post('/v1/completions', { prompt: 'a', logit_bias: { x: 1 } })).status).toBe(400);
    expect((await post('/v1/completions', { prompt: 'a', logit_bias: { 5: 101 } })).status).toBe(400);
    expect((await post('/v1/completions', { prompt: 'a', presence_penalty: 2.5 })).status).toBe(400);
  });
});

interface Embeddings {
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] | string }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

describe('embeddings', () => {
  const embed = async (payload: object): Promise<Embeddings> => (await post('/v1/embeddings', payload)).body as unknown as Embeddings;

  it('are the mean of the last outputs, at length 1, as numbers and as base64', async () => {
    const texts = ['the cat', 'the dog lay on the log', 'Größe'];
    const { data, usage } = await embed({ model: 'small', input: texts });
    expect(usage.prompt_tokens).toBe(texts.reduce((sum, text) => sum + model.tokenizer.count(text), 0));
    const packed = await embed({ model: 'small', input: texts, encoding_format: 'base64' });
    for (const [index, text] of texts.entries()) {
      const own = await model.embed!(model.tokenizer.encode(text));
      const length = Math.hypot(...own);
      const vector = data[index]!.embedding as readonly number[];
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      for (const [place, number] of own.entries()) expect(vector[place]).toBeCloseTo(number / length, 5);
      const bytes = Buffer.from(packed.data[index]!.embedding as string, 'base64');
      const decoded = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      expect([...decoded]).toEqual(vector);
    }
    const ids = [...model.tokenizer.encode('the cat')];
    expect((await embed({ input: ids })).data[0]!.embedding).toEqual(data[0]!.embedding);
    expect((await embed({ input: [ids, ids], dimensions: 8 })).data[1]!.embedding).toHaveLength(8);
  });

  it('refuse what has none', async () => {
    for (const [payload, param] of [
      [{ input: '' }, 'input'],
      [{ input: ['a', ''] }, 'input'],
      [{ input: [] }, 'input'],
      [{ input: 'the cat '.repeat(300) }, 'input'],
      [{ input: [9999] }, 'input'],
      [{ input: 'a', dimensions: 65 }, 'dimensions'],
      [{}, 'input'],
    ] as const) {
      const { status, body } = await post('/v1/embeddings', payload);
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: { param } });
    }
  });
});

describe('tokens', () => {
  it('are counted and spelled in both forms, and read back', async () => {
    const text = 'the cat, 文字';
    const ids = [...model.tokenizer.encode(text)];
    expect((await post('/tokenize', { prompt: text })).body).toEqual({
      count: ids.length,
      max_model_len: 256,
      tokens: ids,
      token_strs: null,
    });
    expect((await post('/tokenize', { content: text })).body).toEqual({ tokens: ids });
    const { tokens } = (await post('/tokenize', { content: text, with_pieces: true })).body as unknown as {
      tokens: { id: number; piece: string }[];
    };
    expect(tokens.map(({ id }) => id)).toEqual(ids);
    expect(tokens[0]!.piece).toBe(model.tokenizer.decode([ids[0]!]));
    // Half a character is its bytes.
    const halves = (await post('/tokenize', { content: '瀬', with_pieces: true })).body as unknown as { tokens: { piece: unknown }[] };
    expect(halves.tokens.flatMap(({ piece }) => piece)).toEqual([...Buffer.from('瀬')]);
    const chat = (await post('/tokenize', { messages: [{ role: 'user', content: 'the cat' }] })).body as unknown as { count: number };
    const reply = await post('/v1/chat/completions', { messages: [{ role: 'user', content: 'the cat' }], max_tokens: 1 });
    expect((reply.body as unknown as Completion).usage.prompt_tokens).toBe(chat.count);
    expect((await post('/detokenize', { tokens: ids })).body).toEqual({ prompt: text, content: text });
    expect((await post('/tokenize', {})).status).toBe(400);
    expect((await post('/tokenize', { prompt: 'a', content: 'b' })).status).toBe(400);
    expect((await post('/detokenize', { tokens: [9999] })).body).toMatchObject({ error: { param: 'tokens' } });
  });
});

it('metrics tell of the cache', async () => {
  const prompt = 'the cat sat on the mat, '.repeat(20);
  await complete({ prompt, max_tokens: 1 });
  await complete({ prompt, max_tokens: 1 });
  const { body } = await app.inject('/metrics');
  const value = (name: string): number => Number(new RegExp(`^llm_${name}\\{model_name="small"\\} (.+)$`, 'm').exec(body)?.[1]);
  expect(value('prefix_cache_hits')).toBeGreaterThan(32);
  expect(value('prefix_cache_queries')).toBeGreaterThanOrEqual(value('prefix_cache_hits'));
  expect(value('kv_cache_usage_perc')).toBeGreaterThan(0);
  expect(value('num_preemptions_total')).toBe(0);
});

it('opinions are counted, and kept in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'feedback-'));
  const server = await createApp({ models: [model], graceSeconds: 0, feedback: join(folder, 'feedback.jsonl'), clock: () => 5 });
  const send = (payload: object): Promise<{ readonly statusCode: number }> =>
    server.inject({ method: 'POST', url: '/v1/feedback', payload });
  const { id } = (await server.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'the', max_tokens: 1 } })).json<{
    id: string;
  }>();
  expect((await send({ id, rating: 'up' })).statusCode).toBe(200);
  expect((await send({ id, rating: 'down', comment: 'no\nrhyme' })).statusCode).toBe(200);
  for (const wrong of [{ id }, { rating: 'up' }, { id: '../x', rating: 'up' }, { id, rating: 'fine' }])
    expect((await send(wrong)).statusCode).toBe(400);
  const lines = (await readFile(join(folder, 'feedback.jsonl'), 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    { id, rating: 'up', client: 'anyone', at: 5 },
    { id, rating: 'down', comment: 'no\nrhyme', client: 'anyone', at: 5 },
  ]);
  expect((await server.inject('/metrics')).body).toContain('llm_feedback_total{rating="down"} 1');
  await server.close();
});
