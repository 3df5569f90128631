/**
 * The bodies that requests may have.
 *
 * Source: https://platform.openai.com/docs/api-reference/completions and …/chat; `top_k`, `min_p` and
 * `repetition_penalty` as in vLLM.
 */

import { z } from 'zod';

import type { SamplingOptions } from '../generate/index.ts';
import type { TokenizerType } from '../tokenizers/index.ts';
import type { FormBody, ResponseFormat } from './grammars.ts';
import { readBody } from './read-body.ts';
import type { Tool } from './tools.ts';

/** Most sequences that one request may ask for: prompts × n. */
export const MOST_SEQUENCES = 128;
/** Most texts that one request may ask embeddings of; OpenAI's bound. */
export const MOST_INPUTS = 2048;
const MOST_ALTERNATIVES = 20; // OpenAI's bound.
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
  readonly n?: number | undefined;
  readonly stream?: boolean | undefined;
  readonly stream_options?: { readonly include_usage?: boolean | undefined } | undefined;
  readonly max_tokens?: number | undefined;
  /** Keep so many of the prompt's last tokens; -1 for as many as fit. As vLLM's. */
  readonly truncate_prompt_tokens?: number | undefined;
}

/** The body of `POST /v1/completions`. */
export interface CompletionBody extends SamplingBody {
  readonly prompt: string | readonly number[] | readonly string[] | readonly (readonly number[])[];
  readonly logprobs?: number | undefined;
  readonly echo?: boolean | undefined;
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
}

/** The body of `POST /v1/embeddings`. */
export interface EmbeddingBody {
  readonly model?: string | undefined;
  readonly input: CompletionBody['prompt'];
  readonly encoding_format?: 'float' | 'base64' | undefined;
  readonly dimensions?: number | undefined;
}

/** The body of `POST /tokenize`. */
export interface TokenizeBody {
  readonly model?: string | undefined;
  readonly prompt?: string | undefined;
  readonly messages?: readonly ChatMessage[] | undefined;
  readonly content?: string | undefined;
  readonly add_special_tokens?: boolean | undefined;
  readonly add_special?: boolean | undefined;
  readonly return_token_strs?: boolean | undefined;
  readonly with_pieces?: boolean | undefined;
}

/** The body of `POST /detokenize`. */
export interface DetokenizeBody {
  readonly model?: string | undefined;
  readonly tokens: readonly number[];
}

/** The body of `POST /api/generate`, the page's own route. */
export interface GenerateBody extends Omit<SamplingOptions, 'signal'> {
  readonly model?: string | undefined;
  readonly prompt: string;
  /** Tokens behind the prompt that are settled already: the ones before a token that the user chose anew. */
  readonly chosen?: readonly number[] | undefined;
  /** As in the OpenAI bodies. */
  readonly responseFormat?: ResponseFormat | undefined;
}

/** The body of `POST /api/explain`, the page's own route. */
export interface ExplainBody {
  readonly text: string;
  /** The served model whose tokenizer is explained; without it one is trained. */
  readonly model?: string | undefined;
  readonly type?: TokenizerType | undefined;
  /** What to train on; without it the text. */
  readonly train?: string | undefined;
  readonly merges?: number | undefined;
  readonly marking?: 'none' | 'space' | 'end' | undefined;
  readonly unit?: 'characters' | 'bytes' | undefined;
  readonly rule?: 'count' | 'likelihood' | undefined;
}

/** The body of `POST /api/attention`, the page's own route. */
export interface AttentionBody {
  readonly model?: string | undefined;
  readonly prompt: string;
  /** From 0. */
  readonly layer: number;
}

/** The query of `GET /api/runs/:name/metrics`. */
export interface MetricsQuery {
  readonly offset?: number | undefined;
  readonly version?: string | undefined;
}

const tokenId = z.number().int().nonnegative();
const count = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const temperature = z.number().min(0).max(2);
const topP = z.number().gt(0).max(1);
const minP = z.number().min(0).lt(1);
const penalty = z.number().min(-2).max(2);
const repetitionPenalty = z.number().gt(0).max(10);
// The choices of a request take the seeds that follow.
const seed = z
  .number()
  .int()
  .min(Number.MIN_SAFE_INTEGER)
  .max(Number.MAX_SAFE_INTEGER - MOST_SEQUENCES);
const stops = z.array(z.string().min(1).max(1000)).max(16);

const jsonObject = z.record(z.string(), z.unknown());
const responseFormat = z.union([
  z.strictObject({ type: z.enum(['text', 'json_object']) }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string().max(200),
      description: z.string().optional(),
      schema: jsonObject.optional(),
      strict: z.boolean().nullable().optional(),
    }),
  }),
]);

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
  n: z.number().int().min(1).max(MOST_SEQUENCES),
  truncate_prompt_tokens: z
    .number()
    .int()
    .min(-1)
    .refine((tokens) => tokens !== 0, 'at least 1, or -1'),
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
};

const completion = z
  .strictObject({
    ...sampling,
    prompt: z.union([z.string(), z.array(tokenId).min(1), z.array(z.string()).min(1), z.array(z.array(tokenId).min(1)).min(1)]),
    max_tokens: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    logprobs: z.number().int().min(0).max(MOST_ALTERNATIVES),
    echo: z.boolean(),
  })
  .partial()
  .required({ prompt: true });

