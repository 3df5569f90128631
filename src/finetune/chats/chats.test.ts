/** Files of chats and pairs, and what is wrong with some. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { readChats, readPreferences } from '../index.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-chats-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(...records: readonly unknown[]): Promise<string> {
  const path = join(folder, `${Math.random()}.jsonl`);
  await writeFile(path, records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record))).join('\n'));
  return path;
}

describe('chats', () => {
  test('are read in both formats', async () => {
    const path = await fileOf(
      {
        conversations: [
          { from: 'system', value: 'Be kind.' },
          { from: 'human', value: 'Hi' },
          { from: 'gpt', value: 'Hello!' },
        ],
        id: 7,
      },
      '',
      {
        messages: [
          { role: 'developer', content: 'Be kind.' },
          { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
          { role: 'assistant', content: 'Hello!', weight: 1 },
        ],
      },
    );
    const chats = await readChats(path);
    expect(chats.map(({ messages }) => messages.map(({ role, content }) => `${role}: ${content}`))).toEqual(
      Array.from({ length: 2 }, () => ['system: Be kind.', 'user: Hi', 'assistant: Hello!']),
    );
    expect(chats.map(({ origin }) => origin.replace(/.*:/, ''))).toEqual(['1', '3']);
    expect(chats[1]!.messages[2]!['weight']).toBe(1);
  });

  const [user, reply] = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello!' },
  ];
  test.each([
    ['WEFT_CHAT_NO_REPLY', { messages: [user] }],
    ['WEFT_CHAT_NO_REPLY', { messages: [reply, user] }],
    ['WEFT_CHAT_NO_REPLY', { messages: [user, { ...reply, weight: 0 }] }],
    ['WEFT_CHAT_ROLE', { messages: [{ role: 'narrator', content: 'Once' }, reply] }],
    ['WEFT_CHAT_ROLE', { messages: [{ role: 'constructor', content: 'Once' }, reply] }],
    ['WEFT_CHAT_ROLE', { conversations: [{ value: 'Hi' }] }],
    ['WEFT_CHAT_FORMAT', { text: 'Hi' }],
    ['WEFT_CHAT_FORMAT', { messages: [] }],
    ['WEFT_CHAT_FORMAT', { messages: ['Hi'] }],
    ['WEFT_CHAT_FORMAT', { messages: [user, { role: 'assistant', content: null }] }],
    ['WEFT_CHAT_FORMAT', { messages: [{ role: 'user', content: [{ type: 'image_url' }] }, reply] }],
    ['WEFT_CHAT_FORMAT', [1]],
    ['WEFT_DATA_JSONL', '{"messages":'],
    ['WEFT_CHAT_EMPTY', '\n\n'],
  ])('%s: %j', async (code, record) => {
    await expect(readChats(await fileOf(record))).rejects.toThrow(expect.objectContaining({ code }));
  });
});

describe('pairs', () => {
  test('are read with and without a prompt, as texts and as messages', async () => {
    const [user, good, bad] = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello!' },
      { role: 'assistant', content: 'Go.' },
    ];
    const path = await fileOf(
      { prompt: 'Hi', chosen: 'Hello!', rejected: 'Go.' },
      { prompt: [user], chosen: [good], rejected: [bad] },
      { chosen: [user, good], rejected: [user, bad] },
    );
    for (const { prompt, chosen, rejected } of await readPreferences(path))
      expect({ prompt, chosen, rejected }).toEqual({ prompt: [user], chosen: [good], rejected: [bad] });
  });

  test.each([
    { prompt: 'Hi', chosen: 'Hello!', rejected: 'Hello!' },
    { chosen: [{ role: 'user', content: 'Hi' }], rejected: [{ role: 'user', content: 'Hi' }] },
    { prompt: 'Hi', chosen: [{ role: 'user', content: 'Hello!' }], rejected: 'Go.' },
    { chosen: 'Hello!', rejected: 'Go.' },
    { prompt: [{ role: 'assistant', content: 'Hi' }], chosen: 'Hello!', rejected: 'Go.' },
  ])('WEFT_CHAT_PAIR: %j', async (record) => {
    await expect(readPreferences(await fileOf(record))).rejects.toThrow(expect.objectContaining({ code: 'WEFT_CHAT_PAIR' }));
  });
});
