/**
 * Chats in the two formats of the field, as the messages that templates take.
 *
 * OpenAI's: `{"messages": [{"role": "user", "content": "…"}, …]}` (https://platform.openai.com/docs/guides/supervised-fine-tuning).
 * ShareGPT's: `{"conversations": [{"from": "human", "value": "…"}, …]}`, as FastChat and LLaMA-Factory read it.
 */

import { WeftError } from '../../core/index.ts';
import type { ChatMessage } from '../../tokenizers/index.ts';

/** A chat and where it came from, e.g. `chats.jsonl:12`. */
export interface Chat {
  readonly messages: readonly ChatMessage[];
  readonly origin: string;
}

/** Roles, ours and ShareGPT's. */
const ROLES: Readonly<Record<string, string>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  model: 'assistant',
  tool: 'tool',
  function: 'tool',
  observation: 'tool',
};

/** A record of a file as a chat. */
export function parseChat(value: unknown, origin: string): Chat {
  const record = fieldsOf(value, origin);
  const messages = parseMessages(record['messages'] ?? record['conversations'], origin);
  const asked = messages.findIndex(({ role }) => role !== 'assistant');
  const hasReply = messages.some(({ role, weight }, index) => role === 'assistant' && weight !== 0 && asked >= 0 && index > asked);
  if (!hasReply) {
    throw chatError({
      code: 'WEFT_CHAT_NO_REPLY',
      origin,
      rule: 'a chat to learn from has a reply of the assistant behind a message of another',
      value: messages.map(({ role }) => role).join(', '),
      remedy: 'Add the reply, or take the chat out.',
    });
  }
  return { messages, origin };
}

/** A record of a file as a prompt: a text under "prompt", or a chat up to its last message that is no reply. */
export function parsePrompt(value: unknown, origin: string): readonly ChatMessage[] {
  const { prompt, messages, conversations } = fieldsOf(value, origin);
  if (typeof prompt === 'string') return [{ role: 'user', content: prompt }];
  const chat = parseMessages(prompt ?? messages ?? conversations, origin);
  const asked = chat.slice(0, chat.findLastIndex(({ role }) => role !== 'assistant') + 1);
  if (asked.length > 0) return asked;
  throw chatError({
    code: 'WEFT_CHAT_FORMAT',
    origin,
    rule: 'a prompt has a message that is no reply',
    value: chat.map(({ role }) => role).join(', '),
    remedy: 'Add what the model is to reply to, or take the chat out.',
  });
}

/** A list of messages in either format. */
export function parseMessages(list: unknown, origin: string): readonly ChatMessage[] {
  if (!Array.isArray(list) || list.length === 0) {
    throw chatError({
      code: 'WEFT_CHAT_FORMAT',
      origin,
      rule: 'a chat is a list of messages under "messages" or "conversations"',
      value: list === undefined ? 'neither is there' : Array.isArray(list) ? 'an empty list' : typeof list,
      remedy: 'Write {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}.',
    });
  }
  return list.map((message, index) => parseMessage(message, `${origin}, message ${index + 1}`));
}

function parseMessage(value: unknown, origin: string): ChatMessage {
  const { role: openRole, from, content, value: text, ...more } = fieldsOf(value, origin);
  const name = openRole ?? from;
  const role = typeof name === 'string' && Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;
  if (role === undefined) {
    throw chatError({
      code: 'WEFT_CHAT_ROLE',
      origin,
      rule: `the roles known are ${Object.keys(ROLES).join(', ')}`,
      value: (JSON.stringify(name) ?? 'none').slice(0, 60),
      remedy: 'Rename the role to one of these.',
    });
  }
  return { ...more, role, content: textOf(content ?? text ?? (Array.isArray(more['tool_calls']) ? '' : undefined), origin) };
}

/** A text, or the texts of OpenAI's parts. */
function textOf(content: unknown, origin: string): string {
  if (typeof content === 'string') return content;
  const parts: readonly unknown[] = Array.isArray(content) ? content : [undefined];
  const texts = parts.map((part) => (typeof part === 'object' && part !== null && 'text' in part ? part.text : undefined));
  if (texts.every((text) => typeof text === 'string')) return texts.join('');
  throw chatError({
    code: 'WEFT_CHAT_FORMAT',
    origin,
    rule: 'the content of a message is a text',
    value: (JSON.stringify(content) ?? 'none').slice(0, 60),
    remedy: 'Give the text under "content" ("value" in ShareGPT); pictures and sound are not known here.',
  });
}

/** An object's fields. */
export function fieldsOf(value: unknown, origin: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw chatError({
    code: 'WEFT_CHAT_FORMAT',
    origin,
    rule: 'each chat and each message is an object',
    value: (JSON.stringify(value) ?? 'nothing').slice(0, 60),
    remedy: 'Write one chat a line, as JSON.',
  });
}

/** An error in a file of chats. */
export function chatError(report: {
  readonly code: `WEFT_CHAT_${string}`;
  readonly origin: string;
  readonly rule: string;
  readonly value: string;
  readonly remedy: string;
}): WeftError {
  const { origin, ...rest } = report;
  return new WeftError({ ...rest, action: `learn from ${origin}` });
}
