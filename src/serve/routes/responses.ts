/** `POST /v1/responses`, without memory of earlier ones: https://platform.openai.com/docs/api-reference/responses */

import type { FastifyInstance } from 'fastify';

import { replyParts } from '../chat-reply.ts';
import type { IdentifiedCall, ReplyPart } from '../chat-reply.ts';
import { sendEvents } from '../event-stream.ts';
import { sourceOf } from '../request-source.ts';
import { errorAnswer } from '../request-error.ts';
import { chatOf, readResponseBody } from '../bodies/response-body.ts';
import type { ResponseBody } from '../bodies/response-body.ts';
import { modelFor } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { planChat } from './chat.ts';
import { countUsage } from './shared.ts';

interface OutputText {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly [];
  readonly logprobs: readonly [];
}

type Status = 'in_progress' | 'completed' | 'incomplete';

type OutputItem =
  | {
      readonly type: 'message';
      readonly id: string;
      readonly role: 'assistant';
      readonly status: Status;
      readonly content: readonly OutputText[];
    }
  | {
      readonly type: 'function_call';
      readonly id: string;
      readonly call_id: string;
      readonly name: string;
      readonly arguments: string;
      readonly status: Status;
    };

type StreamEvent = { readonly type: string; readonly sequence_number: number } & Readonly<Record<string, unknown>>;

/** Adds the route. */
export function responsesRoute(app: FastifyInstance, serving: Serving): void {
  app.post('/v1/responses', async (request, reply) => {
    const body = readResponseBody(request.body);
    const model = modelFor(serving, body.model);
    const { tools, generations } = await planChat(model, chatOf(body), serving.seed());
    const events = serving.engine.run(model, generations, sourceOf(request, reply));
    const parts = replyParts(events, { replies: 1, tools, identity: serving.identity });
    const usage = countUsage(generations);
    const head = headOf(body, { id: `resp_${serving.identity()}`, created_at: Math.floor(serving.clock() / 1000), model: model.name });
    const told = narrate(parts, { head, usage, identity: serving.identity });
    if (body.stream === true) return await sendEvents(reply, told, { named: true });
    let last: StreamEvent | undefined;
    for await (const event of told) {
      if (event.type === 'error') throw (event as unknown as { readonly cause: unknown }).cause;
      last = event;
    }
    return last?.['response'];
  });
}

/** What a response says of itself before there is any output. */
function headOf(
  body: ResponseBody,
  made: { readonly id: string; readonly created_at: number; readonly model: string },
): Readonly<Record<string, unknown>> {
  return {
    ...made,
    object: 'response',
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: body.temperature ?? 1,
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: (body.tools ?? []).map((tool) => ({ description: null, parameters: null, strict: null, ...tool })),
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? 'disabled',
  };
}

interface Narration {
  readonly head: Readonly<Record<string, unknown>>;
  readonly usage: ReturnType<typeof countUsage>;
  readonly identity: () => string;
}

/** A reply as the events of a response; the last holds all of it. */
async function* narrate(parts: AsyncGenerator<ReplyPart>, { head, usage, identity }: Narration): AsyncGenerator<StreamEvent> {
  let number = 0;
  const event = (type: string, rest: Readonly<Record<string, unknown>>): StreamEvent => ({ type, sequence_number: number++, ...rest });
  const output: OutputItem[] = [];
  let message: { readonly id: string; text: string } | undefined;
  const response = (status: Status, rest: object = {}): object => ({
    ...head,
    status,
    output: status === 'in_progress' ? [] : output,
    ...rest,
  });
  const content = (text: string): OutputText => ({ type: 'output_text', text, annotations: [], logprobs: [] });
  const closeMessage = function* (status: Status): Generator<StreamEvent> {
    if (message === undefined) return;
    const { id, text } = message;
    message = undefined;
    const place = { item_id: id, output_index: output.length, content_index: 0 };
    const item: OutputItem = { type: 'message', id, role: 'assistant', status, content: [content(text)] };
    yield event('response.output_text.done', { ...place, text, logprobs: [] });
    yield event('response.content_part.done', { ...place, part: content(text) });
    yield event('response.output_item.done', { output_index: output.length, item });
    output.push(item);
  };
  const openMessage = function* (): Generator<StreamEvent> {
    const id = `msg_${identity()}`;
    message = { id, text: '' };
    const item: OutputItem = { type: 'message', id, role: 'assistant', status: 'in_progress', content: [] };
    yield event('response.output_item.added', { output_index: output.length, item });
    yield event('response.content_part.added', { item_id: id, output_index: output.length, content_index: 0, part: content('') });
  };
  const tellCall = function* (call: IdentifiedCall): Generator<StreamEvent> {
    const id = `fc_${identity()}`;
    const place = { item_id: id, output_index: output.length };
    const item: OutputItem = {
      type: 'function_call',
      id,
      call_id: call.id,
      name: call.name,
      arguments: call.arguments,
      status: 'completed',
    };
    yield event('response.output_item.added', { output_index: output.length, item: { ...item, arguments: '', status: 'in_progress' } });
    yield event('response.function_call_arguments.delta', { ...place, delta: call.arguments });
    yield event('response.function_call_arguments.done', { ...place, name: call.name, arguments: call.arguments });
    yield event('response.output_item.done', { output_index: output.length, item });
    output.push(item);
  };
  try {
    for await (const part of parts) {
      if (part.kind === 'start') {
        yield event('response.created', { response: response('in_progress') });
        yield event('response.in_progress', { response: response('in_progress') });
      } else if (part.kind === 'text') {
        if (part.token !== undefined) usage.add(1);
        if (part.text === '') continue;
        if (message === undefined) yield* openMessage();
        const { id } = message as unknown as { readonly id: string };
        (message as unknown as { text: string }).text += part.text;
        yield event('response.output_text.delta', {
          item_id: id,
          output_index: output.length,
          content_index: 0,
          delta: part.text,
          logprobs: [],
        });
      } else if (part.kind === 'call') {
        yield* closeMessage('completed');
        yield* tellCall(part.call);
      } else {
        const status = part.reason === 'length' ? 'incomplete' : 'completed';
        if (output.length === 0 && message === undefined) yield* openMessage();
        yield* closeMessage(status);
        const { prompt_tokens: input, completion_tokens: written, total_tokens: total } = usage.total();
        const counted = {
          input_tokens: input,
          input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
          output_tokens: written,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: total,
        };
        const rest = { usage: counted, ...(status === 'incomplete' ? { incomplete_details: { reason: 'max_output_tokens' } } : {}) };
        yield event(`response.${status}`, { response: response(status, rest) });
      }
    }
  } catch (error) {
    if (number === 0) throw error;
    const { code, message: text, param } = errorAnswer(error).body.error;
    yield Object.defineProperty(event('error', { code, message: text, param }), 'cause', { value: error, enumerable: false });
  }
}
