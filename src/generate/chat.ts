/** Chats as the text that a model was trained on: by the Jinja template that its folder holds (`chat_template`). */

import { Template } from '@huggingface/jinja';

import { UsageError, WeftError, checkOptions } from '../core/index.ts';

/** One turn of a chat. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Options of {@link renderChat}. */
export interface RenderChatOptions {
  /** End with what opens the model's reply; default true. */
  readonly openReply?: boolean;
  /** The text of the token that begins a document, as templates call it `bos_token`; default empty. */
  readonly startToken?: string;
  /** The text of the token that ends a document, `eos_token`; default empty. */
  readonly endToken?: string;
}

/**
 * Renders a chat by a model's template.
 *
 * The template's special tokens are spelled out in the text, and so are any that the messages spell: {@link chatTokens}
 * tells them apart.
 *
 * @param template Jinja, as in `tokenizer_config.json`; undefined when the model has none
 * @param messages the turns, oldest first
 * @param options see {@link RenderChatOptions}
 * @returns the text to encode
 * @throws UsageError `WEFT_GENERATE_CHAT` without a template; WeftError `WEFT_GENERATE_TEMPLATE` when the template is broken or
 *   refuses the messages
 *
 * @example
 * ```ts
 * import { renderChat } from 'weft/generate';
 *
 * const template = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";
 * console.log(JSON.stringify(renderChat(template, [{ role: 'user', content: 'Hello!' }]))); // "user: Hello!\nassistant: "
 * ```
 */
export function renderChat(template: string | undefined, messages: readonly ChatMessage[], options: RenderChatOptions = {}): string {
  checkOptions('render a chat', options, ['openReply', 'startToken', 'endToken']);
  const { openReply = true, startToken = '', endToken = '' } = options;
  if (template === undefined) {
    throw new UsageError({
      code: 'WEFT_GENERATE_CHAT',
      action: 'chat with this model',
      rule: 'a chat needs the template that the model was trained with',
      value: 'it has none',
      remedy: 'Generate from a plain prompt, or use a model that was trained for chats.',
    });
  }
  try {
    return new Template(template).render({ messages, add_generation_prompt: openReply, bos_token: startToken, eos_token: endToken });
  } catch (error) {
    throw new WeftError({
      code: 'WEFT_GENERATE_TEMPLATE',
      action: 'render the chat',
      rule: "the model's template did not take it",
      value: (error instanceof Error ? error.message : String(error)).slice(0, 300),
      remedy: 'Check the order and the roles of the messages, and the chat_template of the model folder.',
      cause: error,
    });
  }
}
