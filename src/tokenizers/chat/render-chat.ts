/** Chats as the text that a model was trained on: by the Jinja template that its folder holds (`chat_template`). */

import { UsageError, WeftError, checkOptions } from '../../core/index.ts';

/** One turn of a chat. What else a template knows of a turn (tool calls, a name) may be added. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool' | (string & {});
  readonly content: string;
  readonly [more: string]: unknown;
}

/** Options of {@link renderChat}. */
export interface RenderChatOptions {
  /** End with what opens the model's reply; default true. */
  readonly openReply?: boolean;
  /** The text of the token that begins a document, as templates call it `bos_token`; default empty. */
  readonly startToken?: string;
  /** The text of the token that ends a document, `eos_token`; default empty. */
  readonly endToken?: string;
  /** What else the template asks for, such as `tools` or `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

export const CHAT_OPTIONS: readonly string[] = ['openReply', 'startToken', 'endToken', 'variables'];

/**
 * Renders a chat by a model's template.
 *
 * The template's special tokens are spelled out in the text, and so are any that the messages spell: {@link chatTokens}
 * tells them apart.
 *
 * @param template - Jinja, as in `tokenizer_config.json`; undefined when the model has none
 * @param messages - the turns, oldest first
 * @param options - see {@link RenderChatOptions}
 * @returns the text to encode
 * @throws UsageError `WEFT_GENERATE_CHAT` without a template; WeftError `WEFT_GENERATE_TEMPLATE` when the template is broken or
 *   refuses the messages
 *
 * @example
 * ```ts
 * import { renderChat } from 'weft/tokenizers';
 *
 * const template = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";
 * console.log(JSON.stringify(await renderChat(template, [{ role: 'user', content: 'Hello!' }]))); // "user: Hello!\nassistant: "
 * ```
 */
export async function renderChat(
  template: string | undefined,
  messages: readonly ChatMessage[],
  options: RenderChatOptions = {},
): Promise<string> {
  checkOptions('render a chat', options, CHAT_OPTIONS);
  const { openReply = true, startToken = '', endToken = '', variables = {} } = options;
  if (template === undefined) {
    throw new UsageError({
      code: 'WEFT_GENERATE_CHAT',
      action: 'chat with this model',
      rule: 'a chat needs the template that the model was trained with',
      value: 'it has none',
      remedy: 'Generate from a plain prompt, or use a model that was trained for chats.',
    });
  }
  const { Template } = await import('@huggingface/jinja');
  try {
    const context = { ...variables, messages, add_generation_prompt: openReply, bos_token: startToken, eos_token: endToken };
    return new Template(template).render(context);
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
