/** The page's reading of event streams, however they are cut. */

import { expect, test } from 'vitest';

import { chatEvents } from './chat-stream.ts';
import { eventData } from './event-data.ts';

const stream = (text: string, size: number): ReadableStream<Uint8Array> => {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
};
const all = async <T>(values: AsyncGenerator<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
};

test('events are the same wherever the connection cuts them, and with other line ends', async () => {
  const text = ': a comment\n\ndata: {"a":"é文"}\n\nevent: x\ndata:one\ndata: two\n\ndata: [DONE]\n\ndata: cut';
  for (const size of [1, 2, 3, 7, 1000])
    for (const ends of ['\n', '\r\n', '\r'])
      expect(await all(eventData(stream(text.replaceAll('\n', ends), size)))).toEqual(['{"a":"é文"}', 'one\ntwo', '[DONE]']);
});

const chunk = (choice: object, rest: object = {}): string => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }], ...rest })}\n\n`;

test('a chat’s chunks are text, tokens with their alternatives, an end and what it took', async () => {
  const logprobs = {
    content: [
      {
        token: ' b',
        logprob: -1,
        bytes: [],
        top_logprobs: [
          { token: ' a', logprob: -0.5 },
          { token: ' b', logprob: -1 },
        ],
      },
    ],
  };
  const text = [
    chunk({ delta: { role: 'assistant', content: '' }, logprobs: null }),
    chunk({ delta: { content: ' b' }, logprobs }),
    chunk({ delta: { content: ' held back' } }),
    chunk({ delta: {}, finish_reason: 'length' }),
    `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } })}\n\n`,
    'data: [DONE]\n\n',
  ].join('');
  expect(await all(chatEvents(stream(text, 50)))).toEqual([
    {
      kind: 'text',
      text: ' b',
      token: {
        kind: 'token',
        id: 1,
        text: ' b',
        piece: ' b',
        logProbability: -1,
        alternatives: [
          { id: 0, piece: ' a', logProbability: -0.5 },
          { id: 1, piece: ' b', logProbability: -1 },
        ],
      },
    },
    { kind: 'text', text: ' held back', token: undefined },
    { kind: 'end', reason: 'length' },
    { kind: 'usage', promptTokens: 3, tokens: 2 },
  ]);
});

test('an error within a chat and a chat without an end are failures', async () => {
  const error = `data: ${JSON.stringify({ error: { message: 'Cannot go on as it is late. Come back.', code: 'LATE' } })}\n\n`;
  await expect(all(chatEvents(stream(chunk({ delta: { content: 'a' } }) + error, 9)))).rejects.toMatchObject({
    message: 'Cannot go on as it is late. Come back.',
    code: 'LATE',
  });
  await expect(all(chatEvents(stream(chunk({ delta: { content: 'a' } }), 9)))).rejects.toThrow('too early');
});
