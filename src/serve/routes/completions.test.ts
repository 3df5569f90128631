import { describe, expect, test } from 'vitest';

import { fakeModel } from '../fake-model.fixture.ts';
import { serving } from '../serving.fixture.ts';

interface Choice {
  readonly index: number;
  readonly text: string;
  readonly finish_reason: string | null;
  readonly logprobs: null | {
    readonly tokens: readonly string[];
    readonly token_logprobs: readonly (number | null)[];
    readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[];
    readonly text_offset: readonly number[];
  };
}
interface Completion {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly choices: readonly Choice[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number } | null;
}

/** What the model itself says, asked without a server: the oracle of these tests. */
async function straight(
  prompt: string,
  options: Parameters<ReturnType<typeof fakeModel>['generate']>[1],
): Promise<{ text: string; ids: number[]; logs: number[] }> {
  const model = fakeModel();
  const found = { text: '', ids: [] as number[], logs: [] as number[] };
  for await (const token of model.generate(model.tokenizer.encode(prompt), options)) {
    found.text += token.text;
    found.ids.push(token.id);
    found.logs.push(token.logProbability);
  }
  return found;
}

describe('POST /v1/completions', () => {
  test('gives the model’s text, with usage as the tokenizer counts', async () => {
    const server = await serving({}, { clock: () => 1_700_000_000_900 });
    const body = (
      await server.post('/v1/completions', { model: 'fake', prompt: 'export Größe', max_tokens: 12, seed: 5, temperature: 0.7 })
    ).json() as unknown as Completion;
    const own = await straight('export Größe', { maxTokens: 12, seed: 5, temperature: 0.7 });
    const promptTokens = server.model.tokenizer.encode('export Größe').length;
    expect(body).toEqual({
      id: expect.stringMatching(/^cmpl-[0-9a-f]{32}$/) as string,
      object: 'text_completion',
      created: 1_700_000_000,
      model: 'fake',
      choices: [{ index: 0, text: own.text, logprobs: null, finish_reason: 'length' }],
      usage: { prompt_tokens: promptTokens, completion_tokens: 12, total_tokens: promptTokens + 12 },
    });
    await server.close();
  });

  test('hands every sampling parameter to the model', async () => {
    const server = await serving();
    await server.post('/v1/completions', {
      prompt: 'a',
      temperature: 0.3,
      top_p: 0.9,
      top_k: 40,
      min_p: 0.05,
      repetition_penalty: 1.1,
      seed: -3,
      stop: ['x', 'y'],
      max_tokens: 4,
      logprobs: 2,
    });
    const { signal, client: _c, namespace: _n, priority: _p, request: _r, onStart: _o, ...given } = server.model.log.options[0] ?? {};
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(given).toEqual({
      standalone: false,
      temperature: 0.3,
      topP: 0.9,
      topK: 40,
      minP: 0.05,
      repetitionPenalty: 1.1,
      seed: -3,
      stop: ['x', 'y'],
      maxTokens: 4,
      alternatives: 2,
    });
    await server.close();
  });

  test('parameters that are null or off count as not given; the length is OpenAI’s 16', async () => {
    const server = await serving();
    await server.post('/v1/completions', {
      prompt: 'a',
      temperature: null,
      top_k: -1,
      stop: null,
      seed: null,
      presence_penalty: 0,
      logit_bias: {},
      best_of: 1,
      suffix: null,
      user: 'me',
    });
    const { signal: _, client: _c, namespace: _n, priority: _p, request: _r, onStart: _o, ...given } = server.model.log.options[0] ?? {};
    expect(given).toEqual({
      maxTokens: 16,
      standalone: false,
      topK: 0,
      presencePenalty: 0,
      logitBias: new Map(),
      seed: expect.any(Number) as number,
    });
    await server.close();
  });

  test('a stop text ends it with `stop`', async () => {
    const server = await serving();
    const whole = (await server.post('/v1/completions', { prompt: 'a', temperature: 0, max_tokens: 30 })).json() as unknown as Completion;
    const text = whole.choices[0]?.text ?? '';
    const stop = text.charAt(12);
    const cut = (
      await server.post('/v1/completions', { prompt: 'a', temperature: 0, max_tokens: 30, stop })
    ).json() as unknown as Completion;
    expect(cut.choices[0]).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finish_reason: 'stop' });
    await server.close();
  });

  test('streamed: one id, the same text, one finish reason, [DONE] last, and no usage unless asked for', async () => {
    const server = await serving();
    const answer = await server.post('/v1/completions', { prompt: 'export', max_tokens: 20, seed: 1, stream: true });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const events = answer.events();
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.slice(0, -1) as unknown as Completion[];
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.every((chunk) => chunk.object === 'text_completion' && chunk.choices.length === 1 && !('usage' in chunk))).toBe(true);
    expect(chunks.map((chunk) => chunk.choices[0]?.text).join('')).toBe((await straight('export', { maxTokens: 20, seed: 1 })).text);
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter((reason) => reason !== null)).toEqual(['length']);
    await server.close();
  });

  test('streamed with include_usage: null on every chunk, then one chunk with the counts and no choices', async () => {
    const server = await serving();
    const answer = await server.post('/v1/completions', {
      prompt: 'export',
      max_tokens: 3,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = answer.events().slice(0, -1) as unknown as Completion[];
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 } });
    await server.close();
  });

  test('logprobs tell each token, where its text begins, and the likeliest beside it', async () => {
    const server = await serving();
    const own = await straight('export', { maxTokens: 8, seed: 2 });
    const body = (
      await server.post('/v1/completions', { prompt: 'export', max_tokens: 8, seed: 2, logprobs: 3 })
    ).json() as unknown as Completion;
    const { text, logprobs } = body.choices[0] ?? {};
    expect(logprobs?.token_logprobs).toEqual(own.logs);
    expect(logprobs?.tokens).toHaveLength(8);
    logprobs?.tokens.forEach((token, index) => {
      if (!token.startsWith('bytes:'))
        expect(text?.slice(logprobs.text_offset[index], (logprobs.text_offset[index] ?? 0) + token.length)).toBe(token);
      const top = logprobs.top_logprobs[index] ?? {};
      expect(top[token]).toBe(logprobs.token_logprobs[index]);
      expect([3, 4]).toContain(Object.keys(top).length);
    });
    await server.close();
  });

  test('streamed logprobs are those of the plain answer', async () => {
    const server = await serving();
    const request = { prompt: 'export', max_tokens: 8, seed: 2, logprobs: 2, echo: true };
    const plain = (await server.post('/v1/completions', request)).json() as unknown as Completion;
    const chunks = (await server.post('/v1/completions', { ...request, stream: true })).events().slice(0, -1) as unknown as Completion[];
    const parts = chunks.map((chunk) => chunk.choices[0]?.logprobs).filter((logprobs) => logprobs != null);
    expect(parts.flatMap(({ tokens }) => tokens)).toEqual(plain.choices[0]?.logprobs?.tokens);
    expect(parts.flatMap(({ token_logprobs }) => token_logprobs)).toEqual(plain.choices[0]?.logprobs?.token_logprobs);
    expect(parts.flatMap(({ text_offset }) => text_offset)).toEqual(plain.choices[0]?.logprobs?.text_offset);
    await server.close();
  });

  test('a token that is half a character is written as its bytes', async () => {
    const server = await serving();
    const body = (
      await server.post('/v1/completions', { prompt: 'ö', max_tokens: 0, echo: true, logprobs: 0 })
    ).json() as unknown as Completion;
    expect(body.choices[0]?.logprobs?.tokens).toEqual([String.raw`bytes:\xc3`, String.raw`bytes:\xb6`]);
    await server.close();
  });

  test('echo with logprobs and no new token: the log-likelihood of the prompt, as lm-evaluation-harness asks for it', async () => {
    const server = await serving();
    const ids = [...server.model.tokenizer.encode('readonly signal')];
    const body = (
      await server.post('/v1/completions', { prompt: [ids], max_tokens: 0, echo: true, logprobs: 1, temperature: 0 })
    ).json() as unknown as Completion;
    const scores = await server.model.score(Uint32Array.from(ids));
    expect(body.choices[0]).toMatchObject({ text: 'readonly signal', finish_reason: 'length' });
    expect(body.choices[0]?.logprobs?.token_logprobs).toEqual([null, ...scores.slice(1)]);
    expect(body.usage).toEqual({ prompt_tokens: ids.length, completion_tokens: 0, total_tokens: ids.length });
    expect(server.model.log.prompts).toEqual([]);
    await server.close();
  });

  test('echo puts the prompt before the text', async () => {
    const server = await serving();
    const body = (
      await server.post('/v1/completions', { prompt: 'export', max_tokens: 5, seed: 1, echo: true })
    ).json() as unknown as Completion;
    expect(body.choices[0]?.text).toBe(`export${(await straight('export', { maxTokens: 5, seed: 1 })).text}`);
    await server.close();
  });

  test('several prompts, of text or of token ids, and n of each', async () => {
    const server = await serving();
    const tokens = [...server.model.tokenizer.encode('readonly')];
    for (const prompt of [
      ['export', 'readonly'],
      [[...server.model.tokenizer.encode('export')], tokens],
    ]) {
      const body = (await server.post('/v1/completions', { prompt, n: 2, seed: 7, max_tokens: 4 })).json() as unknown as Completion;
      const expected = await Promise.all([
        straight('export', { maxTokens: 4, seed: 7 }),
        straight('export', { maxTokens: 4, seed: 8 }),
        straight('readonly', { maxTokens: 4, seed: 7 }),
        straight('readonly', { maxTokens: 4, seed: 8 }),
      ]);
      expect(body.choices.map(({ index, text }) => [index, text])).toEqual(expected.map(({ text }, index) => [index, text]));
      expect(body.usage).toEqual({ prompt_tokens: 1 + tokens.length, completion_tokens: 16, total_tokens: 17 + tokens.length });
    }
    await server.close();
  });

  test('special tokens in a prompt’s text are ordinary text', async () => {
    const server = await serving();
    await server.post('/v1/completions', { prompt: '<|endoftext|>', max_tokens: 1 });
    expect([...(server.model.log.prompts[0] ?? [])]).toEqual([...Buffer.from('<|endoftext|>')]);
    await server.close();
  });

  test('an empty prompt begins a document', async () => {
    const server = await serving();
    const body = (await server.post('/v1/completions', { prompt: '', max_tokens: 1 })).json() as unknown as Completion;
    expect([...(server.model.log.prompts[0] ?? [])]).toEqual([server.model.tokenizer.endOfText]);
    expect(body.usage?.prompt_tokens).toBe(1);
    await server.close();
  });
});
