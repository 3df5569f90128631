/** Replies of a given form, from a model of random weights: nothing but the form keeps them in order. */

import { Ajv } from 'ajv';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { TextModel } from '../generate/index.ts';
import { createApp } from './app.ts';
import { realModel } from './real-model.fixture.ts';
import { eventsOf } from './serving.fixture.ts';

/** A template that lays tools out itself, and calls as values. */
const KNOWING =
  '{% if tools %}{% for t in tools %}[{{ t.function.name }}]{% endfor %}{% endif %}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if m.tool_calls %}{% for c in m.tool_calls %}({{ c.function.name }} {{ c.function.arguments.city }}){% endfor %}{% endif %}{% endfor %}<assistant>';
const models: TextModel[] = [];
let app: FastifyInstance;
beforeAll(async () => {
  const text = '{"name": "Ada", "age": 36, "tags": ["a", "b"]} the cat sat on the mat';
  models.push(await realModel({ text, vocabSize: 320, contextLength: 1024, name: 'plain' }));
  models.push(await realModel({ text, vocabSize: 320, contextLength: 1024, name: 'knowing', chatTemplate: KNOWING }));
  app = await createApp({ models, graceSeconds: 0 });
});
afterAll(async () => {
  await app.close();
  for (const model of models) await model.close();
});

interface Call {
  readonly id: string;
  readonly type: string;
  readonly function: { readonly name: string; readonly arguments: string };
}
interface Choice {
  readonly text?: string;
  readonly message: { readonly content: string | null; readonly tool_calls?: readonly Call[] };
  readonly finish_reason: string;
}

async function ask(url: string, payload: object): Promise<readonly Choice[]> {
  const answer = await app.inject({ method: 'POST', url, payload });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<{ choices: Choice[] }>().choices;
}
const user = [{ role: 'user', content: 'Who?' }];
const schema = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 12 },
    age: { type: 'integer', minimum: 0, maximum: 120 },
    kind: { enum: ['cat', 'dog'] },
    tags: { type: 'array', items: { type: 'string', maxLength: 4 }, maxItems: 3 },
  },
  required: ['name', 'age', 'kind'],
  additionalProperties: false,
};

describe('a reply', () => {
  it('is of the schema that was asked for, whatever the model would write', async () => {
    const validate = new Ajv().compile(schema);
    const response_format = { type: 'json_schema', json_schema: { name: 'person', strict: true, schema } };
    const choices = await ask('/v1/chat/completions', { messages: user, response_format, n: 16, seed: 1, temperature: 1.5 });
    for (const { message, finish_reason } of choices) {
      expect(finish_reason).toBe('stop');
      expect(validate(JSON.parse(message.content ?? ''))).toBe(true);
    }
    expect(new Set(choices.map(({ message }) => message.content)).size).toBeGreaterThan(10);
  });

  it('is an object of JSON, of an expression, a choice or a grammar', async () => {
    const [object] = await ask('/v1/chat/completions', {
      messages: user,
      response_format: { type: 'json_object' },
      seed: 2,
      max_tokens: 900,
    });
    if (object!.finish_reason === 'stop') expect(JSON.parse(object!.message.content ?? '')).toBeTypeOf('object');
    const text = async (form: object): Promise<string> =>
      (await ask('/v1/completions', { prompt: 'a', seed: 3, max_tokens: 60, ...form }))[0]!.text ?? '';
    expect(await text({ structured_outputs: { regex: '\\d{3}-[a-f]{2}' } })).toMatch(/^\d{3}-[a-f]{2}$/);
    expect(['yes', 'no (really)']).toContain(await text({ structured_outputs: { choice: ['yes', 'no (really)'] } }));
    const many = Array.from({ length: 600 }, (_, index) => `(${index}) any of them.`);
    expect(many.join('').length).toBeGreaterThan(10_000);
    expect(many).toContain(await text({ structured_outputs: { choice: many } }));
    expect(await text({ grammar: 'root ::= "a" ("b" | "c")? "d"' })).toMatch(/^a[bc]?d$/);
    expect(
      JSON.parse(await text({ structured_outputs: { json: JSON.stringify({ type: 'integer', minimum: 5, maximum: 9 }) } })),
    ).toBeGreaterThanOrEqual(5);
  });
});

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'Tells the weather.',
    parameters: {
      type: 'object',
      properties: { city: { $ref: '#/$defs/city' }, days: { type: 'integer', minimum: 1, maximum: 9 } },
      required: ['city', 'days'],
      additionalProperties: false,
      $defs: { city: { enum: ['Bonn', 'Köln'] } },
    },
  },
};
const stop = { type: 'function', function: { name: 'stop', parameters: { type: 'object', properties: {}, additionalProperties: false } } };

describe('a call', () => {
  it('fits its function where one is required', async () => {
    const choices = await ask('/v1/chat/completions', {
      messages: user,
      tools: [weather, stop],
      tool_choice: 'required',
      n: 30,
      seed: 5,
      temperature: 2,
    });
    for (const { message, finish_reason } of choices) {
      expect(finish_reason).toBe('tool_calls');
      expect(message.content).toBeNull();
      const [call] = message.tool_calls!;
      expect(call!.id).toMatch(/^call_/);
      const given = JSON.parse(call!.function.arguments) as { city?: string; days?: number };
      if (call!.function.name === 'weather')
        expect(given).toEqual({ city: expect.stringMatching(/^(Bonn|Köln)$/), days: expect.any(Number) });
      else expect(given).toEqual({});
    }
    expect(new Set(choices.map(({ message }) => message.tool_calls![0]!.function.name)).size).toBe(2);
    const [named] = await ask('/v1/chat/completions', {
      messages: user,
      tools: [weather, stop],
      tool_choice: { type: 'function', function: { name: 'stop' } },
    });
    expect(named!.message.tool_calls![0]!.function.name).toBe('stop');
  });

  it('is streamed with its id and name first, and the same as in one piece', async () => {
    const payload = { messages: user, tools: [weather], tool_choice: 'required', seed: 7 };
    const [plain] = await ask('/v1/chat/completions', payload);
    const { body } = await app.inject({ method: 'POST', url: '/v1/chat/completions', payload: { ...payload, stream: true } });
    const chunks = eventsOf(body).slice(0, -1) as unknown as {
      choices: { delta: { tool_calls?: (Call & { index: number })[] }; finish_reason: string | null }[];
    }[];
    const calls = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
    expect(calls.map((call) => call.function)).toEqual([plain!.message.tool_calls![0]!.function]);
    expect(calls[0]).toMatchObject({ index: 0, type: 'function', id: expect.stringMatching(/^call_/) });
    expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe('tool_calls');
  });

  it('and its result go back to the model, by its own template or as text', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      ...user,
      {
        role: 'assistant',
        content: null,
        refusal: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn","days":1}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
    ];
    const spelled = async (model: string): Promise<string> => {
      const before = await ask('/v1/chat/completions', { model, messages, tools: [weather], max_tokens: 1 });
      expect(before).toHaveLength(1);
      const { tokens } = (await app.inject({ method: 'POST', url: '/tokenize', payload: { model, messages } })).json<{
        tokens: number[];
      }>();
      return models[0]!.tokenizer.decode(tokens);
    };
    expect(await spelled('plain')).toContain('<tool_call>\n{"name":"weather","arguments":{"city":"Bonn","days":1}}\n</tool_call>');
    expect(await spelled('plain')).toContain('<user><tool_response>\nrain\n</tool_response>');
    expect(await spelled('knowing')).toContain('(weather Bonn)<tool>rain');
  });
});
