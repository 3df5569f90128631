/** A pair of replies to one prompt, of which one is preferred. Formats: Hugging Face TRL, "Dataset formats", preference. */

import type { ChatMessage } from '../../tokenizers/index.ts';
import { chatError, fieldsOf, parseMessages } from './chat.ts';

/** See {@link readPreferences}. */
export interface Preference {
  readonly prompt: readonly ChatMessage[];
  readonly chosen: readonly ChatMessage[];
  readonly rejected: readonly ChatMessage[];
  readonly origin: string;
}

/** A record of a file as a pair. */
export function parsePreference(value: unknown, origin: string): Preference {
  const { prompt, chosen, rejected } = fieldsOf(value, origin);
  const side = (given: unknown, name: string): readonly ChatMessage[] =>
    typeof given === 'string' ? [{ role: 'assistant', content: given }] : parseMessages(given, `${origin}, ${name}`);
  const [a, b] = [side(chosen, 'chosen'), side(rejected, 'rejected')];
  let asked: readonly ChatMessage[] =
    prompt === undefined
      ? []
      : typeof prompt === 'string'
        ? [{ role: 'user', content: prompt }]
        : parseMessages(prompt, `${origin}, prompt`);
  let shared = 0;
  if (prompt === undefined) {
    while (shared < Math.min(a.length, b.length) && isSame(a[shared], b[shared])) shared++;
    asked = a.slice(0, shared);
  }
  return requirePair({ prompt: asked, chosen: a.slice(shared), rejected: b.slice(shared), origin });
}

/**
 * The pair, if it is one.
 *
 * @throws WeftError `WEFT_CHAT_PAIR` when a side is no reply, or both are the same.
 */
export function requirePair(pair: Preference): Preference {
  const { prompt, chosen, rejected, origin } = pair;
  const fail = (rule: string, value: string): never => {
    throw chatError({
      code: 'WEFT_CHAT_PAIR',
      origin,
      rule,
      value,
      remedy: 'Give one prompt and two different replies of the assistant to it.',
    });
  };
  if (chosen.length === rejected.length && chosen.every((message, index) => isSame(message, rejected[index])))
    fail('the two sides must differ', chosen.length === 0 ? 'both are the prompt' : JSON.stringify(chosen.at(-1)?.content).slice(0, 60));
  if (prompt.every(({ role }) => role === 'assistant')) fail('a prompt comes first', prompt.length === 0 ? 'none' : 'replies alone');
  for (const [name, messages] of Object.entries({ chosen, rejected }))
    if (messages.at(-1)?.role !== 'assistant')
      fail(`${name} must end with a reply of the assistant`, messages.at(-1)?.role ?? 'no message');
  return pair;
}

function isSame(a: ChatMessage | undefined, b: ChatMessage | undefined): boolean {
  return a !== undefined && b !== undefined && a.role === b.role && a.content === b.content;
}
