/** `POST /v1/chat/completions`: https://platform.openai.com/docs/api-reference/chat */

import type { FastifyInstance } from 'fastify';

import type { TextModel } from '../../generate/index.ts';
import { beamsOf } from '../beams.ts';
import { given } from '../bodies/fields.ts';
import { readChatBody, samplingOf } from '../bodies/generation-body.ts';
import type { ChatBody, ToolCallBody } from '../bodies/generation-body.ts';
import { replyParts } from '../chat-reply.ts';
import type { IdentifiedCall, ReplyPart } from '../chat-reply.ts';
import type { GenerationRequest } from '../generation-job.ts';
import { sendEvents } from '../event-stream.ts';
import { grammarOf } from '../grammars.ts';
import { chatTokens, tokenBudget, truncated } from '../prompt.ts';
import { sourceOf } from '../request-source.ts';
import { refuse } from '../request-error.ts';
import { modelFor } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { chatLogprob } from '../token-text.ts';
import type { ChatLogprob } from '../token-text.ts';
import { requireTools } from '../tools.ts';
import type { ToolChoice, Tools } from '../tools.ts';
import { checkStream, countUsage } from './shared.ts';
import type { Usage } from './shared.ts';

type FinishReason = 'stop' | 'length' | 'tool_calls' | null;
type Logprobs = { readonly content: readonly ChatLogprob[]; readonly refusal: null } | null;

interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

interface Delta {
  readonly role?: 'assistant';
  readonly content?: string | null;
  readonly tool_calls?: readonly (ToolCallBody & { readonly index: number })[];
}

interface ChunkChoice {
  readonly index: number;
  readonly delta: Delta;
  readonly logprobs: Logprobs;
  readonly finish_reason: FinishReason;
}

interface ChatChunk extends Head {
  readonly object: 'chat.completion.chunk';
  readonly choices: readonly ChunkChoice[];
  readonly usage?: Usage | null;
}

/** Adds the route. */
export function chatRoute(app: FastifyInstance, serving: Serving): void {
  app.post('/v1/chat/completions', async (request, reply) => {
    const body = readChatBody(request.body);
    checkStream(body);
    if (body.top_logprobs !== undefined && body.logprobs !== true) {
      throw refuse('WEFT_SERVE_PARAMETER', {
        rule: 'top_logprobs go with logprobs: true alone',
        value: String(body.top_logprobs),
        remedy: 'Add "logprobs": true, or leave top_logprobs out.',
        param: 'top_logprobs',
      });
    }
    const model = modelFor(serving, body.model);
    const { tools, generations } = await planChat(model, body, body.seed ?? serving.seed());
    const head = { id: `chatcmpl-${serving.identity()}`, created: Math.floor(serving.clock() / 1000), model: model.name };
    const events = serving.engine.run(model, generations, sourceOf(request, reply));
    const parts = replyParts(events, { replies: generations.length, tools, identity: serving.identity });
    const answering = { model, body, generations, head };
    if (body.stream === true) return await sendEvents(reply, chunks(parts, answering), { done: '[DONE]' });
    return await answer(parts, answering);
  });
}

/** The generations of a chat, one a choice. */
export async function planChat(
  model: TextModel,
  body: ChatBody,
  seed: number,
): Promise<{ readonly tools: Tools | undefined; readonly generations: readonly GenerationRequest[] }> {
  const tools = requireTools(
    body.tools?.map(({ function: { strict: _, ...tool } }) => tool),
    choiceOf(body.tool_choice),
  );
  const grammar = grammarOf(body, tools);
  const asked = body.max_completion_tokens ?? body.max_tokens;
  const prompt = truncated(model, await chatTokens(model, body.messages, { tools, variables: body.chat_template_kwargs }), {
    keep: body.truncate_prompt_tokens,
    asked,
  });
  const { n = 1, logprobs, top_logprobs: top = 0 } = body;
  const search = beamsOf(model, body);
  const maxTokens = tokenBudget(model, prompt, { asked, beams: search?.beams });
  const sampling = { ...samplingOf(body, model), maxTokens };
  const generations = Array.from({ length: n }, (_, choice) => ({
    prompt,
    grammar,
    standalone: true,
    ...(search === undefined ? {} : { beam: { search, rank: choice } }),
    sampling: { ...sampling, seed: seed + choice, ...given({ alternatives: logprobs === true ? top : undefined }) },
  }));
  return { tools, generations };
}

function choiceOf(choice: ChatBody['tool_choice']): ToolChoice | undefined {
  return typeof choice === 'object' ? { name: choice.function.name } : choice;
}

/** A call as messages have it. */
function callBody({ id, name, arguments: given }: IdentifiedCall): ToolCallBody {
  return { id, type: 'function', function: { name, arguments: given } };
}

interface Answering {
  readonly model: TextModel;
  readonly body: ChatBody;
  readonly generations: readonly GenerationRequest[];
  readonly head: Head;
}

async function answer(parts: AsyncGenerator<ReplyPart>, { model, body, generations, head }: Answering): Promise<object> {
  const choices = generations.map(() => ({
    content: '',
    calls: [] as ToolCallBody[],
    logprobs: [] as ChatLogprob[],
    reason: null as FinishReason,
  }));
  const usage = countUsage(generations);
  for await (const part of parts) {
    const choice = choices[part.index];
    if (choice === undefined) continue;
    if (part.kind === 'end') choice.reason = part.reason;
    if (part.kind === 'call') choice.calls.push(callBody(part.call));
    if (part.kind !== 'text') continue;
    choice.content += part.text;
    if (part.token === undefined) continue;
    usage.add(1);
    if (body.logprobs === true) choice.logprobs.push(chatLogprob(part.token, model.tokenizer));
  }
  return {
    ...head,
    object: 'chat.completion',
    choices: choices
      .map(({ content, calls, logprobs, reason }, index) => ({
        index,
        message: {
          role: 'assistant',
          content: content === '' && calls.length > 0 ? null : content,
          refusal: null,
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        logprobs: body.logprobs === true ? { content: logprobs, refusal: null } : null,
        finish_reason: reason,
      }))
      // A search may find fewer texts than it was asked for.
      .filter((choice) => choice.finish_reason !== null),
    usage: usage.total(),
  };
}

async function* chunks(parts: AsyncGenerator<ReplyPart>, { model, body, generations, head }: Answering): AsyncGenerator<ChatChunk> {
  const withUsage = body.stream_options?.include_usage === true;
  const usage = countUsage(generations);
  const chunk = (
    index: number,
    delta: Delta,
    rest: { readonly logprobs?: Logprobs; readonly finish_reason?: FinishReason } = {},
  ): ChatChunk => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index, delta, logprobs: null, finish_reason: null, ...rest }],
    ...(withUsage ? { usage: null } : {}),
  });
  for await (const part of parts) {
    const { index } = part;
    if (part.kind === 'start') yield chunk(index, { role: 'assistant', content: '' });
    else if (part.kind === 'end') yield chunk(index, {}, { finish_reason: part.reason });
    else if (part.kind === 'call') yield chunk(index, { tool_calls: [{ index: part.place, ...callBody(part.call) }] });
    else {
      if (part.token !== undefined) usage.add(1);
      const shown = body.logprobs === true && part.token !== undefined;
      const logprobs = shown ? { content: [chatLogprob(part.token, model.tokenizer)], refusal: null } : null;
      // A token without text, held back or half a character, says nothing yet.
      if (part.text !== '' || logprobs !== null) yield chunk(index, { content: part.text }, { logprobs });
    }
  }
  if (withUsage) yield { ...head, object: 'chat.completion.chunk', choices: [], usage: usage.total() };
}
