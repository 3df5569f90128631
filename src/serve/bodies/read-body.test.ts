/** What does not fit is told by its place, in plain words, and by the first of many. */

import { describe, expect, test } from 'vitest';

import { RequestError } from '../request-error.ts';
import { readChatBody, readCompletionBody } from './generation-body.ts';
import { readResponseBody } from './response-body.ts';
import { readDetokenizeBody, readEmbeddingBody } from './text-body.ts';

/** The parameter at fault, and what is said of it. */
function refusal(read: (body: unknown) => unknown, body: unknown): readonly [param: string | undefined, message: string] {
  try {
    read(body);
  } catch (error) {
    if (error instanceof RequestError) return [error.http.param, `${error.message}. ${error.remedy}`];
  }
  throw new Error('The body was taken.');
}

const misfit = (param: string, words: string): string =>
  `Cannot serve the request as the parameter ${param} does not fit: ${words}. Give a value of the named kind and range.`;

describe('what does not fit', () => {
  test.for([
    [{ prompt: 'a', temperature: 3 }, 'temperature', 'expected at most 2'],
    [{ prompt: 'a', top_p: 0 }, 'top_p', 'expected more than 0'],
    [{ prompt: 'a', seed: 1.5 }, 'seed', 'expected a whole number'],
    [{ prompt: 'a', stream: 'yes' }, 'stream', 'expected true or false'],
    [{ prompt: 'a', stop: 7 }, 'stop', 'expected a text or a list'],
    [{ prompt: 'a', stop: '' }, 'stop', 'expected at least 1 character'],
    [{ prompt: 'a', stop: ['b', 1] }, 'stop[1]', 'expected a text'],
    [{ prompt: 'a', logit_bias: { the: 1 } }, 'logit_bias.the', 'its name: a token id'],
    [{ prompt: 'a', response_format: 'json' }, 'response_format', 'expected an object'],
    [{ prompt: 'a', response_format: { type: 'yaml' } }, 'response_format.type', 'expected "text" or "json_object" or "json_schema"'],
    [{ prompt: 3 }, 'prompt', 'expected a text or a list'],
    [{ prompt: [] }, 'prompt', 'expected at least 1 item'],
    [{ prompt: [true] }, 'prompt[0]', 'expected a text, a token id or a list of token ids'],
    [{ prompt: ['a', 1] }, 'prompt[1]', 'expected a text'],
    [{ prompt: [1, 1.5] }, 'prompt[1]', 'expected a token id, a whole number from 0'],
    [{ prompt: [[1], []] }, 'prompt[1]', 'expected at least 1 item'],
    [{ prompt: [[1], 'a'] }, 'prompt[1]', 'expected a list of token ids'],
    [{ prompt: [[1], [2, -1]] }, 'prompt[1][1]', 'expected a token id, a whole number from 0'],
  ] as const)('in a completion: %j', ([body, param, words]) => {
    expect(refusal(readCompletionBody, body)).toEqual([param, misfit(param, words)]);
  });

  test.for([
    [{ role: 'boss', content: 'a' }, 'messages[0].role', 'expected "system" or "developer" or "user" or "assistant" or "tool"'],
    [{ role: 'user', content: 3 }, 'messages[0].content', 'expected a text or a list'],
    [{ role: 'user', content: [{ type: 'image_url' }] }, 'messages[0].content[0].type', 'expected "text"'],
  ] as const)('in a message: %j', ([message, param, words]) => {
    expect(refusal(readChatBody, { messages: [message] })).toEqual([param, misfit(param, words)]);
  });

  test.for([
    [{ role: 'boss', content: 'a' }, 'input[0].role', 'expected "user" or "assistant" or "system" or "developer"'],
    [{ type: 'photo' }, 'input[0].type', 'expected "message" or "function_call" or "function_call_output"'],
    [{ role: 'user', content: [{ type: 'input_image' }] }, 'input[0].content[0].type', 'expected "input_text" or "text" or "output_text"'],
  ] as const)('in an item of a response: %j', ([item, param, words]) => {
    expect(refusal(readResponseBody, { input: [item] })).toEqual([param, misfit(param, words)]);
  });

  test.for([
    [readCompletionBody, {}, 'prompt'],
    [readCompletionBody, { prompt: 'a', response_format: { type: 'json_schema' } }, 'response_format.json_schema'],
    [readChatBody, { messages: [{ role: 'user' }] }, 'messages[0].content'],
    [readResponseBody, { input: [{ type: 'function_call', name: 'f', arguments: '' }] }, 'input[0].call_id'],
  ] as const)('what is missing: %2$s', ([read, body, param]) => {
    expect(refusal(read, body)).toEqual([param, `Cannot serve the request as a parameter is missing: ${param}. Give it.`]);
  });

  test.for([
    [{ prompt: 'a', a: 1 }, 'a', 'a parameter is unknown: a. Check its spelling, or leave it out.'],
    [{ prompt: 'a', temprature: 1 }, 'temprature', 'a parameter is unknown: temprature. Did you mean temperature? Else leave it out.'],
    [{ prompt: 'a', stream_options: { a: 1 } }, 'stream_options.a', 'a parameter is unknown: stream_options.a. Check its spelling'],
    [
      { prompt: 'a', a: 1, b: 1, c: 1, d: 1, e: 1 },
      'a',
      'parameters are unknown: a, b, c and 2 more. Check their spelling, or leave them out.',
    ],
  ] as const)('what is unknown: %j', ([body, param, words]) => {
    expect(refusal(readCompletionBody, body)).toEqual([param, expect.stringContaining(words)]);
  });
});

/** As many as a body may hold: Zod's own words of each would take seconds. */
function many(value: unknown): readonly unknown[] {
  return Array.from({ length: 500_000 }, () => value);
}
const entries = Object.fromEntries(many(1).map((value, index) => [`a${index}`, value]));

test.for([
  ['names', readCompletionBody, entries, undefined, 'has more than 200 parameters: 500000, a0, a1, a2 among them'],
  ['names in a parameter', readCompletionBody, { prompt: 'a', logit_bias: entries }, 'logit_bias', 'has more than 2000 entries'],
  ['prompts', readCompletionBody, { prompt: many(true) }, 'prompt[0]', 'expected a text'],
  ['token ids', readCompletionBody, { prompt: many(-1) }, 'prompt[0]', 'expected a token id'],
  ['token ids to decode', readDetokenizeBody, { tokens: many(1.5) }, 'tokens[0]', 'expected a token id'],
  ['inputs', readEmbeddingBody, { input: many([-1]) }, 'input[0][0]', 'expected a token id'],
  ['parts', readChatBody, { messages: [{ role: 'user', content: many(1) }] }, 'messages[0].content', 'expected at most 1000 items'],
  [
    'parts of an item',
    readResponseBody,
    { input: [{ role: 'user', content: many(1) }] },
    'input[0].content',
    'expected at most 1000 items',
  ],
] as const)('of many %s the first is told', ([, read, body, param, words]) => {
  expect(refusal(read, body)).toEqual([param, expect.stringContaining(words)]);
});
