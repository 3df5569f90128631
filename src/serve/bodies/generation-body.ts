/**
 * The bodies of requests that generate.
 *
 * Source: https://platform.openai.com/docs/api-reference/completions and …/chat; `top_k`, `min_p` and `repetition_penalty` as in vLLM.
 */

import { z } from 'zod';

import type { SamplingOptions, TextModel } from '../../generate/index.ts';
import type { FormBody } from '../grammars.ts';
import { refuse } from '../request-error.ts';
import type { Tool } from '../tools.ts';
import {
  MOST_ALTERNATIVES,
  MOST_PARTS,
  MOST_SEQUENCES,
  count,
  given,
  jsonObject,
  minP,
  penalty,
  repetitionPenalty,
  responseFormat,
  seed,
  stops,
  temperature,
  tokenId,
  topP,
} from './fields.ts';
import { prompts } from './lists.ts';
import type { Prompts } from './lists.ts';
import { readBody } from './read-body.ts';

const MOST_BIASES = 1024; // Twice as many as OpenAI's models are documented to take.
/** OpenAI's bias of -100 forbids a token, and one of 100 takes it before all others. */
const FORBIDS = -100;

/** What every OpenAI body may say. */
export interface SamplingBody extends FormBody {
  readonly model?: string | undefined;
  readonly temperature?: number | undefined;
  readonly top_p?: number | undefined;
  readonly top_k?: number | undefined;
  readonly min_p?: number | undefined;
  readonly repetition_penalty?: number | undefined;
  readonly presence_penalty?: number | undefined;
  readonly frequency_penalty?: number | undefined;
  /** By token id. */
  readonly logit_bias?: Readonly<Record<string, number>> | undefined;
  readonly seed?: number | undefined;
  readonly stop?: string | readonly string[] | undefined;
  /** Fewest tokens before the text may end by itself. As vLLM's, like the two that follow. */
  readonly min_tokens?: number | undefined;
  readonly ignore_eos?: boolean | undefined;
  readonly stop_token_ids?: readonly number[] | undefined;
  readonly n?: number | undefined;
  readonly stream?: boolean | undefined;
  readonly stream_options?: { readonly include_usage?: boolean | undefined } | undefined;
  readonly max_tokens?: number | undefined;
  /** Look for the `n` likeliest texts by beam search, with as many beams, instead of drawing. As vLLM's. */
  readonly use_beam_search?: boolean | undefined;
  /** Log-probabilities of beams are compared over their lengths to this power; default 1. */
  readonly length_penalty?: number | undefined;
  /** Keep so many of the prompt's last tokens; -1 for as many as fit. As vLLM's. */
  readonly truncate_prompt_tokens?: number | undefined;
}

/** The body of `POST /v1/completions`. */
export interface CompletionBody extends SamplingBody {
  readonly prompt: Prompts;
  readonly logprobs?: number | undefined;
  readonly echo?: boolean | undefined;
  /** Whether a text gets the special tokens that the tokenizer puts before one; default true, as in vLLM. */
  readonly add_special_tokens?: boolean | undefined;
}

/** One message of a chat. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content?: string | readonly { readonly type: 'text'; readonly text: string }[] | null | undefined;
  /** Of an assistant: what it called. */
  readonly tool_calls?: readonly ToolCallBody[] | null | undefined;
  /** Of a tool: whose result it is. */
  readonly tool_call_id?: string | undefined;
}

/** A call of a function, as messages have it. */
export interface ToolCallBody {
  readonly id: string;
  readonly type: 'function';
  /** `arguments` is JSON. */
  readonly function: { readonly name: string; readonly arguments: string };
}

/** A function, as chats have it. */
export interface ToolBody {
  readonly type: 'function';
  readonly function: Tool & { readonly strict?: boolean | null | undefined };
}

/** Which function is to be called, as chats have it. */
export type ToolChoiceBody = 'none' | 'auto' | 'required' | { readonly type: 'function'; readonly function: { readonly name: string } };

/** The body of `POST /v1/chat/completions`. */
export interface ChatBody extends SamplingBody {
  readonly messages: readonly ChatMessage[];
  readonly max_completion_tokens?: number | undefined;
  readonly logprobs?: boolean | undefined;
  readonly top_logprobs?: number | undefined;
  readonly tools?: readonly ToolBody[] | undefined;
  readonly tool_choice?: ToolChoiceBody | undefined;
  readonly parallel_tool_calls?: boolean | undefined;
  /** What the chat template is told beside the messages, such as `enable_thinking`. As vLLM's. */
  readonly chat_template_kwargs?: Readonly<Record<string, unknown>> | undefined;
}

