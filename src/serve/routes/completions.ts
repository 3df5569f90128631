/** `POST /v1/completions`: https://platform.openai.com/docs/api-reference/completions */

import type { FastifyInstance } from 'fastify';

import type { TextModel } from '../../generate/index.ts';
import { beamsOf } from '../beams.ts';
import { MOST_SEQUENCES, given } from '../bodies/fields.ts';
import { readCompletionBody, samplingOf } from '../bodies/generation-body.ts';
import type { CompletionBody } from '../bodies/generation-body.ts';
import type { EngineEvent, GenerationRequest } from '../generation-job.ts';
import { sendEvents } from '../event-stream.ts';
import { grammarOf } from '../grammars.ts';
import { promptTokens, tokenBudget, truncated } from '../prompt.ts';
import { sourceOf } from '../request-source.ts';
import { refuse } from '../request-error.ts';
import { modelFor } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { completionLogprobs } from '../token-text.ts';
import type { CompletionLogprobs, ScoredToken } from '../token-text.ts';
import { checkStream, countUsage } from './shared.ts';
import type { Usage } from './shared.ts';

const STANDARD_TOKENS = 16; // OpenAI's default.

interface Choice {
  readonly index: number;
  readonly text: string;
  readonly logprobs: CompletionLogprobs | null;
  readonly finish_reason: 'stop' | 'length' | null;
}

interface Completion {
  readonly id: string;
  readonly object: 'text_completion';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly Choice[];
  readonly usage?: Usage | null;
}

/** Adds the route. */
export function completionsRoute(app: FastifyInstance, serving: Serving): void {
  app.post('/v1/completions', async (request, reply) => {
    const body = readCompletionBody(request.body);
    checkStream(body);
    const model = modelFor(serving, body.model);
    const generations = plan(model, body, body.seed ?? serving.seed());
    const head = {
      id: `cmpl-${serving.identity()}`,
      object: 'text_completion' as const,
      created: Math.floor(serving.clock() / 1000),
      model: model.name,
    };
    const events = serving.engine.run(model, generations, sourceOf(request, reply));
    const parts = choiceParts(events, { model, body, generations });
    if (body.stream === true) return await sendEvents(reply, chunks(parts, { head, body, generations }), { done: '[DONE]' });
    const choices: Choice[] = generations.map((_, index) => ({ index, text: '', logprobs: null, finish_reason: null }));
    const usage = countUsage(generations);
    for await (const part of parts) {
      usage.add(part.tokens);
      const so = choices[part.choice.index];
      if (so !== undefined) choices[part.choice.index] = join(so, part.choice);
    }
    // A search may find fewer texts than it was asked for.
    return { ...head, choices: choices.filter((choice) => choice.finish_reason !== null), usage: usage.total() } satisfies Completion;
  });
}

/** One generation for each choice: every prompt `n` times, each time with the next seed. */
function plan(model: TextModel, body: CompletionBody, seed: number): readonly GenerationRequest[] {
  const prompts = promptsOf(body.prompt);
  const { n = 1, logprobs, echo = false } = body;
  if (prompts.length * n > MOST_SEQUENCES) {
    throw refuse('WEFT_SERVE_SEQUENCES', {
      rule: `one request may ask for ${MOST_SEQUENCES} completions at most`,
      value: `${prompts.length} prompts × ${n}`,
      remedy: 'Send several requests.',
      param: n > 1 ? 'n' : 'prompt',
    });
  }
  const sampling = samplingOf(body, model);
  const grammar = grammarOf(body);
  const beams = beamsOf(model, body);
  return prompts.flatMap((one) => {
    const prompt = truncated(model, promptTokens(model, one, { special: body.add_special_tokens }), {
      keep: body.truncate_prompt_tokens,
      asked: body.max_tokens,
    });
    const maxTokens = tokenBudget(model, prompt, { asked: body.max_tokens, standard: STANDARD_TOKENS, beams: beams?.beams });
    const search = beams === undefined ? undefined : { ...beams };
    return Array.from({ length: n }, (_, choice) => ({
      prompt,
      grammar,
      ...(search === undefined ? {} : { beam: { search, rank: choice } }),
      scorePrompt: echo && logprobs !== undefined,
      sampling: { ...sampling, maxTokens, seed: seed + choice, ...given({ alternatives: logprobs }) },
    }));
  });
}

/** The prompts of the four forms: a text, token ids, several texts, several lists of ids. */
function promptsOf(prompt: CompletionBody['prompt']): readonly (string | readonly number[])[] {
  if (typeof prompt === 'string') return [prompt];
  if (isNumbers(prompt)) return [prompt];
  return prompt;
}

