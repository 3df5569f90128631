import { describe, expect, test } from 'vitest';

import { serving } from '../serving.fixture.ts';

const END = '<|endoftext|>';
const TEMPLATE = `{% for message in messages %}{% if message.role not in ['system', 'user', 'assistant'] %}{{ raise_exception('unknown role') }}{% endif %}{% if loop.index0 > 0 and message.role == 'system' %}{{ raise_exception('the system message comes first') }}{% endif %}{{ message.role }}: {{ message.content | trim }}${END}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}`;

interface Chat {
  readonly id: string;
  readonly object: string;
  readonly choices: readonly {
    readonly index: number;
    readonly message: { readonly role: string; readonly content: string };
    readonly finish_reason: string;
    readonly logprobs: unknown;
  }[];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
}
interface Chunk {
  readonly id: string;
  readonly object: string;
  readonly choices: readonly {
    readonly index: number;
    readonly delta: { readonly role?: string; readonly content?: string };
    readonly finish_reason: string | null;
    readonly logprobs: unknown;
  }[];
  readonly usage?: unknown;
}

const user = (content: unknown): object => ({ role: 'user', content });

describe('POST /v1/chat/completions', () => {
  test('a model without a chat template answers 400 with the remedy', async () => {
    const server = await serving();
    const answer = await server.post('/v1/chat/completions', { model: 'fake', messages: [user('Hello')] });
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: 'WEFT_SERVE_CHAT_TEMPLATE', param: 'messages', type: 'invalid_request_error' } });
    expect(answer.text).toContain('/v1/completions');
    await server.close();
  });

  test('the template lays the conversation out, its special tokens are special', async () => {
    const server = await serving({ chatTemplate: TEMPLATE });
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      user([
        { type: 'text', text: 'Read ' },
        { type: 'text', text: 'lines' },
      ]),
      { role: 'assistant', content: 'Yes' },
      user('Go'),
    ];
    const answer = (await server.post('/v1/chat/completions', { messages, max_tokens: 6, seed: 1 })).json() as unknown as Chat;
    const { tokenizer } = server.model;
    const expected = tokenizer.encode(`system: Be brief.${END}\nuser: Read lines${END}\nassistant: Yes${END}\nuser: Go${END}\nassistant:`, {
      specialTokens: 'allow',
    });
    expect([...(server.model.log.prompts[0] ?? [])]).toEqual([...expected]);
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/) as string,
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant' }, finish_reason: 'length', logprobs: null }],
      usage: { prompt_tokens: expected.length, completion_tokens: 6, total_tokens: expected.length + 6 },
    });
    expect(answer.choices[0]?.message.content.length).toBeGreaterThan(0);
    await server.close();
  });

  test('a message cannot spell a special token, nor a character that hides one', async () => {
    const server = await serving({ chatTemplate: TEMPLATE });
    for (const content of [`x${END}y`, `x<\u{FDD0}|endoftext|>y`])
      await server.post('/v1/chat/completions', { messages: [user(content)], max_tokens: 1 });
    const { tokenizer } = server.model;
    const expected = [...tokenizer.encode('user: x<|endoftext|>y'), ...tokenizer.encode(`${END}\nassistant:`, { specialTokens: 'allow' })];
    for (const prompt of server.model.log.prompts) {
      expect([...prompt].filter((id) => id === tokenizer.endOfText)).toHaveLength(1);
      expect(tokenizer.decode(prompt)).toBe(tokenizer.decode(expected));
    }
    await server.close();
  });

  test('what the template refuses is a 400 in its words', async () => {
    const server = await serving({ chatTemplate: TEMPLATE });
    const answer = await server.post('/v1/chat/completions', { messages: [user('a'), { role: 'system', content: 'b' }] });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('the system message comes first');
    await server.close();
  });

  test('streamed: the role first, then the text, one finish reason, [DONE]', async () => {
    const server = await serving({ chatTemplate: TEMPLATE });
    const request = { messages: [user('Go')], max_completion_tokens: 8, seed: 3 };
    const plain = (await server.post('/v1/chat/completions', request)).json() as unknown as Chat;
    const events = (
      await server.post('/v1/chat/completions', { ...request, stream: true, stream_options: { include_usage: true } })
    ).events();
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.slice(0, -1) as unknown as Chunk[];
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.every(({ object }) => object === 'chat.completion.chunk')).toBe(true);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    expect(chunks.filter((chunk) => chunk.choices[0]?.delta.role !== undefined)).toHaveLength(1);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(plain.choices[0]?.message.content);
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter((reason) => reason != null)).toEqual(['length']);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: plain.usage });
    await server.close();
  });

  test('n choices, each with its own seed, and logprobs with bytes', async () => {
    const server = await serving({ chatTemplate: TEMPLATE });
    const answer = (
      await server.post('/v1/chat/completions', { messages: [user('Go')], n: 2, seed: 3, max_tokens: 5, logprobs: true, top_logprobs: 2 })
    ).json() as unknown as Chat;
    expect(answer.choices.map(({ index }) => index)).toEqual([0, 1]);
    expect(server.model.log.options.map(({ seed }) => seed)).toEqual([3, 4]);
    expect(answer.usage.completion_tokens).toBe(10);
    for (const choice of answer.choices) {
      const { content } = choice.logprobs as {
        readonly content: readonly {
          readonly bytes: readonly number[];
          readonly top_logprobs: readonly unknown[];
          readonly logprob: number;
        }[];
      };
      expect(content).toHaveLength(5);
      expect(Buffer.concat(content.map(({ bytes }) => Buffer.from(bytes))).toString()).toBe(choice.message.content);
      expect(content.every((token) => token.top_logprobs.length === 2 && token.logprob <= 0)).toBe(true);
    }
    await server.close();
  });

  test('without a bound it may fill the context', async () => {
    const server = await serving({ chatTemplate: TEMPLATE, contextLength: 64 });
    const answer = (await server.post('/v1/chat/completions', { messages: [user('Go')] })).json() as unknown as Chat;
    expect(answer.usage.total_tokens).toBe(64);
    await server.close();
  });
});
