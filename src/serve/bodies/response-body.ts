/**
 * The body of `POST /v1/responses`, and the chat that it asks for. https://platform.openai.com/docs/api-reference/responses
 *
 * Decided: nothing is kept between requests, so a request holds its whole conversation; what refers to an earlier response is refused
 * by name, as are other parameters that are not carried out (unsupported.ts).
 */

import { z } from 'zod';

import type { ChatBody, ChatMessage, ToolCallBody } from './generation-body.ts';
import type { ResponseFormat } from '../grammars.ts';
import { MOST_PARTS } from './fields.ts';
import { readBody } from './read-body.ts';
import { RESPONSE_UNSUPPORTED } from './unsupported.ts';

/** Texts of a message or of a result. */
type Content = string | readonly { readonly text: string }[];

/** A turn, a call or its result. */
export type ResponseItem =
  | { readonly type?: 'message' | undefined; readonly role: 'user' | 'assistant' | 'system' | 'developer'; readonly content: Content }
  | { readonly type: 'function_call'; readonly call_id: string; readonly name: string; readonly arguments: string }
  | { readonly type: 'function_call_output'; readonly call_id: string; readonly output: Content };

/** The form of a reply, as responses have it. */
export type ResponseTextFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict?: boolean | null | undefined;
    };

/** The body of `POST /v1/responses`. */
export interface ResponseBody {
  readonly model?: string | undefined;
  readonly input: string | readonly ResponseItem[];
  readonly instructions?: string | undefined;
  readonly max_output_tokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly top_p?: number | undefined;
  readonly stream?: boolean | undefined;
  readonly text?: { readonly format?: ResponseTextFormat | undefined } | undefined;
  readonly tools?:
    | readonly {
        readonly type: 'function';
        readonly name: string;
        readonly description?: string | null | undefined;
        readonly parameters?: Readonly<Record<string, unknown>> | null | undefined;
        readonly strict?: boolean | null | undefined;
      }[]
    | undefined;
  readonly tool_choice?: 'none' | 'auto' | 'required' | { readonly type: 'function'; readonly name: string } | undefined;
  readonly parallel_tool_calls?: boolean | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** `auto` drops the conversation's beginning where it does not fit. */
  readonly truncation?: 'auto' | 'disabled' | undefined;
}

const FUNCTION_NAME = z.string().regex(/^[\w-]{1,64}$/, 'letters, digits, _ and -, 64 at most');
const parts = z
  .array(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.enum(['input_text', 'text']), text: z.string() }),
      z.strictObject({
        type: z.literal('output_text'),
        text: z.string(),
        annotations: z.array(z.unknown()).optional(),
        logprobs: z.array(z.unknown()).optional(),
      }),
    ]),
  )
  .min(1)
  .max(MOST_PARTS);
const item = z.union([
  z.strictObject({
    type: z.literal('message').optional(),
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    content: z.union([z.string(), parts]),
    id: z.string().optional(),
    status: z.string().optional(),
    phase: z.unknown().optional(),
  }),
  z.strictObject({
    type: z.literal('function_call'),
    call_id: z.string().max(200),
    name: FUNCTION_NAME,
    arguments: z.string(),
    id: z.string().optional(),
    status: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('function_call_output'),
    call_id: z.string().max(200),
    output: z.union([z.string(), parts]),
    id: z.string().nullable().optional(),
    status: z.string().nullable().optional(),
  }),
]);
const jsonObject = z.record(z.string(), z.unknown());
const schema = z
  .strictObject({
    model: z.string().max(500),
    input: z.union([z.string(), z.array(item).min(1).max(10_000)]),
    instructions: z.string(),
    max_output_tokens: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
    temperature: z.number().min(0).max(2),
    top_p: z.number().gt(0).max(1),
    stream: z.boolean(),
    stream_options: z.strictObject({ include_obfuscation: z.boolean().optional() }),
    text: z.strictObject({
      format: z
        .discriminatedUnion('type', [
          z.strictObject({ type: z.literal('text') }),
          z.strictObject({ type: z.literal('json_object') }),
          z.strictObject({
            type: z.literal('json_schema'),
            name: z.string().max(200),
            schema: jsonObject,
            description: z.string().optional(),
            strict: z.boolean().nullable().optional(),
          }),
        ])
        .optional(),
      verbosity: z.null().optional(),
    }),
    tools: z
      .array(
        z.strictObject({
          type: z.literal('function'),
          name: FUNCTION_NAME,
          description: z.string().nullable().optional(),
          parameters: jsonObject.nullable().optional(),
          strict: z.boolean().nullable().optional(),
        }),
      )
      .max(128),
    tool_choice: z.union([z.enum(['none', 'auto', 'required']), z.strictObject({ type: z.literal('function'), name: FUNCTION_NAME })]),
    parallel_tool_calls: z.boolean(),
    metadata: z.record(z.string(), z.string()),
    // Taken, and without effect here:
    store: z.boolean(),
    truncation: z.enum(['auto', 'disabled']),
    user: z.string(),
    service_tier: z.string(),
    safety_identifier: z.string(),
    prompt_cache_key: z.string(),
    prompt_cache_retention: z.string(),
    prompt_cache_options: jsonObject,
  })
  .partial()
  .required({ input: true });

/** The checked body of `POST /v1/responses`; throws a RequestError 400 that names the parameter. */
export function readResponseBody(body: unknown): ResponseBody {
  return readBody(schema, body, RESPONSE_UNSUPPORTED);
}

/** The chat that a response replies to. */
export function chatOf(body: ResponseBody): ChatBody {
  const { model, input, instructions, tools, tool_choice: choice, text } = body;
  const turns = typeof input === 'string' ? [{ role: 'user', content: input } as const] : turnsOf(input);
  return {
    model,
    messages: instructions === undefined ? turns : [{ role: 'system', content: instructions }, ...turns],
    max_completion_tokens: body.max_output_tokens,
    truncate_prompt_tokens: body.truncation === 'auto' ? -1 : undefined,
    temperature: body.temperature,
    top_p: body.top_p,
    response_format: formatOf(text?.format),
    tools: tools?.map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, ...(description == null ? {} : { description }), ...(parameters == null ? {} : { parameters }) },
    })),
    tool_choice: typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice,
  };
}

/** Messages of the items: calls that follow each other, or a message of the assistant, are one turn. */
function turnsOf(items: readonly ResponseItem[]): readonly ChatMessage[] {
  const turns: (Omit<ChatMessage, 'tool_calls'> & { tool_calls?: ToolCallBody[] })[] = [];
  for (const one of items) {
    if (one.type === 'function_call') {
      const call: ToolCallBody = { id: one.call_id, type: 'function', function: { name: one.name, arguments: one.arguments } };
      const last = turns.at(-1);
      if (last?.role === 'assistant') (last.tool_calls ??= []).push(call);
      else turns.push({ role: 'assistant', content: '', tool_calls: [call] });
    } else if (one.type === 'function_call_output') turns.push({ role: 'tool', content: textOf(one.output), tool_call_id: one.call_id });
    else turns.push({ role: one.role, content: textOf(one.content) });
  }
  return turns;
}

function textOf(content: Content): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('');
}

function formatOf(format: ResponseTextFormat | undefined): ResponseFormat | undefined {
  if (format?.type !== 'json_schema') return format;
  const { name, schema: wanted, strict } = format;
  return { type: 'json_schema', json_schema: { name, schema: wanted, strict } };
}
