/** What the page asks of the server. */

import type {
  PageAttention,
  PageCard,
  PageEngine,
  PageEvent,
  PageExplanation,
  PageList,
  PageMetrics,
  PageModel,
  PagePictures,
  PageRun,
} from '../../src/serve/index.ts';
import { chatEvents } from './chat-stream.ts';
import type { ChatEvent } from './chat-stream.ts';
import { eventData } from './event-data.ts';
import { failureIn } from './failure.ts';
import type { SamplingRequest } from './sampling.ts';

/** Settings of one generation. */
export interface GenerateRequest extends SamplingRequest {
  readonly model?: string;
  readonly prompt: string;
  readonly chosen?: readonly number[];
}

/** The served models. */
export async function fetchModels(): Promise<PageList<PageModel>> {
  return await getJson<PageList<PageModel>>('api/models');
}

/** Whether the server is still loading its model. */
export async function isLoading(): Promise<boolean> {
  return (await fetch('health')).status === 503;
}

/** All runs, the one written last first. */
export async function fetchRuns(): Promise<PageList<PageRun>> {
  return await getJson<PageList<PageRun>>('api/runs');
}

/** A run's model card, null before it has one. */
export async function fetchCard(run: string): Promise<unknown> {
  return (await getJson<PageCard>(`api/runs/${encodeURIComponent(run)}/card`)).card;
}

/** A run's metrics since an earlier answer. */
export async function fetchMetrics(run: string, since: { readonly offset: number; readonly version: string }): Promise<PageMetrics> {
  const query = since.version === '' ? '' : `?offset=${since.offset}&version=${encodeURIComponent(since.version)}`;
  return await getJson<PageMetrics>(`api/runs/${encodeURIComponent(run)}/metrics${query}`);
}

/** Names of a run's pictures, in order. */
export async function fetchPictures(run: string): Promise<readonly string[]> {
  return (await getJson<PagePictures>(`api/runs/${encodeURIComponent(run)}/pictures`)).data;
}

/** Where a picture is. */
export function pictureAddress(run: string, name: string): string {
  return `api/runs/${encodeURIComponent(run)}/pictures/${encodeURIComponent(name)}`;
}

/** Generates; the events come as the server sends them. Throws with the server's words when it refuses. */
export async function* generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<PageEvent> {
  const answer = await post('api/generate', request, signal);
  if (!answer.ok || answer.body === null) throw await failureIn(answer);
  for await (const data of eventData(answer.body)) yield JSON.parse(data) as PageEvent;
}

/** Asks for a reply of a chat; `body` is one of OpenAI's API. Throws as {@link generate} does. */
export async function* chat(body: object, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const answer = await post('v1/chat/completions', body, signal);
  if (!answer.ok || answer.body === null) throw await failureIn(answer);
  yield* chatEvents(answer.body);
}

/** What the engine does at this moment. */
export async function fetchEngine(): Promise<PageEngine> {
  return await getJson<PageEngine>('api/engine');
}

/** What to explain. */
export interface ExplainRequest {
  readonly text: string;
  readonly model?: string;
  readonly type?: 'bpe' | 'unigram' | 'wordpiece' | 'words' | 'characters';
  readonly train?: string;
  readonly merges?: number;
  readonly marking?: 'none' | 'space' | 'end';
  readonly rule?: 'count' | 'likelihood';
}

/** A tokenizer explained. Throws with the server's words when it refuses. */
export async function explain(request: ExplainRequest, signal: AbortSignal): Promise<PageExplanation> {
  return await postJson<PageExplanation>('api/explain', request, signal);
}

/** A text to look at, and the layer whose heads are shown. */
export interface AttentionRequest {
  readonly model: string;
  readonly prompt: string;
  readonly layer: number;
}

/** What the heads attend to. Throws with the server's words when it refuses. */
export async function readAttention(request: AttentionRequest, signal: AbortSignal): Promise<PageAttention> {
  return await postJson<PageAttention>('api/attention', request, signal);
}

async function postJson<T>(path: string, request: object, signal: AbortSignal): Promise<T> {
  const answer = await post(path, request, signal);
  if (!answer.ok) throw await failureIn(answer);
  return (await answer.json()) as T;
}

async function post(path: string, request: object, signal: AbortSignal): Promise<Response> {
  return await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request), signal });
}

async function getJson<T>(path: string): Promise<T> {
  const answer = await fetch(path);
  if (!answer.ok) throw await failureIn(answer);
  return (await answer.json()) as T;
}
