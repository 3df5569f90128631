/** The page's own routes under `/api`: models and their cards, runs and their curves, generation with alternatives. */

import { basename, isAbsolute } from 'node:path';

import type { FastifyInstance } from 'fastify';

import type { TextModel } from '../../generate/index.ts';
import { given } from '../bodies/fields.ts';
import { readGenerateBody, readMetricsQuery } from '../bodies/page-body.ts';
import { clientOf } from '../client.ts';
import type { GenerationRequest, RequestSource } from '../generation-job.ts';
import { sendEvents } from '../event-stream.ts';
import { grammarOf } from '../grammars.ts';
import type { PageCard, PageEvent, PageList, PageMetrics, PageModel, PagePictures, PageRun } from '../page-api.ts';
import { promptTokens } from '../prompt.ts';
import { sourceOf } from '../request-source.ts';
import { RequestError, refuse } from '../request-error.ts';
import { modelFor } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { tokenText } from '../token-text.ts';

const STANDARD_TOKENS = 128;
const STANDARD_ALTERNATIVES = 8;

/** Adds the routes. */
export function pageDataRoutes(app: FastifyInstance, serving: Serving): void {
  app.get('/api/models', (request): PageList<PageModel> => {
    const models = serving.models().filter(({ name }) => clientOf(request).mayUse(name));
    return { data: models.map(describe), now: serving.clock() };
  });

  app.get('/api/runs', async (): Promise<PageList<PageRun>> => {
    const runs = await serving.runs.list();
    return { data: runs.map(({ folder: _, ...run }) => run), now: serving.clock() };
  });

  app.get<{ Params: { name: string } }>('/api/runs/:name/card', async (request): Promise<PageCard> => {
    return { card: withoutPaths(await serving.runs.card(request.params.name)) ?? null };
  });

  app.get<{ Params: { name: string } }>('/api/runs/:name/metrics', async (request): Promise<PageMetrics> => {
    const query = readMetricsQuery(request.query);
    const chunk = await serving.runs.metrics(request.params.name, given(query));
    if (chunk !== undefined) return { ...chunk, now: serving.clock() };
    throw missing('run', request.params.name, '/api/runs');
  });

  app.get<{ Params: { name: string } }>('/api/runs/:name/pictures', async ({ params: { name } }): Promise<PagePictures> => {
    const names = await serving.runs.pictures(name);
    if (names === undefined) throw missing('run', name, '/api/runs');
    return { data: names };
  });

  app.get<{ Params: { name: string; picture: string } }>('/api/runs/:name/pictures/:picture', async (request, reply) => {
    const { name, picture } = request.params;
    const bytes = await serving.runs.picture(name, picture);
    if (bytes === undefined) throw missing('picture', picture, `/api/runs/${encodeURIComponent(name)}/pictures`);
    return await reply
      .headers({ 'content-type': 'image/png', 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' })
      .send(bytes);
  });

  app.post('/api/generate', async (request, reply) => {
    const body = readGenerateBody(request.body);
    const model = modelFor(serving, body.model);
    const {
      prompt: text,
      chosen = [],
      maxTokens: asked = STANDARD_TOKENS,
      alternatives = STANDARD_ALTERNATIVES,
      seed = serving.seed(),
      responseFormat,
      model: _,
      ...sampling
    } = body;
    if (responseFormat !== undefined && responseFormat.type !== 'text' && chosen.length > 0) {
      throw refuse('WEFT_SERVE_PARAMETER', {
        rule: 'a text with a form is generated from its beginning',
        value: `${chosen.length} chosen tokens`,
        remedy: 'Leave chosen or responseFormat out.',
        param: 'chosen',
      });
    }
    const grammar = grammarOf({ response_format: responseFormat });
    if (chosen.some((id) => id >= model.tokenizer.vocabSize)) {
      throw refuse('WEFT_SERVE_PROMPT_TOKEN', {
        rule: `the vocabulary has ${model.tokenizer.vocabSize} tokens`,
        remedy: 'Send tokens of this model.',
        param: 'chosen',
      });
    }
    const whole = Uint32Array.from([...promptTokens(model, text), ...chosen]);
    const { prompt, maxTokens } = fit(model, whole, asked);
    const start: PageEvent = { kind: 'start', seed, promptTokens: prompt.length, dropped: whole.length - prompt.length, maxTokens };
    const generation: GenerationRequest = { prompt, grammar, sampling: { ...given(sampling), maxTokens, alternatives, seed } };
    return await sendEvents(reply, events(serving, { model, generation, start, source: sourceOf(request, reply) }));
  });
}

function missing(what: 'run' | 'picture', value: string, list: string): RequestError {
  return new RequestError(
    { code: 'WEFT_RUN_MISSING', action: `show a ${what}`, rule: 'there is none of that name', value, remedy: `See ${list} for the names.` },
    { status: 404 },
  );
}

function describe(model: TextModel): PageModel {
  const { name, parameters, contextLength, tokenizer, chatTemplate, card, openAttention } = model;
  return {
    name,
    parameters,
    contextLength,
    vocabSize: tokenizer.vocabSize,
    tokenizer: tokenizer.type,
    hasChatTemplate: chatTemplate !== undefined,
    hasAttention: openAttention !== undefined,
    card: withoutPaths(card) ?? null,
  };
}

/** A card whose files are named, but not where they lie on this machine; the page may be open to others. */
function withoutPaths(card: unknown): unknown {
  const data = (card as { readonly data?: { readonly files?: unknown } } | null | undefined)?.data;
  if (!Array.isArray(data?.files)) return card;
  const files = data.files.map((file: unknown) => (typeof file === 'string' && isAbsolute(file) ? basename(file) : file));
  return { ...(card as object), data: { ...data, files } };
}

/** Leaves room to generate, at most half of the context for a prompt that is too long, by dropping the prompt's beginning. */
function fit(model: TextModel, prompt: Uint32Array, asked: number): { readonly prompt: Uint32Array; readonly maxTokens: number } {
  const room = Math.min(asked, Math.max(1, Math.floor(model.contextLength / 2)));
  const kept = Math.max(1, model.contextLength - room);
  const fitting = prompt.length > kept ? prompt.subarray(prompt.length - kept) : prompt;
  return { prompt: fitting, maxTokens: Math.min(asked, model.contextLength - fitting.length) };
}

async function* events(
  serving: Serving,
  { model, generation, start, source }: { model: TextModel; generation: GenerationRequest; start: PageEvent; source: RequestSource },
): AsyncGenerator<PageEvent> {
  const { tokenizer } = model;
  const running = serving.engine.run(model, [generation], source); // Throws here, before anything is sent, when the queue is full.
  yield start;
  for await (const event of running) {
    if (event.kind === 'end') yield { kind: 'end', reason: event.reason };
    if (event.kind !== 'token') continue;
    const { id, text, logProbability, alternatives } = event.token;
    yield {
      kind: 'token',
      id,
      text,
      piece: tokenText(tokenizer, id),
      logProbability,
      alternatives: alternatives.map((other) => ({
        id: other.id,
        piece: tokenText(tokenizer, other.id),
        logProbability: other.logProbability,
      })),
    };
  }
}
