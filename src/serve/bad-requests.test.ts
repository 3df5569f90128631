import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createTextModel } from '../generate/index.ts';
import { llama } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';
import { createApp } from './app.ts';
import { createGate, serving } from './serving.fixture.ts';
import type { TestServer } from './serving.fixture.ts';

const COMPLETIONS = '/v1/completions';
const CHAT = '/v1/chat/completions';
const hello = [{ role: 'user', content: 'Hello' }];
const tool = (name: string): object => ({ type: 'function', function: { name } });

describe('a request that cannot be served', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await serving({ chatTemplate: '{{ messages[0].content }}', contextLength: 32 }, { bodyLimit: 4096 });
  });
  afterAll(async () => await server.close());

  const CASES: readonly (readonly [what: string, url: string, body: unknown, status: number, error: Readonly<Record<string, unknown>>])[] =
    [
      ['no JSON', COMPLETIONS, '{"prompt":', 400, { code: 'WEFT_SERVE_BODY' }],
      ['an empty body', COMPLETIONS, '', 400, { code: 'WEFT_SERVE_BODY' }],
      ['a body that is no object', COMPLETIONS, [1], 400, { code: 'WEFT_SERVE_BODY' }],
      ['a body that is null', COMPLETIONS, 'null', 400, { code: 'WEFT_SERVE_BODY' }],
      ['a prototype in the body', COMPLETIONS, '{"prompt":"a","__proto__":{"x":1}}', 400, { code: 'WEFT_SERVE_BODY' }],
      ['a body too large', COMPLETIONS, { prompt: 'x'.repeat(5000) }, 413, { code: 'WEFT_SERVE_BODY_LARGE' }],
      ['no prompt', COMPLETIONS, {}, 400, { param: 'prompt' }],
      [
        'an unknown parameter',
        COMPLETIONS,
        { prompt: 'a', temprature: 1 },
        400,
        { param: 'temprature', code: 'WEFT_SERVE_PARAMETER_UNKNOWN' },
      ],
      [
        'an unknown parameter within',
        CHAT,
        { messages: [{ role: 'user', content: 'a', nmae: 'b' }] },
        400,
        { param: 'messages[0].nmae', code: 'WEFT_SERVE_PARAMETER_UNKNOWN' },
      ],
      ['a wrong type', COMPLETIONS, { prompt: 'a', temperature: '1' }, 400, { param: 'temperature' }],
      ['a temperature out of range', COMPLETIONS, { prompt: 'a', temperature: 2.1 }, 400, { param: 'temperature' }],
      ['a negative length', COMPLETIONS, { prompt: 'a', max_tokens: -1 }, 400, { param: 'max_tokens' }],
      ['half a token', COMPLETIONS, { prompt: 'a', max_tokens: 1.5 }, 400, { param: 'max_tokens' }],
      ['a huge length', COMPLETIONS, { prompt: 'a', max_tokens: 1e9 }, 400, { param: 'max_tokens', code: 'context_length_exceeded' }],
      [
        'a prompt longer than the context',
        COMPLETIONS,
        { prompt: '!'.repeat(33) },
        400,
        { param: 'prompt', code: 'context_length_exceeded' },
      ],
      ['a prompt that leaves no room', COMPLETIONS, { prompt: '!'.repeat(32) }, 400, { param: 'prompt', code: 'context_length_exceeded' }],
      [
        'a token that the vocabulary lacks',
        COMPLETIONS,
        { prompt: [1, 99_999] },
        400,
        { param: 'prompt', code: 'WEFT_SERVE_PROMPT_TOKEN' },
      ],
      ['a negative token', COMPLETIONS, { prompt: [-1] }, 400, { param: 'prompt[0]' }],
      ['prompts of mixed kinds', COMPLETIONS, { prompt: ['a', 1] }, 400, { param: 'prompt[1]' }],
      ['too many completions', COMPLETIONS, { prompt: ['a', 'b'], n: 100 }, 400, { param: 'n', code: 'WEFT_SERVE_SEQUENCES' }],
      ['top_logprobs above 20', CHAT, { messages: hello, logprobs: true, top_logprobs: 21 }, 400, { param: 'top_logprobs' }],
      ['top_logprobs without logprobs', CHAT, { messages: hello, top_logprobs: 2 }, 400, { param: 'top_logprobs' }],
      [
        'stream_options without stream',
        CHAT,
        { messages: hello, stream_options: { include_usage: true } },
        400,
        { param: 'stream_options' },
      ],
      ['no messages', CHAT, { messages: [] }, 400, { param: 'messages' }],
      ['an unknown role', CHAT, { messages: [{ role: 'oracle', content: 'a' }] }, 400, { param: 'messages[0].role' }],
      [
        'an image',
        CHAT,
        { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
        400,
        { param: 'messages[0].content[0].type' },
      ],
      [
        'a wish that is not carried out',
        COMPLETIONS,
        { prompt: 'a', best_of: 5 },
        400,
        { param: 'best_of', code: 'WEFT_SERVE_PARAMETER_UNSUPPORTED' },
      ],
      [
        'a tool without its function',
        CHAT,
        { messages: hello, tools: [{ type: 'function' }] },
        400,
        { param: 'tools[0].function', code: 'WEFT_SERVE_PARAMETER' },
      ],
      ['two tools of one name', CHAT, { messages: hello, tools: [tool('f'), tool('f')] }, 400, { param: 'tools' }],
      [
        'a call of a tool that is not there',
        CHAT,
        { messages: hello, tools: [tool('f')], tool_choice: tool('g') },
        400,
        { param: 'tool_choice' },
      ],
      ['a call of no tool', CHAT, { messages: hello, tool_choice: 'required' }, 400, { param: 'tool_choice' }],
      [
        'a tool whose arguments cannot be followed',
        CHAT,
        {
          messages: hello,
          tools: [{ type: 'function', function: { name: 'f', parameters: { uniqueItems: true } } }],
          tool_choice: 'required',
        },
        400,
        { param: 'tools', code: 'WEFT_GENERATE_SCHEMA' },
      ],
      [
        'a schema that cannot be followed',
        CHAT,
        { messages: hello, response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { not: {} } } } },
        400,
        { param: 'response_format', code: 'WEFT_GENERATE_SCHEMA' },
      ],
      [
        'an expression that looks ahead',
        COMPLETIONS,
        { prompt: 'a', structured_outputs: { regex: 'a(?=b)' } },
        400,
        { param: 'structured_outputs.regex' },
      ],
      [
        'half a character to choose',
        COMPLETIONS,
        { prompt: 'a', structured_outputs: { choice: ['a', '\uD83D'] } },
        400,
        { param: 'structured_outputs.choice', code: 'WEFT_GENERATE_CHOICE' },
      ],
      ['a broken grammar', COMPLETIONS, { prompt: 'a', grammar: 'root ::= (' }, 400, { param: 'grammar' }],
      [
        'two forms at once',
        CHAT,
        { messages: hello, grammar: 'root ::= "a"', response_format: { type: 'json_object' } },
        400,
        { code: 'WEFT_SERVE_PARAMETER' },
      ],
      [
        'an unknown model',
        COMPLETIONS,
        { prompt: 'a', model: 'gpt-9' },
        404,
        { param: 'model', code: 'model_not_found', type: 'not_found_error' },
      ],
      ['an unknown model in a chat', CHAT, { messages: hello, model: 'gpt-9' }, 404, { param: 'model', code: 'model_not_found' }],
      ['an unknown route', '/v1/nonsense', {}, 404, { code: 'WEFT_SERVE_ROUTE' }],
      ['a broken setting of the page', '/api/generate', { prompt: 'a', topK: 0 }, 400, { param: 'topK' }],
      ['a token that the page made up', '/api/generate', { prompt: 'a', chosen: [99_999] }, 400, { param: 'chosen' }],
      [
        'a form behind tokens that were settled before',
        '/api/generate',
        { prompt: 'a', chosen: [65], responseFormat: { type: 'json_object' } },
        400,
        { param: 'chosen' },
      ],
    ];

  test.each(CASES)('%s', async (_, url, body, status, error) => {
    const answer = await server.post(url, body);
    expect([answer.status, answer.json()['error']]).toEqual([status, expect.objectContaining(error)]);
    const { message, type, ...rest } = answer.json()['error'] as { message: string; type: string; param: unknown; code: unknown };
    expect(message).toMatch(/^Cannot .+\. .+\.$/s);
    expect(type).toMatch(/_error$/);
    expect(Object.keys(rest).toSorted()).toEqual(['code', 'param']);
    expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/);
  });

  test('a seed leaves room for those of the other choices', async () => {
    const most = Number.MAX_SAFE_INTEGER - 128;
    expect((await server.post(COMPLETIONS, { prompt: 'a', n: 2, max_tokens: 1, seed: most })).status).toBe(200);
    const answer = await server.post(COMPLETIONS, { prompt: 'a', n: 2, max_tokens: 1, stream: true, seed: most + 1 });
    expect([answer.status, answer.json()['error']]).toMatchObject([400, { param: 'seed' }]);
  });

  test('the context’s numbers are in the message', async () => {
    const { message } = (await server.post(COMPLETIONS, { prompt: '!!!', max_tokens: 40 })).json()['error'] as { message: string };
    expect(message).toContain('32 tokens: 3 in the prompt and 40 to generate');
    expect(message).toContain('at most 29 tokens');
  });

  test('another content type is 415', async () => {
    const { createApp } = await import('./app.ts');
    const app = await createApp();
    const answer = await app.inject({ method: 'POST', url: COMPLETIONS, payload: 'prompt=a', headers: { 'content-type': 'text/plain' } });
    expect(answer.statusCode).toBe(415);
    expect(answer.json()).toMatchObject({ error: { code: 'WEFT_SERVE_BODY' } });
    await app.close();
  });

  test('whatever the body, the answer is a success or an error in the envelope, never a 500', async () => {
    const keys = fc.constantFrom(
      'prompt',
      'messages',
      'max_tokens',
      'temperature',
      'stop',
      'n',
      'logprobs',
      'stream',
      'echo',
      'seed',
      'model',
      'top_k',
      'tools',
      'x',
    );
    const body = fc.oneof(
      fc.json(),
      fc
        .dictionary(keys, fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('a', 1, 0, true, ['a'], [1], [[1]])))
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(COMPLETIONS, CHAT, '/api/generate'), body, async (url, sent) => {
        const answer = await server.post(url, sent);
        expect([200, 400, 404, 413]).toContain(answer.status);
        if (answer.status !== 200) expect(answer.json()['error']).toMatchObject({ message: expect.any(String) as string });
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});

describe('a server with more to do than it can', () => {
  test('a full queue is 429 with retry-after, and those who wait are served', async () => {
    const gate = createGate();
    const server = await serving({ beforeToken: gate.wait }, { queue: 2 });
    const asked = [server.post(COMPLETIONS, { prompt: 'a', max_tokens: 1 })];
    await gate.reached;
    asked.push(
      server.post(COMPLETIONS, { prompt: 'b', max_tokens: 1 }),
      server.post(COMPLETIONS, { prompt: 'c', max_tokens: 1, stream: true }),
    );
    while (!(await server.get('/metrics')).text.includes('llm_num_requests_waiting{model_name="fake"} 2'))
      await new Promise((resolve) => setTimeout(resolve, 2));
    for (const body of [{ prompt: 'd' }, { prompt: 'd', stream: true }]) {
      const refused = await server.post(COMPLETIONS, body);
      expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
      expect(refused.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'rate_limit_exceeded' } });
    }
    expect((await server.post('/api/generate', { prompt: 'd' })).status).toBe(429);
    gate.open();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(server.model.log.prompts.map((prompt) => server.model.tokenizer.decode(prompt))).toEqual(['a', 'b', 'c']);
    await server.close();
  });

  test('a fault of the model is a 500 that tells nothing of its inside; in mid-stream, an event', async () => {
    let fail = 0;
    const server = await serving({
      beforeToken: (index) => {
        if (index === fail) throw new Error('secret: /home/me/model.onnx');
      },
    });
    const plain = await server.post(COMPLETIONS, { prompt: 'a' });
    expect([plain.status, plain.text.includes('secret')]).toEqual([500, false]);
    expect(plain.json()).toMatchObject({ error: { type: 'server_error', code: 'WEFT_SERVE_FAILED' } });
    expect((await server.post(COMPLETIONS, { prompt: 'a', stream: true })).status).toBe(500);
    fail = 2;
    const streamed = await server.post(COMPLETIONS, { prompt: 'a', stream: true });
    const events = streamed.events();
    expect(streamed.status).toBe(200);
    expect(events).toHaveLength(3);
    expect(events.at(-1)).toMatchObject({ error: { type: 'server_error' } });
    expect(streamed.text).not.toContain('secret');
    fail = -1;
    expect((await server.post(COMPLETIONS, { prompt: 'a' })).status).toBe(200);
    await server.close();
  });

  test('scores that are no numbers are told, to those alone that they concern', async () => {
    const model = llama({ layers: 1, heads: 2, width: 16, contextLength: 32, vocabSize: 300 });
    const weights = initialize(model.parameters, { seed: 1 });
    for (const [name, { data }] of weights) if (name === 'tokens.weight') data.fill(NaN, 5 * 16, 6 * 16); // What token 5 is read as.
    const broken = await createTextModel({ model, weights, tokenizer: await trainTokenizer(['a b'], { vocabSize: 300 }) });
    const app = await createApp({ models: [broken], graceSeconds: 0 });
    const ask = async (payload: object): Promise<{ readonly status: number; readonly body: unknown }> => {
      const { statusCode, body } = await app.inject({ method: 'POST', url: COMPLETIONS, payload: { max_tokens: 2, seed: 1, ...payload } });
      return { status: statusCode, body: JSON.parse(body) as unknown };
    };
    for (const more of [{}, { use_beam_search: true }, { echo: true, logprobs: 1 }]) {
      const [wrong, right] = await Promise.all([ask({ prompt: [1, 5, 2], ...more }), ask({ prompt: [1, 2, 3] })]);
      expect([wrong.status, right.status]).toEqual([500, 200]);
      expect(wrong.body).toMatchObject({ error: { type: 'server_error', code: 'WEFT_GENERATE_NOT_FINITE' } });
    }
    await app.close();
    await broken.close();
  });
});
