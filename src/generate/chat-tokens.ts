/**
 * A chat as the token ids a model was trained on. Special tokens that the template spells count as such; the same spelling
 * inside a message is plain text, so that a message cannot end its own turn or open another's.
 */

import type { Tokenizer } from '../tokenizers/index.ts';
import { renderChat } from './chat.ts';
import type { ChatMessage } from './chat.ts';

/**
 * Token ids of a chat, laid out by the model's template, with the opening of the model's reply at the end.
 *
 * @param model its tokenizer and its template, as {@link TextModel} has them
 * @param messages the turns, oldest first; special tokens in their texts are plain text
 * @returns the prompt to generate from
 * @throws as {@link renderChat} does
 *
 * @example
 * ```ts
 * import { chatTokens } from 'weft/generate';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['user: hi\n'], { vocabSize: 257 });
 * const chatTemplate = '{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}';
 * const ids = chatTokens({ tokenizer, chatTemplate }, [{ role: 'user', content: '<|endoftext|>' }]);
 * console.log(ids.filter((id) => id === tokenizer.endOfText).length); // 1
 * ```
 */
export function chatTokens(
  { tokenizer, chatTemplate }: { readonly tokenizer: Tokenizer; readonly chatTemplate: string | undefined },
  messages: readonly ChatMessage[],
): Uint32Array {
  const special = [...tokenizer.specialTokens.keys()];
  const turns = messages.map(({ role, content }): ChatMessage => ({ role, content: guardSpecial(content, special) }));
  const endToken = special.find((token) => tokenizer.specialTokens.get(token) === tokenizer.endOfText) ?? '';
  return encodeGuarded(tokenizer, renderChat(chatTemplate, turns, { startToken: endToken, endToken }), special);
}

/** A character that no text has (a noncharacter): it marks special-token spellings that came from a message. */
const GUARD = '\u{FDD0}';

function guardSpecial(text: string, special: readonly string[]): string {
  const clean = text.replaceAll(GUARD, '');
  return special.length === 0 ? clean : clean.replace(specialPattern(special), (found) => `${found.slice(0, 1)}${GUARD}${found.slice(1)}`);
}

function encodeGuarded(tokenizer: Tokenizer, text: string, special: readonly string[]): Uint32Array {
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
