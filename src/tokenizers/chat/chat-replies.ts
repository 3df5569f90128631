/**
 * A finished chat as training sees it: its tokens, and which of them the model is to have written.
 *
 * Decided: where a reply begins is found by laying out what stood before it, as generation does; so a template may put anything around
 * messages. Each part is encoded by itself: a reply begins with a token of its own, the very tokens that generation would begin from
 * stand before it, and no token is half a reply. What ends a reply is a part of it, or the model would never learn to stop.
 */

import { WeftError } from '../../core/index.ts';
import { encodeGuarded, renderGuarded } from './chat-tokens.ts';
import type { ChatModel } from './chat-tokens.ts';
import type { ChatMessage } from './render-chat.ts';

/** Tokens of a chat, or of its beginning. */
export interface ChatExample {
  readonly ids: Int32Array;
  /** 1 for tokens that the model is to write, 0 for others. */
  readonly isReply: Uint8Array;
}

/**
 * Lays a finished chat out for training on its replies: those of the assistant behind the first message of another, but for
 * messages with a `weight` of 0.
 *
 * @returns one example; or one a reply, each with what stood before it, where the template lays out earlier turns otherwise once the chat
 *   goes on (as templates do that drop earlier reasoning)
 * @throws as `renderChat` does; WeftError `WEFT_GENERATE_REPLY` when the template opens a reply otherwise than it lays out finished ones
 *
 * @example
 * ```ts
 * import { chatReplies, trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['hi'], { vocabSize: 257 });
 * const chatTemplate =
 *   '{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}';
 * const chat = [{ role: 'user', content: 'hi' }, { role: 'assistant', content: 'ho' }];
 * const [example] = await chatReplies({ tokenizer, chatTemplate }, chat);
 * console.log(tokenizer.decode(example!.ids.filter((_, index) => example!.isReply[index] === 1))); // ho<|endoftext|>
 * ```
 */
export async function chatReplies(model: ChatModel, messages: readonly ChatMessage[]): Promise<readonly ChatExample[]> {
  const whole = await renderGuarded(model, messages, { openReply: false });
  const replies: { readonly before: string; readonly after: string }[] = [];
  for (const [index, { role, weight }] of messages.entries()) {
    if (role !== 'assistant' || weight === 0 || messages.slice(0, index).every((message) => message.role === 'assistant')) continue;
    const before = await renderGuarded(model, messages.slice(0, index), {});
    const after = index === messages.length - 1 ? whole : await renderGuarded(model, messages.slice(0, index + 1), { openReply: false });
    if (!after.startsWith(before)) throw foreignOpening(before, after);
    replies.push({ before, after: withoutMargin(model, after, before.length) });
  }
  const grows = replies.every(({ after }) => whole.startsWith(after));
  return grows ? [exampleOf(model, whole, replies)] : replies.map((reply) => exampleOf(model, reply.after, [reply]));
}

/** The text with a reply at its end, but for white space that the template puts behind the token that ends it. */
function withoutMargin({ tokenizer }: ChatModel, text: string, from: number): string {
  const trimmed = text.trimEnd();
  return [...tokenizer.specialTokens.keys()].some((token) => trimmed.length >= from + token.length && trimmed.endsWith(token))
    ? trimmed
    : text;
}

/** The tokens of a text; `replies` are the places between the ends of `before` and `after`. */
function exampleOf(model: ChatModel, text: string, replies: readonly { readonly before: string; readonly after: string }[]): ChatExample {
  const parts: { readonly ids: Uint32Array; readonly isReply: number }[] = [];
  let end = 0;
  for (const { before, after } of replies) {
    parts.push({ ids: encodeGuarded(model.tokenizer, text.slice(end, before.length)), isReply: 0 });
    parts.push({ ids: encodeGuarded(model.tokenizer, text.slice(before.length, after.length)), isReply: 1 });
    end = after.length;
  }
  parts.push({ ids: encodeGuarded(model.tokenizer, text.slice(end)), isReply: 0 });
  return {
    ids: Int32Array.from(parts.flatMap(({ ids }) => [...ids])),
    isReply: Uint8Array.from(parts.flatMap(({ ids, isReply }) => Array.from(ids, () => isReply))),
  };
}

function foreignOpening(before: string, after: string): WeftError {
  let same = 0;
  while (same < before.length && before[same] === after[same]) same++;
  return new WeftError({
    code: 'WEFT_GENERATE_REPLY',
    action: 'train on the replies of the chat',
    rule: 'the template must lay a finished reply out behind what it opens a reply with',
    value: `${JSON.stringify(before.slice(same, same + 40))} against ${JSON.stringify(after.slice(same, same + 40))}`,
    remedy: 'Mend the chat_template of the model folder: what add_generation_prompt adds must begin every reply of the assistant.',
  });
}
