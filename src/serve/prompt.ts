/** From what a client sent to token ids: prompts checked against vocabulary and context, chats rendered by the model's template. */

import { UsageError, WeftError } from '../core/index.ts';
import type { TextModel } from '../generate/index.ts';
import { type ChatMessage, chatTokens as renderedTokens } from '../tokenizers/index.ts';
import type { ChatBody, ToolCallBody } from './bodies/generation-body.ts';
import { refusalOf, refuse } from './request-error.ts';
import { withTools } from './tools.ts';
import type { Tools } from './tools.ts';

/** Token ids of a prompt given as text or as ids. An empty text begins a document. */
export function promptTokens(
  model: TextModel,
  prompt: string | readonly number[],
  { param = 'prompt', special = true }: { readonly param?: string; readonly special?: boolean | undefined } = {},
): Uint32Array {
  if (typeof prompt === 'string') {
    if (!special && prompt !== '') return model.tokenizer.encode(prompt);
    try {
      return model.encode(prompt);
    } catch (error) {
      if (error instanceof UsageError) throw refusalOf(error, param);
      throw error;
    }
  }
  const wrong = prompt.find((id) => id >= model.tokenizer.vocabSize);
  if (wrong === undefined) return Uint32Array.from(prompt);
  throw refuse('WEFT_SERVE_PROMPT_TOKEN', {
    rule: `the vocabulary has ${model.tokenizer.vocabSize} tokens`,
    value: `token id ${wrong}`,
    remedy: 'Encode the prompt with the tokenizer of this model.',
    param,
  });
}

/** The last tokens of a prompt, as many as a client wants, or as fit beside what is to be generated. */
export function truncated(
  model: TextModel,
  prompt: Uint32Array,
  { keep, asked = 1 }: { readonly keep: number | undefined; readonly asked: number | undefined },
): Uint32Array {
  if (keep === undefined) return prompt;
  const most = keep === -1 ? Math.max(1, model.contextLength - Math.max(1, asked)) : keep;
  return prompt.length > most ? prompt.subarray(prompt.length - most) : prompt;
}

/**
 * How many tokens to generate behind `prompt`.
 *
 * @param asked - what the client asked for; undefined leaves it to `standard`, or to the room there is
 * @param beams - how many are in memory beside each other; default it is one text
 * @throws RequestError 400 `context_length_exceeded` with the numbers
 */
export function tokenBudget(
  model: TextModel,
  prompt: Uint32Array,
  { asked, standard = Infinity, beams }: { asked: number | undefined; standard?: number; beams?: number | undefined },
): number {
  const longest = beams === undefined ? Infinity : (model.beamLength?.(beams) ?? Infinity);
  if (longest <= Math.min(model.contextLength - 1, prompt.length + (asked ?? 1) - 1)) {
    throw refuse('WEFT_SERVE_CONTEXT', {
      rule: `so many beams have room for ${Math.max(0, longest)} tokens of prompt and text each`,
      value: `${beams} beams, ${prompt.length} tokens in the prompt and ${asked ?? 'at least 1'} to generate`,
      remedy: 'Ask for fewer beams or tokens, or start the server with more --cache-tokens.',
      param: 'n',
    });
  }
  const room = Math.min(model.contextLength, longest) - prompt.length;
  const budget = asked ?? Math.min(room, standard);
  if (budget <= room && (room > 0 || asked === 0)) return budget;
  const wish = asked === undefined ? 'at least 1' : String(asked);
  throw refuse('WEFT_SERVE_CONTEXT', {
    rule: `the model's maximum context length is ${model.contextLength} tokens`,
    value: `${prompt.length} in the prompt and ${wish} to generate`,
    remedy: room > 0 ? `Shorten the prompt, or ask for at most ${room} tokens.` : 'Shorten the prompt.',
    param: asked === undefined || room <= 0 ? 'prompt' : 'max_tokens',
    wireCode: 'context_length_exceeded',
  });
}

/** Token ids of a conversation, laid out by the model's chat template with the reply's opening at the end. */
export async function chatTokens(
  model: TextModel,
  messages: ChatBody['messages'],
  { tools, variables = {} }: { readonly tools?: Tools | undefined; readonly variables?: ChatBody['chat_template_kwargs'] } = {},
): Promise<Uint32Array> {
  const { chatTemplate } = model;
  if (chatTemplate === undefined) {
    throw refuse('WEFT_SERVE_CHAT_TEMPLATE', {
      rule: 'the model has no chat template: it continues text and was not trained to converse',
      value: model.name,
      remedy: 'Send the text to /v1/completions, or serve a model folder with a chat_template.',
      param: 'messages',
    });
  }
  const told = withTools(messages.map(turnOf), tools, chatTemplate);
  try {
    return await renderedTokens(model, told.messages, { variables: { ...variables, ...told.variables } });
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    throw refuse('WEFT_SERVE_CHAT', {
      rule: 'the model’s chat template refuses this conversation',
      value: cause.slice(0, 300),
      remedy: 'Check the order and the roles of the messages.',
      param: 'messages',
    });
  }
}

/** A message as templates know it. */
function turnOf({ role, content, tool_calls: calls, tool_call_id: id }: ChatBody['messages'][number], index: number): ChatMessage {
  return {
    role: role === 'developer' ? 'system' : role,
    content: typeof content === 'string' ? content : (content ?? []).map((part) => part.text).join(''),
    ...(calls == null || calls.length === 0
      ? {}
      : { tool_calls: calls.map((call) => ({ ...call, function: { name: call.function.name, arguments: argumentsOf(call, index) } })) }),
    ...(id === undefined ? {} : { tool_call_id: id }),
  };
}

/** The arguments as a value: templates write them as JSON themselves. */
function argumentsOf({ function: { arguments: text } }: ToolCallBody, index: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw refuse('WEFT_SERVE_PARAMETER', {
      rule: 'the arguments of a call must be JSON',
      value: text.slice(0, 100),
      remedy: 'Send the call as it was given.',
      param: `messages[${index}].tool_calls`,
    });
  }
}
