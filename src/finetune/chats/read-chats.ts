/** Files of chats and of preferences, one a line. */

import { readRecords } from '../../data/index.ts';
import type { ChatMessage } from '../../tokenizers/index.ts';
import { chatError, parseChat, parsePrompt } from './chat.ts';
import type { Chat } from './chat.ts';
import { parsePreference } from './preference.ts';
import type { Preference } from './preference.ts';

/**
 * Reads instruction chats from `.jsonl` files, in OpenAI's format (`messages`) or ShareGPT's (`conversations`).
 *
 * @param patterns files, folders or globs
 * @throws WeftError `WEFT_CHAT_FORMAT`, `WEFT_CHAT_ROLE`, `WEFT_CHAT_NO_REPLY` with the line, `WEFT_CHAT_EMPTY` when there is no chat at
 *   all, and as `readRecords` does.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { readChats } from 'weft/finetune';
 *
 * await writeFile('chats.jsonl', '{"conversations":[{"from":"human","value":"Hi"},{"from":"gpt","value":"Hello!"}]}\n');
 * const [chat] = await readChats('chats.jsonl');
 * console.log(chat!.messages.map(({ role, content }) => `${role}: ${content}`)); // [ 'user: Hi', 'assistant: Hello!' ]
 * ```
 */
export function readChats(patterns: string | readonly string[]): Promise<readonly Chat[]> {
  return readAll(patterns, parseChat);
}

/**
 * Reads pairs of replies, of which one is preferred: `{"prompt": …, "chosen": …, "rejected": …}`, each a text or a list of messages.
 * Without a prompt, chosen and rejected are whole chats that differ in their last reply.
 *
 * @param patterns files, folders or globs
 * @throws WeftError `WEFT_CHAT_PAIR` when the two sides are equal or answer different prompts, and as {@link readChats} does.
 */
export function readPreferences(patterns: string | readonly string[]): Promise<readonly Preference[]> {
  return readAll(patterns, parsePreference);
}

/**
 * Reads prompts to sample replies to: `{"prompt": …}`, a text or a list of messages, or chats, whose last replies are left out.
 *
 * @param patterns files, folders or globs
 * @throws as {@link readChats} does.
 */
export function readPrompts(patterns: string | readonly string[]): Promise<readonly (readonly ChatMessage[])[]> {
  return readAll(patterns, parsePrompt);
}

async function readAll<T>(patterns: string | readonly string[], parse: (value: unknown, origin: string) => T): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const { value, origin } of readRecords(patterns)) found.push(parse(value, origin));
  if (found.length === 0) {
    throw chatError({
      code: 'WEFT_CHAT_EMPTY',
      origin: [patterns].flat().join(', '),
      rule: 'there is a chat in it at least',
      value: 'no line with anything on it',
      remedy: 'Give files with a chat a line, as JSON.',
    });
  }
  return found;
}