const sampling = {
  model: z.string().max(500),
  temperature,
  top_p: topP,
  top_k: z.number().int().min(-1),
  min_p: minP,
  repetition_penalty: repetitionPenalty,
  presence_penalty: penalty,
  frequency_penalty: penalty,
  logit_bias: z
    .record(z.string().regex(/^\d{1,9}$/, 'a token id'), z.number().min(-100).max(100))
    .refine((biases) => Object.keys(biases).length <= MOST_BIASES, `at most ${MOST_BIASES} tokens`),
  seed,
  stop: z.union([z.string().min(1).max(1000), stops]),
  min_tokens: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  ignore_eos: z.boolean(),
  stop_token_ids: z.array(tokenId).max(1000),
  n: z.number().int().min(1).max(MOST_SEQUENCES),
  truncate_prompt_tokens: z
    .number()
    .int()
    .min(-1)
    .refine((tokens) => tokens !== 0, 'at least 1, or -1'),
  use_beam_search: z.boolean(),
  length_penalty: z.number().min(-10).max(10),
  stream: z.boolean(),
  stream_options: z.strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() }),
  response_format: responseFormat,
  structured_outputs: z
    .strictObject({
      json: z.union([jsonObject, z.string()]),
      regex: z.string(),
      choice: z.array(z.string().min(1)).min(1).max(1000),
      grammar: z.string(),
      json_object: z.boolean(),
    })
    .partial(),
  grammar: z.string(),
  // Taken, and without effect here:
  user: z.string(),
  metadata: z.record(z.string(), z.string()),
  store: z.boolean(),
  service_tier: z.string(),
  safety_identifier: z.string(),
  prompt_cache_key: z.string(),
  prompt_cache_retention: z.string(),
  prompt_cache_options: jsonObject,
};

const completion = z
  .strictObject({
    ...sampling,
    prompt: prompts,
    max_tokens: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    logprobs: z.number().int().min(0).max(MOST_ALTERNATIVES),
    echo: z.boolean(),
    add_special_tokens: z.boolean(),
  })
  .partial()
  .required({ prompt: true });

const content = z.union([
  z.string(),
  z
    .array(z.strictObject({ type: z.literal('text'), text: z.string() }))
    .min(1)
    .max(MOST_PARTS),
]);
const name = z.string().optional();
const functionName = z.string().regex(/^[\w-]{1,64}$/, 'letters, digits, _ and -, 64 at most');
const calls = z.array(
  z.strictObject({
    id: z.string().max(200),
    type: z.literal('function'),
    function: z.strictObject({ name: functionName, arguments: z.string() }),
    index: z.number().optional(),
  }),
);
/** A message of a chat. */
export const message: z.ZodType<ChatMessage> = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer', 'user']), content, name }),
  z.strictObject({
    role: z.literal('assistant'),
    content: content.nullable().optional(),
    name,
    tool_calls: calls.nullable().optional(),
    // What an answer has, and clients send back as it is:
    refusal: z.null().optional(),
    audio: z.null().optional(),
    function_call: z.null().optional(),
    annotations: z.array(z.unknown()).max(0).optional(),
  }),
  z.strictObject({ role: z.literal('tool'), content, tool_call_id: z.string().max(200), name }),
]);
const tools = z
  .array(
    z.strictObject({
      type: z.literal('function'),
      function: z.strictObject({
        name: functionName,
        description: z.string().optional(),
        parameters: jsonObject.optional(),
        strict: z.boolean().nullable().optional(),
      }),
    }),
  )
  .max(128);

const chat = z
  .strictObject({
    ...sampling,
    messages: z.array(message).min(1).max(10_000),
    max_tokens: count,
    max_completion_tokens: count,
    logprobs: z.boolean(),
    top_logprobs: z.number().int().min(0).max(MOST_ALTERNATIVES),
    tools,
    tool_choice: z.union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: functionName }) }),
    ]),
    parallel_tool_calls: z.boolean(),
    chat_template_kwargs: jsonObject,
  })
  .partial()
  .required({ messages: true });

/** The checked body of `POST /v1/completions`; throws a RequestError 400 that names the parameter. */
export function readCompletionBody(body: unknown): CompletionBody {
  return readBody(completion, body);
}

/** The checked body of `POST /v1/chat/completions`; throws as {@link readCompletionBody} does. */
export function readChatBody(body: unknown): ChatBody {
  return readBody(chat, body);
}

/**
 * The sampling options of an OpenAI body, but for seed and length: what it does not say is as the model's makers would have it. `top_k` of
 * 0 or -1 means off, as in vLLM.
 *
 * @throws RequestError 400 for a bias of a token that the model lacks
 */
export function samplingOf(body: SamplingBody, { tokenizer, defaults = {} }: Pick<TextModel, 'tokenizer' | 'defaults'>): SamplingOptions {
  const { temperature: t, top_p: p, top_k: k, min_p: m, repetition_penalty: r, stop, logit_bias: biases } = body;
  const isStrange = (id: number | string): boolean => Number(id) >= tokenizer.vocabSize;
  const strange = Object.keys(biases ?? {}).find(isStrange) ?? body.stop_token_ids?.find(isStrange);
  if (strange !== undefined) {
    throw refuse('WEFT_SERVE_PARAMETER', {
      rule: `the vocabulary has ${tokenizer.vocabSize} tokens`,
      value: `token id ${strange}`,
      remedy: 'Give tokens of this model.',
      param: typeof strange === 'string' ? 'logit_bias' : 'stop_token_ids',
    });
  }
  const asked = given({
    temperature: t,
    topP: p,
    topK: k === undefined ? undefined : Math.max(0, k),
    minP: m,
    repetitionPenalty: r,
    minTokens: body.min_tokens,
    ignoreEnd: body.ignore_eos,
    endTokens: body.stop_token_ids,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    logitBias:
      biases === undefined
        ? undefined
        : new Map(Object.entries(biases).map(([id, bias]) => [Number(id), bias === FORBIDS ? -Infinity : bias])),
    stop: typeof stop === 'string' ? [stop] : stop,
  });
  return { ...defaults, ...asked };
}
