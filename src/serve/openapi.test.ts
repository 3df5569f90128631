/** Every answer and every chunk against OpenAI's own specification of its API, where it is at hand. */

import { existsSync, readFileSync } from 'node:fs';

import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import type { TextModel } from '../generate/index.ts';
import { createApp } from './app.ts';
import { realModel } from './real-model.fixture.ts';
import { eventsOf } from './serving.fixture.ts';

const FILE = '../shared/data/openapi/openai.yml';

/** A part of a schema. */
interface Part {
  readonly $ref?: string;
  readonly allOf?: readonly Part[];
  readonly properties?: object;
}

describe.skipIf(!existsSync(FILE))('by the specification', () => {
  let model: TextModel;
  let app: FastifyInstance;
  let valid: (name: string) => ValidateFunction;
  let parametersOf: (schema: string) => readonly string[];
  beforeAll(async () => {
    // `nullable` is a word of the older specification.
    const spelledNull = (_: string, value: unknown): unknown => {
      if (typeof value !== 'object' || value === null || !('nullable' in value)) return value;
      const { nullable, ...rest } = value;
      return nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest;
    };
    const specification = JSON.parse(JSON.stringify(parse(readFileSync(FILE, 'utf8')), spelledNull)) as object;
    const ajv = new Ajv2020({ strict: false, discriminator: false, validateFormats: false });
    formats.default(ajv);
    ajv.addSchema(specification, 'openai');
    const { schemas } = (specification as { readonly components: { readonly schemas: Readonly<Record<string, Part>> } }).components;
    const names = ({ $ref = '', allOf = [], properties = {} }: Part): readonly string[] => [
      ...($ref === '' ? [] : names(schemas[$ref.split('/').at(-1) ?? ''] ?? {})),
      ...allOf.flatMap(names),
      ...Object.keys(properties),
    ];
    parametersOf = (name) => names(schemas[name] ?? {});
    valid = (name) => ajv.compile({ $ref: `openai#/components/schemas/${name}` });
    model = await realModel({ text: 'the cat sat on the mat {"name": "find"}', vocabSize: 300, contextLength: 1024 });
    app = await createApp({ models: [model], graceSeconds: 0 });
  });
  afterAll(async () => {
    await app.close();
    await model.close();
  });

  const messages = [{ role: 'user', content: 'Who?' }];
  const parameters = {
    type: 'object',
    properties: { n: { type: 'integer', minimum: 0, maximum: 9 } },
    required: ['n'],
    additionalProperties: false,
  };
  const tools = [{ type: 'function', function: { name: 'find', description: 'Finds.', parameters, strict: true } }];
  const format = { type: 'json_schema', json_schema: { name: 'x', schema: parameters, strict: true } };
  const chats: readonly object[] = [
    { messages, max_tokens: 5 },
    { messages, max_tokens: 5, n: 2, logprobs: true, top_logprobs: 3, stop: ['e'] },
    { messages, tools, tool_choice: 'required' },
    { messages, max_tokens: 4, use_beam_search: true, n: 3, logprobs: true, top_logprobs: 2 },
    { messages, response_format: format, temperature: 0.5, presence_penalty: 1 },
  ];
  const completions: readonly object[] = [
    { prompt: 'the', max_tokens: 5 },
    { prompt: 'the', max_tokens: 5, use_beam_search: true, n: 2, logprobs: 1, length_penalty: 0 },
    { prompt: ['the', 'cat'], max_tokens: 3, logprobs: 2, n: 2 },
    { prompt: [1, 2, 3], max_tokens: 0, echo: true, logprobs: 1 },
  ];
  const responses: readonly object[] = [
    { input: 'Who?', max_output_tokens: 6 },
    { input: messages, tools: [{ type: 'function', name: 'find', parameters, strict: true }], tool_choice: 'required' },
    { input: 'Who?', text: { format: { type: 'json_schema', name: 'x', schema: parameters } }, instructions: 'Be brief.' },
  ];

  const post = async (url: string, payload: object): Promise<string> => {
    const answer = await app.inject({ method: 'POST', url, payload });
    expect(answer.statusCode, answer.body).toBe(200);
    return answer.body;
  };
  const check = (validate: ValidateFunction, value: unknown): void => {
    const holds = validate(value);
    expect(validate.errors ?? [], JSON.stringify(value).slice(0, 300)).toEqual([]);
    expect(holds).toBe(true);
  };

  /** A prompt's first token has no probability: null, as clients that score expect, which the specification does not foresee. */
  const scored = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (key, inside: unknown) =>
        key === 'token_logprobs' || key === 'top_logprobs' ? noNulls(inside as unknown[], key === 'token_logprobs' ? 0 : {}) : inside,
      ),
    );
  const noNulls = (list: readonly unknown[], instead: unknown): readonly unknown[] => list.map((one) => one ?? instead);

  it('chats are answers and chunks', async () => {
    const [whole, chunk, request] = [
      'CreateChatCompletionResponse',
      'CreateChatCompletionStreamResponse',
      'CreateChatCompletionRequest',
    ].map(valid) as [ValidateFunction, ValidateFunction, ValidateFunction];
    for (const payload of chats) {
      check(request, { model: 'small', ...payload });
      check(whole, JSON.parse(await post('/v1/chat/completions', { model: 'small', ...payload })));
      const body = await post('/v1/chat/completions', {
        model: 'small',
        ...payload,
        stream: true,
        stream_options: { include_usage: true },
      });
      const events = eventsOf(body);
      expect(events.at(-1)).toBe('[DONE]');
      for (const event of events.slice(0, -1)) check(chunk, event);
    }
  });

  it('completions are answers, and so is each chunk', async () => {
    const whole = valid('CreateCompletionResponse');
    for (const payload of completions) {
      check(whole, scored(JSON.parse(await post('/v1/completions', { model: 'small', ...payload }))));
      const events = eventsOf(await post('/v1/completions', { model: 'small', ...payload, stream: true }));
      // A chunk has no reason yet, as OpenAI's own have not, which the specification of an answer does not foresee.
      for (const event of events.slice(0, -1) as { choices: { finish_reason: string | null }[] }[])
        check(
          whole,
          scored({ ...event, choices: event.choices.map((choice) => ({ ...choice, finish_reason: choice.finish_reason ?? 'stop' })) }),
        );
    }
  });

  it('responses are answers and events', async () => {
    const [whole, streamed] = ['Response', 'ResponseStreamEvent'].map(valid) as [ValidateFunction, ValidateFunction];
    for (const payload of responses) {
      check(whole, JSON.parse(await post('/v1/responses', { model: 'small', ...payload })));
      const body = await post('/v1/responses', { model: 'small', ...payload, stream: true });
      const events = body
        .split('\n\n')
        .filter((text) => text !== '')
        .map((text) => {
          const [, name, data] = /^event: (.+)\ndata: (.+)$/s.exec(text) ?? [];
          const event = JSON.parse(data ?? '') as { type: string; sequence_number: number };
          expect(event.type).toBe(name);
          return event;
        });
      expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
      for (const event of events) check(streamed, event);
      expect(events.at(-1)!.type).toMatch(/^response\.(completed|incomplete)$/);
    }
  });

  it.for([
    ['/v1/completions', 'CreateCompletionRequest', 'prompt'],
    ['/v1/chat/completions', 'CreateChatCompletionRequest', 'messages'],
    ['/v1/responses', 'CreateResponse', 'input'],
    ['/v1/embeddings', 'CreateEmbeddingRequest', 'input'],
  ] as const)('no parameter of %s is unknown, carried out or not', async ([url, schema, known]) => {
    const names = parametersOf(schema);
    expect(names).toContain(known);
    for (const name of names) {
      const answer = await app.inject({ method: 'POST', url, payload: { model: 'other', [known]: 'a', [name]: { x: 1 } } });
      expect(answer.json<{ error: object }>().error).not.toMatchObject({ code: 'WEFT_SERVE_PARAMETER_UNKNOWN', param: name });
    }
  });

  it('embeddings, models and errors are what they should be', async () => {
    check(valid('CreateEmbeddingResponse'), JSON.parse(await post('/v1/embeddings', { model: 'small', input: ['a', 'b'] })));
    check(valid('ListModelsResponse'), (await app.inject('/v1/models')).json());
    check(valid('Model'), (await app.inject('/v1/models/small')).json());
    const wrong = await app.inject({ method: 'POST', url: '/v1/chat/completions', payload: { messages: 1 } });
    check(valid('ErrorResponse'), wrong.json());
  });
});
