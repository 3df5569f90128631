/** `POST /v1/chat/completions`: https://platform.openai.com/docs/api-reference/chat */

import type { FastifyInstance } from 'fastify';

import type { TextModel } from '../../generate/index.ts';
import { given, readChatBody, samplingOf } from '../body.ts';
import type { ChatBody } from '../body.ts';
import type { EngineEvent, GenerationRequest } from '../engine.ts';
import { clientSignal, sendEvents } from '../event-stream.ts';
import { chatTokens, tokenBudget } from '../prompt.ts';
import { refuse } from '../request-error.ts';
import { modelFor } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { chatLogprob } from '../token-text.ts';
import type { ChatLogprob } from '../token-text.ts';
import { checkStream, countUsage } from './shared.ts';
import type { Usage } from './shared.ts';

type FinishReason = 'stop' | 'length' | null;
type Logprobs = { readonly content: readonly ChatLogprob[]; readonly refusal: null } | null;

interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

interface ChunkChoice {
  readonly index: number;
  readonly delta: { readonly role?: 'assistant'; readonly content?: string };
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
    const generations = await plan(model, body, body.seed ?? serving.seed());
    const head = { id: `chatcmpl-${serving.identity()}`, created: Math.floor(serving.clock() / 1000), model: model.name };
    const events = serving.engine.run(model, generations, { signal: clientSignal(reply) });
    if (body.stream === true) return await sendEvents(reply, chunks(events, { model, body, generations, head }), { done: '[DONE]' });
    return await answer(events, { model, body, generations, head });
  });
}

async function plan(model: TextModel, body: ChatBody, seed: number): Promise<readonly GenerationRequest[]> {
  const prompt = await chatTokens(model, body.messages);
  const { n = 1, logprobs, top_logprobs: top = 0 } = body;
  const maxTokens = tokenBudget(model, prompt, { asked: body.max_completion_tokens ?? body.max_tokens });
  const sampling = { ...samplingOf(body), maxTokens };
  return Array.from({ length: n }, (_, choice) => ({
    prompt,
    sampling: { ...sampling, seed: seed + choice, ...given({ alternatives: logprobs === true ? top : undefined }) },
  }));
}

interface Answering {
  readonly model: TextModel;
  readonly body: ChatBody;
  readonly generations: readonly GenerationRequest[];
  readonly head: Head;
}

async function answer(events: AsyncGenerator<EngineEvent>, { model, body, generations, head }: Answering): Promise<object> {
  const choices = generations.map(() => ({ content: '', logprobs: [] as ChatLogprob[], reason: null as FinishReason }));
  const usage = countUsage(generations);
  for await (const event of events) {
    const choice = choices[event.index];
    if (choice === undefined) continue;
    if (event.kind === 'end') choice.reason = event.reason;
    if (event.kind !== 'token') continue;
    usage.add(1);
    choice.content += event.token.text;
    if (body.logprobs === true) choice.logprobs.push(chatLogprob(event.token, model.tokenizer));
  }
  return {
    ...head,
    object: 'chat.completion',
    choices: choices.map(({ content, logprobs, reason }, index) => ({
      index,
      message: { role: 'assistant', content, refusal: null },
      logprobs: body.logprobs === true ? { content: logprobs, refusal: null } : null,
      finish_reason: reason,
    })),
    usage: usage.total(),
  };
}

async function* chunks(events: AsyncGenerator<EngineEvent>, { model, body, generations, head }: Answering): AsyncGenerator<ChatChunk> {
  const withUsage = body.stream_options?.include_usage === true;
  const usage = countUsage(generations);
  const begun = generations.map(() => false);
  const chunk = (choice: ChunkChoice): ChatChunk => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [choice],
    ...(withUsage ? { usage: null } : {}),
  });
  for await (const event of events) {
    const { index } = event;
    if (begun[index] !== true) {
      begun[index] = true;
      yield chunk({ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null });
    }
    if (event.kind === 'end') yield chunk({ index, delta: {}, logprobs: null, finish_reason: event.reason });
    if (event.kind !== 'token') continue;
    usage.add(1);
    const logprobs = body.logprobs === true ? { content: [chatLogprob(event.token, model.tokenizer)], refusal: null } : null;
    yield chunk({ index, delta: { content: event.token.text }, logprobs, finish_reason: null });
  }
  if (withUsage) yield { ...head, object: 'chat.completion.chunk', choices: [], usage: usage.total() };
}
