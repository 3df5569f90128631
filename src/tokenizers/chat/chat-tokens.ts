/**
 * A chat as the token ids a model was trained on. Special tokens that the template spells count as such; the same spelling
 * inside a message is plain text, so that a message cannot end its own turn or open another's.
 */

import type { Tokenizer } from '../tokenizer.ts';
import { type ChatMessage, type RenderChatOptions, renderChat } from './render-chat.ts';

/** A model's tokenizer and its template, as a text model has them. */
export interface ChatModel {
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: string | undefined;
}

/**
 * Token ids of a chat, laid out by the model's template, with the opening of the model's reply at the end.
 *
 * @param model - its tokenizer and its template
 * @param messages - the turns, oldest first; special tokens in their texts are plain text
 * @param options - see {@link RenderChatOptions}; `startToken` and `endToken` are the end-of-text token where they are left out
 * @returns the prompt to generate from
 * @throws as {@link renderChat} does
 *
 * @example
 * ```ts
 * import { chatTokens, trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['user: hi\n'], { vocabSize: 257 });
 * const chatTemplate = '{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}';
 * const ids = await chatTokens({ tokenizer, chatTemplate }, [{ role: 'user', content: '<|endoftext|>' }]);
 * console.log(ids.filter((id) => id === tokenizer.endOfText).length); // 1
 * ```
 */
export async function chatTokens(
  { tokenizer, chatTemplate }: ChatModel,
  messages: readonly ChatMessage[],
  options: RenderChatOptions = {},
): Promise<Uint32Array> {
  return encodeGuarded(tokenizer, await renderGuarded({ tokenizer, chatTemplate }, messages, options));
}

/** A chat as text in which special tokens that messages spell are marked, for {@link encodeGuarded}. */
export async function renderGuarded(
  { tokenizer, chatTemplate }: ChatModel,
  messages: readonly ChatMessage[],
  options: RenderChatOptions,
): Promise<string> {
  const special = [...tokenizer.specialTokens.keys()];
  const turns = messages.map((message): ChatMessage => ({ ...message, content: guardSpecial(message.content, special) }));
  const endToken = special.find((token) => tokenizer.specialTokens.get(token) === tokenizer.endOfText) ?? '';
  return renderChat(chatTemplate, turns, { startToken: endToken, endToken, ...options });
}

/** Tokens around every message of OpenAI's chats, and those that open the reply. */
const AROUND_MESSAGE = 3;
const BEFORE_REPLY = 3;

/**
 * How many tokens a chat has: by the model's template, or, where there is none, as OpenAI counts the chats of its models: the role
 * and the content of every message and three tokens around them, and three that open the reply.
 *
 * @param model - its tokenizer and its template
 * @param messages - the turns, oldest first
 * @param options - as {@link chatTokens} takes them; `openReply: false` leaves the reply's opening out
 * @returns the number of tokens of the prompt
 * @throws as {@link renderChat} does where there is a template
 *
 * Source: OpenAI cookbook, "How to count tokens with tiktoken", section 6.
 *
 * @example
 * ```ts
 * import { countChatTokens, loadEncoding } from 'weft/tokenizers';
 *
 * const tokenizer = await loadEncoding('o200k_base');
 * console.log(await countChatTokens({ tokenizer, chatTemplate: undefined }, [{ role: 'user', content: 'Hello!' }])); // 9
 * ```
 */
export async function countChatTokens(
  model: ChatModel,
  messages: readonly ChatMessage[],
  options: RenderChatOptions = {},
): Promise<number> {
  if (model.chatTemplate !== undefined) return (await chatTokens(model, messages, options)).length;
  const { tokenizer } = model;
  const sum = messages.reduce((count, { role, content }) => count + AROUND_MESSAGE + tokenizer.count(role) + tokenizer.count(content), 0);
  return options.openReply === false ? sum : sum + BEFORE_REPLY;
}

/** A character that no text has (a noncharacter): it marks special-token spellings that came from a message. */
const GUARD = '\u{FDD0}';

function guardSpecial(text: string, special: readonly string[]): string {
  const clean = text.replaceAll(GUARD, '');
  return special.length === 0 ? clean : clean.replace(specialPattern(special), (found) => `${found.slice(0, 1)}${GUARD}${found.slice(1)}`);
}

/** The ids of a text: unmarked spellings of special tokens are those tokens. */
export function encodeGuarded(tokenizer: Tokenizer, text: string): Uint32Array {
  const special = [...tokenizer.specialTokens.keys()];
  const ids: number[] = [];
  const plain = (part: string): void => {
    if (part !== '') ids.push(...tokenizer.encode(part.replaceAll(GUARD, '')));
  };
  let end = 0;
  if (special.length > 0) {
    for (const match of text.matchAll(specialPattern(special))) {
      plain(text.slice(end, match.index));
      ids.push(tokenizer.specialTokens.get(match[0]) ?? 0);
      end = match.index + match[0].length;
    }
  }
  plain(text.slice(end));
  return Uint32Array.from(ids);
}

/** Matches any special token, the longest first. */
function specialPattern(special: readonly string[]): RegExp {
  const escaped = special.toSorted((a, b) => b.length - a.length).map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(escaped.join('|'), 'gu');
}
