/** What a model's makers said of prompts and sampling, and what a client says: special tokens, defaults, biases, variables of templates. */

import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createTextModel } from '../generate/index.ts';
import type { TextModel } from '../generate/index.ts';
import { llama } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { tokenizerFromJson, trainTokenizer } from '../tokenizers/index.ts';
import { createApp } from './app.ts';

const BEGIN = '<|endoftext|>';
const chatTemplate = '{% for m in messages %}{{ m.content }}{% endfor %}{% if loud %}!!!!!!!!!!{% endif %}';
let model: TextModel;
let app: FastifyInstance;
beforeAll(async () => {
  const json = (await trainTokenizer(['the cat sat on the mat'], { vocabSize: 280 })).toJSON();
  const special = { SpecialToken: { id: BEGIN, type_id: 0 } };
  const sequence = (id: 'A' | 'B'): object => ({ Sequence: { id, type_id: 0 } });
  const begins = {
    type: 'TemplateProcessing',
    single: [special, sequence('A')],
    pair: [special, sequence('A'), sequence('B')],
    special_tokens: { [BEGIN]: { id: BEGIN, ids: [(await tokenizerFromJson(json)).endOfText], tokens: [BEGIN] } },
  };
  const tokenizer = await tokenizerFromJson({ ...json, post_processor: begins });
  const definition = llama({ layers: 1, heads: 2, width: 32, contextLength: 64, vocabSize: tokenizer.vocabSize });
  const weights = initialize(definition.parameters, { seed: 1 });
  model = await createTextModel({ model: definition, weights, tokenizer, name: 'm', chatTemplate, defaults: { temperature: 0 } });
  app = await createApp({ models: [model], graceSeconds: 0 });
});
afterAll(async () => {
  await app.close();
  await model.close();
});

interface Answer {
  readonly status: number;
  readonly body: {
    readonly choices: readonly { readonly text: string }[];
    readonly usage: { readonly prompt_tokens: number };
    readonly tokens: readonly number[];
    readonly error: { readonly param: string | null; readonly message: string };
  };
}

async function post(url: string, payload: object): Promise<Answer> {
  const answer = await app.inject({ method: 'POST', url, payload });
  return { status: answer.statusCode, body: answer.json() };
}
const complete = async (payload: object): Promise<Answer> => await post('/v1/completions', { max_tokens: 4, ...payload });

it('a text gets the tokens that begin one, unless it is not to; tokens get none', async () => {
  const { tokenizer } = model;
  const plain = [...tokenizer.encode('the cat')];
  const counted = async (payload: object): Promise<number> => (await complete(payload)).body.usage.prompt_tokens;
  expect(await counted({ prompt: 'the cat' })).toBe(plain.length + 1);
  expect(await counted({ prompt: 'the cat', add_special_tokens: false })).toBe(plain.length);
  expect(await counted({ prompt: plain })).toBe(plain.length);
  expect(await counted({ prompt: '' })).toBe(1);
  expect([...model.encode('the cat')]).toEqual([tokenizer.endOfText, ...plain]);
  const tokens = async (payload: object): Promise<readonly number[]> => (await post('/tokenize', payload)).body.tokens;
  expect(await tokens({ prompt: 'the cat' })).toEqual([tokenizer.endOfText, ...plain]);
  expect(await tokens({ prompt: 'the cat', add_special_tokens: false })).toEqual(plain);
  expect(await tokens({ content: 'the cat' })).toEqual(plain);
  expect(await tokens({ content: 'the cat', add_special: true })).toEqual([tokenizer.endOfText, ...plain]);
  let text = '';
  for await (const token of model.generate('the cat', { temperature: 0, maxTokens: 4 })) text += token.text;
  expect((await complete({ prompt: 'the cat' })).body.choices[0]!.text).toBe(text);
});

it('what a request leaves open is as the makers of the model would have it', async () => {
  const texts = async (payload: object): Promise<number> =>
    new Set((await complete({ prompt: 'the', n: 8, max_tokens: 8, seed: 1, ...payload })).body.choices.map(({ text }) => text)).size;
  expect(await texts({})).toBe(1);
  expect(await texts({ temperature: 1 })).toBeGreaterThan(4);
});

it('biases are of tokens that there are, and leave something', async () => {
  const all = Object.fromEntries(Array.from({ length: model.tokenizer.vocabSize }, (_, id) => [id, -100]));
  const none = await complete({ prompt: 'the', logit_bias: all });
  expect([none.status, none.body.error.message]).toEqual([400, expect.stringContaining('forbid all of them')]);
  const strange = await complete({ prompt: 'the', logit_bias: { [model.tokenizer.vocabSize]: 5 } });
  expect([strange.status, strange.body.error.param]).toEqual([400, 'logit_bias']);
  const form = await complete({
    prompt: 'the',
    logit_bias: { [model.tokenizer.encode('z')[0]!]: -100 },
    structured_outputs: { regex: 'z' },
  });
  expect(form.status).toBe(400);
});

it('a text ends where a request says, and not before', async () => {
  const { tokenizer } = model;
  const { text } = (await complete({ prompt: 'the', max_tokens: 20 })).body.choices[0]!;
  const ids: number[] = [];
  for await (const { id } of model.generate('the', { temperature: 0, maxTokens: 3 })) ids.push(id);
  const [first = 0, , third = 0] = ids;
  const usage = async (payload: object): Promise<number> =>
    ((await complete({ prompt: 'the', max_tokens: 20, ...payload })).body.usage as unknown as { completion_tokens: number })
      .completion_tokens;
  const until = await complete({ prompt: 'the', max_tokens: 20, stop_token_ids: [third] });
  expect(text.startsWith(until.body.choices[0]!.text)).toBe(true);
  const tokens = await usage({ stop_token_ids: [third] });
  expect(tokens).toBeLessThanOrEqual(3);
  expect(await usage({ stop_token_ids: [third, first], min_tokens: 5 })).toBeGreaterThanOrEqual(5);
  // The end of text at every place: ended at once, or passed in silence.
  const ends = { logit_bias: { [tokenizer.endOfText!]: 100 } };
  expect(await usage(ends)).toBe(1);
  const passed = await complete({ prompt: 'the', max_tokens: 6, ...ends, ignore_eos: true });
  expect(passed.body.choices[0]).toMatchObject({ text: '', finish_reason: 'length' });
  expect(await usage({ ...ends, min_tokens: 4 })).toBe(5);
  expect((await complete({ prompt: 'the', stop_token_ids: [9999] })).body.error.param).toBe('stop_token_ids');
  expect((await complete({ prompt: 'the', use_beam_search: true, ignore_eos: true })).body.error.param).toBe('ignore_eos');
});

it('a template is told what a chat wants it to be told', async () => {
  const counted = async (payload: object): Promise<number> =>
    (await post('/v1/chat/completions', { messages: [{ role: 'user', content: 'the cat' }], max_tokens: 1, ...payload })).body.usage
      .prompt_tokens;
  expect(await counted({ chat_template_kwargs: { loud: true } })).toBeGreaterThan(await counted({}));
  expect(await counted({ chat_template_kwargs: { messages: [], add_generation_prompt: false } })).toBe(await counted({}));
});