function isNumbers(prompt: readonly unknown[]): prompt is readonly number[] {
  return typeof prompt[0] === 'number';
}

interface Part {
  readonly choice: Choice;
  /** Tokens that this part stands for. */
  readonly tokens: number;
}

/** The engine's events as parts of choices: the echoed prompt, each token, the end. */
async function* choiceParts(
  events: AsyncGenerator<EngineEvent>,
  { model, body, generations }: { model: TextModel; body: CompletionBody; generations: readonly GenerationRequest[] },
): AsyncGenerator<Part> {
  const { tokenizer } = model;
  const { echo = false, logprobs } = body;
  const offsets = generations.map(() => 0);
  const begun = generations.map(() => !echo);
  const write = (index: number, text: string, tokens: readonly ScoredToken[]): Choice => {
    const offset = offsets[index] ?? 0;
    offsets[index] = offset + text.length;
    return { index, text, logprobs: logprobs === undefined ? null : completionLogprobs(tokens, tokenizer, offset), finish_reason: null };
  };
  const echoed = (index: number, scores?: PromptScores): Choice => {
    const ids = generations[index]?.prompt ?? new Uint32Array();
    begun[index] = true;
    const scored = scores === undefined ? [] : scorePrompt(model, ids, scores);
    return write(index, tokenizer.decode(ids), scored);
  };
  for await (const event of events) {
    const { index } = event;
    if (event.kind === 'prompt') {
      yield { choice: echoed(index, event), tokens: 0 };
      continue;
    }
    if (begun[index] !== true) yield { choice: echoed(index), tokens: 0 };
    if (event.kind === 'end') {
      yield { choice: { ...write(index, '', []), logprobs: null, finish_reason: event.reason }, tokens: 0 };
      continue;
    }
    const { id, text, logProbability, alternatives } = event.token;
    // OpenAI lists the token itself too, also when it is not among the likeliest.
    const listed = alternatives.some((other) => other.id === id) ? alternatives : [...alternatives, { id, text, logProbability }];
    yield { choice: write(index, text, [{ id, logProbability, alternatives: listed, length: text.length }]), tokens: 1 };
  }
}

type PromptScores = Pick<Extract<EngineEvent, { readonly kind: 'prompt' }>, 'logProbabilities' | 'alternatives'>;

/** The prompt's own tokens; nothing else could have stood in the place of the first. */
function scorePrompt(model: TextModel, ids: Uint32Array, { logProbabilities, alternatives }: PromptScores): readonly ScoredToken[] {
  const decoder = model.tokenizer.createDecoder();
  return Array.from(ids, (id, index) => {
    let { length } = decoder.push(id);
    if (index === ids.length - 1) length += decoder.end().length;
    const logProbability = logProbabilities[index] ?? NaN;
    const listed = alternatives[index]?.some((other) => other.id === id) === false ? [{ id, text: '', logProbability }] : [];
    const others = alternatives[index];
    return {
      id,
      logProbability,
      alternatives: others === undefined ? undefined : [...others, ...listed],
      length,
    };
  });
}

/** The parts as chunks; the usage comes last, when it is asked for. */
async function* chunks(
  parts: AsyncGenerator<Part>,
  { head, body, generations }: { head: Omit<Completion, 'choices'>; body: CompletionBody; generations: readonly GenerationRequest[] },
): AsyncGenerator<Completion> {
  const withUsage = body.stream_options?.include_usage === true;
  const usage = countUsage(generations);
  for await (const { choice, tokens } of parts) {
    usage.add(tokens);
    yield { ...head, choices: [choice], ...(withUsage ? { usage: null } : {}) };
  }
  if (withUsage) yield { ...head, choices: [], usage: usage.total() };
}

function join(so: Choice, part: Choice): Choice {
  return {
    index: so.index,
    text: so.text + part.text,
    logprobs: joinLogprobs(so.logprobs, part.logprobs),
    finish_reason: part.finish_reason ?? so.finish_reason,
  };
}

function joinLogprobs(a: CompletionLogprobs | null, b: CompletionLogprobs | null): CompletionLogprobs | null {
  if (a === null || b === null) return a ?? b;
  return {
    tokens: [...a.tokens, ...b.tokens],
    token_logprobs: [...a.token_logprobs, ...b.token_logprobs],
    top_logprobs: [...a.top_logprobs, ...b.top_logprobs],
    text_offset: [...a.text_offset, ...b.text_offset],
  };
}
