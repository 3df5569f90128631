/** The chat template of models that have none of their own. */

/**
 * `role: content`, a line each; a reply ends with the end of text. It needs no special tokens beyond that one, so that it goes with any
 * tokenizer, and it is kept with what is trained on it.
 */
export const DEFAULT_CHAT_TEMPLATE: string =
  "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";
