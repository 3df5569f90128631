/**
 * Parameters that OpenAI's API knows and this server does not carry out, and the values of each that ask for nothing. What asks
 * for nothing is taken: clients send it as it stands in an answer, or in the specification as what holds anyway.
 *
 * Source: https://github.com/openai/openai-openapi, `CreateChatCompletionRequest`, `CreateCompletionRequest` and `CreateResponse`.
 */

/** By parameter, e.g. `text.verbosity`: whether a value asks for nothing. */
export type Unsupported = Readonly<Record<string, (value: unknown, body: Readonly<Record<string, unknown>>) => boolean>>;

const never = (): boolean => false;

/** Of completions, chats and embeddings. */
export const UNSUPPORTED: Unsupported = {
  suffix: (value) => value === '',
  best_of: (value, body) => value === (body['n'] ?? 1),
  functions: isEmpty,
  function_call: (value) => value === 'none' || value === 'auto',
  modalities: (value) => Array.isArray(value) && value.length === 1 && value[0] === 'text',
  audio: never,
  prediction: never,
  reasoning_effort: (value) => value === 'none',
  verbosity: never,
  web_search_options: never,
  moderation: isEmpty,
};

/** What `include` may name, as it goes with items that a response of this server never has. */
const OF_OTHER_ITEMS: readonly unknown[] = [
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
];

/** What `reasoning` may say: what holds without it. */
const NO_REASONING: Readonly<Record<string, readonly unknown[]>> = {
  effort: [null, 'none'],
  summary: [null],
  generate_summary: [null],
  context: [null, 'auto'],
  mode: [null, 'standard'],
};

/** Of responses. */
export const RESPONSE_UNSUPPORTED: Unsupported = {
  previous_response_id: never,
  conversation: never,
  prompt: never,
  background: (value) => value === false,
  reasoning: (value) =>
    typeof value === 'object' && value !== null && Object.entries(value).every(([name, one]) => NO_REASONING[name]?.includes(one) === true),
  max_tool_calls: (value) => value === 0,
  top_logprobs: (value) => value === 0,
  include: (value) => Array.isArray(value) && value.every((one) => OF_OTHER_ITEMS.includes(one)),
  context_management: isEmpty,
  moderation: isEmpty,
  'text.verbosity': never,
};

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
