/** The server as the libraries that people use see it: OpenAI's for Node, Vercel's AI SDK, LangChain; over a real socket. */

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI, OpenAI as LangChainOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { Output, embed, embedMany, generateText, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import type { TextModel } from '../generate/index.ts';
import { fakeModel } from './fake-model.fixture.ts';
import { serve } from './serve.ts';
import type { RunningServer } from './serve.ts';
import { realModel } from './real-model.fixture.ts';
import { createGate } from './serving.fixture.ts';

let model: TextModel;
let server: RunningServer;
let baseURL: string;
beforeAll(async () => {
  model = await realModel({ text: '{"name": "Ada", "age": 36} the cat sat on the mat, tool_call', vocabSize: 320, contextLength: 2048 });
  server = await serve(model, { port: 0, graceSeconds: 0 });
  baseURL = `${server.url}/v1`;
});
afterAll(async () => {
  await server.close();
  await model.close();
});

const person = z.object({ name: z.enum(['Ada', 'Bo']), age: z.number().int().min(0).max(120) });
const messages = [{ role: 'user' as const, content: 'Who sat on the mat?' }];

describe('openai', () => {
  const client = (): OpenAI => new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });

  it('chats, in one piece and streamed', async () => {
    const chat = await client().chat.completions.create({
      model: 'small',
      messages,
      max_tokens: 8,
      seed: 1,
      logprobs: true,
      top_logprobs: 2,
    });
    expect(chat.choices[0]!.finish_reason).toMatch(/stop|length/);
    expect(chat.choices[0]!.logprobs!.content!.length).toBe(chat.usage!.completion_tokens);
    const stream = client().chat.completions.stream({
      model: 'small',
      messages,
      max_tokens: 8,
      seed: 1,
      stream_options: { include_usage: true },
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(chat.choices[0]!.message.content);
    const final = await stream.finalChatCompletion();
    expect(final.usage).toEqual(chat.usage);
    expect(final.choices[0]!.finish_reason).toBe(chat.choices[0]!.finish_reason);
  });

  it('completes texts', async () => {
    const answer = await client().completions.create({ model: 'small', prompt: ['the cat', 'the mat'], max_tokens: 4, n: 2, seed: 3 });
    expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  });

  it('parses structured output', async () => {
    const chat = await client().chat.completions.parse({
      model: 'small',
      messages,
      response_format: zodResponseFormat(person, 'person'),
      seed: 2,
    });
    expect(person.safeParse(chat.choices[0]!.message.parsed).success).toBe(true);
    const response = await client().responses.parse({ model: 'small', input: 'Who?', text: { format: zodTextFormat(person, 'person') } });
    expect(person.safeParse(response.output_parsed).success).toBe(true);
  });

  it('runs tools', async () => {
    const called: unknown[] = [];
    const runner = client().chat.completions.runTools(
      {
        model: 'small',
        messages,
        max_tokens: 60,
        tool_choice: { type: 'function', function: { name: 'find' } },
        tools: [
          {
            type: 'function',
            function: {
              name: 'find',
              description: 'Finds a person.',
              parse: (text: string) => JSON.parse(text) as object,
              parameters: {
                type: 'object',
                properties: { name: { enum: ['Ada', 'Bo'] } },
                required: ['name'],
                additionalProperties: false,
              },
              function: (given: object) => (called.push(given), 'found'),
            },
          },
        ],
      },
      { maxChatCompletions: 2 },
    );
    await runner.done();
    expect(called.length).toBeGreaterThan(0);
    expect(called[0]).toEqual({ name: expect.stringMatching(/^(Ada|Bo)$/) as string });
  });

  it('embeds, with the base64 that it asks for by itself', async () => {
    const { data, usage } = await client().embeddings.create({ model: 'small', input: ['the cat', 'the mat'] });
    expect(data).toHaveLength(2);
    expect(data[0]!.embedding).toHaveLength(32);
    expect(Math.hypot(...data[0]!.embedding)).toBeCloseTo(1, 5);
    expect(usage.prompt_tokens).toBe(usage.total_tokens);
    const floats = await client().embeddings.create({ model: 'small', input: 'the cat', encoding_format: 'float' });
    expect(floats.data[0]!.embedding).toEqual(data[0]!.embedding);
  });

  it('gets responses, in one piece and streamed, with calls', async () => {
    const response = await client().responses.create({ model: 'small', input: 'Who?', max_output_tokens: 12, instructions: 'Be brief.' });
    expect(response.output_text.length).toBeGreaterThan(0);
    expect(response.usage!.total_tokens).toBe(response.usage!.input_tokens + response.usage!.output_tokens);
    const stream = client().responses.stream({ model: 'small', input: messages, max_output_tokens: 12 });
    let text = '';
    stream.on('response.output_text.delta', ({ delta }) => (text += delta));
    const final = await stream.finalResponse();
    expect(final.output_text).toBe(text);
    const tools = [
      {
        type: 'function' as const,
        name: 'find',
        strict: true,
        parameters: {
          type: 'object',
          properties: { n: { type: 'integer', minimum: 1, maximum: 3 } },
          required: ['n'],
          additionalProperties: false,
        },
      },
    ];
    const called = await client().responses.create({ model: 'small', input: 'Who?', tools, tool_choice: 'required' });
    const [call] = called.output;
    expect(call).toMatchObject({ type: 'function_call', name: 'find' });
    if (call?.type !== 'function_call') throw new Error('no call');
    const after = await client().responses.create({
      model: 'small',
      max_output_tokens: 4,
      input: [{ role: 'user', content: 'Who?' }, call, { type: 'function_call_output', call_id: call.call_id, output: 'Ada' }],
    });
    expect(after.status).toMatch(/completed|incomplete/);
  });

  it('lists models, and throws errors of the right kinds', async () => {
    const listed: string[] = [];
    for await (const { id } of client().models.list()) listed.push(id);
    expect(listed).toEqual(['small']);
    expect((await client().models.retrieve('small')).id).toBe('small');
    await expect(client().chat.completions.create({ model: 'other', messages })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(client().chat.completions.create({ model: 'small', messages: [] })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    const error = await client()
      .chat.completions.create({ model: 'small', messages, temperature: 9 })
      .catch((thrown: unknown) => thrown as InstanceType<typeof OpenAI.APIError>);
    expect(error).toMatchObject({ status: 400, param: 'temperature', requestID: expect.stringMatching(/^req_/) as string });
  });

  it('comes again when the server is full, and cancels what it leaves', async () => {
    const gate = createGate();
    const slow = fakeModel({ beforeToken: gate.wait });
    const full = await serve(slow, { port: 0, queue: 0, graceSeconds: 0 });
    const patient = new OpenAI({ baseURL: `${full.url}/v1`, apiKey: 'none', maxRetries: 3 });
    const first = patient.completions.create({ model: 'fake', prompt: 'a', max_tokens: 2 });
    await gate.reached;
    await expect(patient.completions.create({ model: 'fake', prompt: 'a', max_tokens: 2 }, { maxRetries: 0 })).rejects.toBeInstanceOf(
      OpenAI.RateLimitError,
    );
    const second = patient.completions.create({ model: 'fake', prompt: 'b', max_tokens: 2 });
    setTimeout(gate.open, 100);
    expect((await first).choices).toHaveLength(1);
    expect((await second).choices).toHaveLength(1);
    const stream = await patient.completions.create({ model: 'fake', prompt: 'a', max_tokens: 200, stream: true });
    for await (const _ of stream) break;
    stream.controller.abort();
    await full.close();
    expect(slow.log.finished).toBe(3);
  });
});

describe('the AI SDK', () => {
  const provider = (): ReturnType<typeof createOpenAICompatible> =>
    createOpenAICompatible({ name: 'weft', baseURL, supportsStructuredOutputs: true, includeUsage: true });

  it('generates and streams text', async () => {
    const { text, usage } = await generateText({ model: provider()('small'), prompt: 'Who?', maxOutputTokens: 8, seed: 1 });
    expect(text.length).toBeGreaterThan(0);
    expect(usage.outputTokens).toBeGreaterThan(0);
    const stream = streamText({ model: provider()('small'), prompt: 'Who?', maxOutputTokens: 8, seed: 1 });
    let streamed = '';
    for await (const part of stream.textStream) streamed += part;
    expect(streamed).toBe(text);
    expect((await stream.usage).outputTokens).toBe(usage.outputTokens);
  });

  it('generates objects', async () => {
    const { output } = await generateText({ model: provider()('small'), prompt: 'Who?', output: Output.object({ schema: person }) });
    expect(person.safeParse(output).success).toBe(true);
  });

  it('calls tools', async () => {
    const called: unknown[] = [];
    const tools = { find: tool({ description: 'Finds.', inputSchema: person, execute: (given) => (called.push(given), 'found') }) };
    const common = { model: provider()('small'), prompt: 'Who?', tools, toolChoice: 'required' as const, stopWhen: stepCountIs(1) };
    await generateText(common);
    await streamText(common).consumeStream();
    expect(called).toHaveLength(2);
    expect(called.every((given) => person.safeParse(given).success)).toBe(true);
  });

  it('embeds', async () => {
    const { embedding } = await embed({ model: provider().embeddingModel('small'), value: 'the cat' });
    const { embeddings } = await embedMany({ model: provider().embeddingModel('small'), values: ['the cat', 'the mat'] });
    expect(embeddings[0]).toEqual(embedding);
  });
});

describe('LangChain', () => {
  const chat = (rest: object = {}): ChatOpenAI =>
    new ChatOpenAI({ model: 'small', apiKey: 'none', maxTokens: 100, maxRetries: 0, configuration: { baseURL }, ...rest });

  it('invokes and streams', async () => {
    const answer = await chat({ modelKwargs: { seed: 1 } }).invoke([new HumanMessage('Who?')]);
    let streamed = '';
    let counted = 0;
    for await (const chunk of await chat({ modelKwargs: { seed: 1 } }).stream([new HumanMessage('Who?')])) {
      streamed += chunk.text;
      counted += (chunk.usage_metadata as { output_tokens?: number } | undefined)?.output_tokens ?? 0;
    }
    expect(streamed).toBe(answer.content);
    expect(counted).toBe((answer.usage_metadata as { output_tokens?: number } | undefined)?.output_tokens);
    expect(
      await new LangChainOpenAI({ model: 'small', apiKey: 'none', maxTokens: 4, configuration: { baseURL } }).invoke('the'),
    ).toBeTypeOf('string');
  });

  it('gets structured output and calls', async () => {
    const asked = await chat().withStructuredOutput(person, { method: 'jsonSchema', strict: true }).invoke('Who?');
    expect(person.safeParse(asked).success).toBe(true);
    const bound = chat().bindTools([{ type: 'function', function: { name: 'find', parameters: z.toJSONSchema(person) } }], {
      tool_choice: 'required',
    });
    const { tool_calls: calls } = await bound.invoke('Who?');
    expect(person.safeParse(calls?.[0]?.args).success).toBe(true);
  });

  it('embeds', async () => {
    const embeddings = new OpenAIEmbeddings({ model: 'small', apiKey: 'none', configuration: { baseURL } });
    expect(await embeddings.embedQuery('the cat')).toHaveLength(32);
    expect(await embeddings.embedDocuments(['the cat', 'the mat'])).toHaveLength(2);
  });
});