const content = z.union([z.string(), z.array(z.strictObject({ type: z.literal('text'), text: z.string() })).min(1)]);
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
const message = z.discriminatedUnion('role', [
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
  })
  .partial()
  .required({ messages: true });

const embedding = z
  .strictObject({
    model: z.string().max(500),
    input: z.union([z.string(), z.array(tokenId).min(1), z.array(z.string()).min(1), z.array(z.array(tokenId).min(1)).min(1)]),
    encoding_format: z.enum(['float', 'base64']),
    dimensions: z.number().int().min(1),
    user: z.string(),
  })
  .partial()
  .required({ input: true });

const tokenize = z
  .strictObject({
    model: z.string().max(500),
    prompt: z.string(),
    messages: z.array(message).min(1).max(10_000),
    content: z.string(),
    add_special_tokens: z.boolean(),
    add_special: z.boolean(),
    add_generation_prompt: z.literal(true),
    return_token_strs: z.boolean(),
    with_pieces: z.boolean(),
    parse_special: z.literal(false),
  })
  .partial();

const detokenize = z
  .strictObject({ model: z.string().max(500), tokens: z.array(tokenId).max(1_000_000) })
  .partial()
  .required({ tokens: true });

const generate = z
  .strictObject({
    model: z.string().max(500),
    prompt: z.string(),
    chosen: z.array(tokenId).max(100_000),
    temperature,
    topP,
    topK: z.number().int().min(1),
    minP,
    repetitionPenalty,
    presencePenalty: penalty,
    frequencyPenalty: penalty,
    maxTokens: count,
    seed,
    stop: stops,
    responseFormat,
    alternatives: z.number().int().min(0).max(MOST_ALTERNATIVES),
  })
  .partial()
  .required({ prompt: true });

// Slow code runs on it, at every step anew: so little that nobody holds the server up.
const explain = z
  .strictObject({
    model: z.string().max(500),
    text: z.string().max(1000),
    type: z.enum(['bpe', 'unigram', 'wordpiece', 'words', 'characters']),
    train: z.string().max(2000),
    merges: z.number().int().min(0).max(60),
    marking: z.enum(['none', 'space', 'end']),
    unit: z.enum(['characters', 'bytes']),
    rule: z.enum(['count', 'likelihood']),
  })
  .partial()
  .required({ text: true });

// A hundred tokens of its end are shown: it need not be long.
const attention = z
  .strictObject({ model: z.string().max(500), prompt: z.string().max(20_000), layer: z.number().int().min(0) })
  .partial()
  .required({ prompt: true, layer: true });

const metrics = z
  .strictObject({ offset: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER), version: z.string().max(100) })
  .partial();

/** The checked body of `POST /v1/completions`; throws a RequestError 400 that names the parameter. */
export function readCompletionBody(body: unknown): CompletionBody {
  return readBody(completion, body);
}

/** The checked body of `POST /v1/chat/completions`; throws as {@link readCompletionBody} does. */
export function readChatBody(body: unknown): ChatBody {
  return readBody(chat, body);
}

/** The checked body of `POST /v1/embeddings`; throws as {@link readCompletionBody} does. */
export function readEmbeddingBody(body: unknown): EmbeddingBody {
  return readBody(embedding, body);
}

/** The checked body of `POST /tokenize`; throws as {@link readCompletionBody} does. */
export function readTokenizeBody(body: unknown): TokenizeBody {
  return readBody(tokenize, body);
}

/** The checked body of `POST /detokenize`; throws as {@link readCompletionBody} does. */
export function readDetokenizeBody(body: unknown): DetokenizeBody {
  return readBody(detokenize, body);
}

/** The checked body of `POST /api/generate`; throws as {@link readCompletionBody} does. */
export function readGenerateBody(body: unknown): GenerateBody {
  return given(readBody(generate, body)) as GenerateBody;
}

/** The checked body of `POST /api/explain`; throws as {@link readCompletionBody} does. */
export function readExplainBody(body: unknown): ExplainBody {
  return readBody(explain, body);
}

/** The checked body of `POST /api/attention`; throws as {@link readCompletionBody} does. */
export function readAttentionBody(body: unknown): AttentionBody {
  return readBody(attention, body);
}

/** The checked query of a run's metrics; throws as {@link readCompletionBody} does. */
export function readMetricsQuery(query: unknown): MetricsQuery {
  return readBody(metrics, query);
}

/** The sampling options of an OpenAI body, but for seed and length. `top_k` of 0 or -1 means off, as in vLLM. */
export function samplingOf(body: SamplingBody): SamplingOptions {
  const { temperature: t, top_p: p, top_k: k, min_p: m, repetition_penalty: r, stop, logit_bias: biases } = body;
  return given({
    temperature: t,
    topP: p,
    topK: k === undefined || k < 1 ? undefined : k,
    minP: m,
    repetitionPenalty: r,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    logitBias:
      biases === undefined
        ? undefined
        : new Map(Object.entries(biases).map(([id, bias]) => [Number(id), bias === FORBIDS ? -Infinity : bias])),
    stop: typeof stop === 'string' ? [stop] : stop,
  });
}

/** The same without the keys whose value is undefined. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
