/** The chat template of models that have none of their own. */

/**
 * `role:`, and the content on the next line; a reply ends with the end of text. It needs no special tokens beyond that one, so that it
 * goes with any tokenizer. What opens a reply ends with a line break: behind a space, words would be cut into tokens as they are nowhere
 * else.
 */
export const DEFAULT_CHAT_TEMPLATE: string =
  "{% for message in messages %}{{ message['role'] }}:\n{{ message['content'] }}{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}\n{% endfor %}{% if add_generation_prompt %}assistant:\n{% endif %}";
