/**
 * Takes requests: hands their sequences to the models, whose engines decide which is computed when, and bounds how many wait.
 *
 * Decided: a request may hold several generations (several prompts, `n` choices). All are given to the model at once, and their
 * events carry an index and come interleaved. A request waits as long as none of its generations was begun.
 */

import { setMaxListeners } from 'node:events';

import type {
  BeamText,
  GeneratedToken,
  Grammar,
  SamplingOptions,
  Speculation,
  TextModel,
  TokenAlternative,
  WorkOptions,
} from '../generate/index.ts';
import type { FinishedReason, ServingMetrics } from '../monitor/index.ts';
import type { RequestUsage } from './accounting.ts';
import type { BeamsRequest } from './beams.ts';
import { given } from './bodies/fields.ts';
import { createChannel } from './channel.ts';
import type { Channel } from './channel.ts';
import { RequestError } from './request-error.ts';

/** One sequence to generate. */
export interface GenerationRequest {
  readonly prompt: Uint32Array;
  readonly sampling: SamplingOptions;
  /** What the text must be. */
  readonly grammar?: Grammar | undefined;
  /** It is one of the texts that a search finds, which other generations of the request share; default it is drawn. */
  readonly beam?: { readonly search: BeamsRequest; readonly rank: number };
  /** Report the log-probabilities of the prompt's own tokens first. */
  readonly scorePrompt?: boolean;
}

/** The likeliest tokens in the place of each token of a prompt, undefined for the first. */
export type PromptAlternatives = readonly (readonly TokenAlternative[] | undefined)[];

/** What happened to the sequence `index`. */
export type EngineEvent =
  | { readonly index: number; readonly kind: 'prompt'; readonly logProbabilities: Float32Array; readonly alternatives: PromptAlternatives }
  | { readonly index: number; readonly kind: 'token'; readonly token: GeneratedToken }
  | { readonly index: number; readonly kind: 'end'; readonly reason: 'stop' | 'length' };

/** Whose a request is. */
export interface RequestSource {
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** Clients get equal shares, and see nothing of each other; default one for all. */
  readonly client?: string;
  /** Larger goes first; default 0. */
  readonly priority?: number;
  /** Is told once what the request took, also when it broke off; default nobody is. */
  readonly account?: (usage: RequestUsage) => void;
}

/** What is being done for a model, in requests, and what was done. */
export interface Activity {
  readonly running: number;
  readonly waiting: number;
  /** Tokens that were generated since the engine began. */
  readonly generatedTokens: number;
}

/** See {@link createEngine}. */
export interface Engine {
  /**
   * Runs the generations of one request.
   *
   * @throws RequestError at once, before anything is awaited: 429 when the queue is full, 503 when draining
   */
  run(model: TextModel, generations: readonly GenerationRequest[], source: RequestSource): AsyncGenerator<EngineEvent>;
  /**
   * The embeddings of texts, each of at least one token and below the context.
   *
   * @throws as {@link Engine.run}, as a rejection; RequestError 400 for a model without embeddings
   */
  embed(model: TextModel, inputs: readonly Uint32Array[], source: RequestSource): Promise<readonly Float32Array[]>;
  activity(model: TextModel): Activity;
  /** Takes no more requests; waits for those accepted, and after `graceSeconds` breaks them off with an error. */
  drain(graceSeconds: number): Promise<void>;
}

/** Options of {@link createEngine}. */
export interface EngineOptions {
  /** Most requests that wait beside those that run. */
  readonly queue: number;
  /** How tokens are guessed; default not. */
  readonly speculation?: Speculation | undefined;
  readonly metrics: ServingMetrics;
  /** Seconds on a clock that never goes back. */
  readonly now: () => number;
}

interface Job {
  readonly model: TextModel;
  readonly source: RequestSource;
  /** Sequences that it asks for. */
  readonly size: number;
  readonly channel: Channel<EngineEvent>;
  readonly abort: AbortController;
  readonly arrived: number;
  /** Sequences whose work has begun. */
  begun: number;
  /** Tokens that were generated. */
  generated: number;
  readonly reasons: string[];
  /** What is being searched. */
  readonly searches: Map<BeamsRequest, Search>;
}

interface Search {
  readonly found: Promise<readonly BeamText[]>;
  /** Called when it begins. */
  readonly listeners: (() => void)[];
}

/** An engine in front of any number of models. */
export function createEngine({ queue, speculation, metrics, now }: EngineOptions): Engine {
  const jobs = new Set<Job>();
  const generated = new WeakMap<TextModel, number>();
  let draining = false;
  let idle: () => void = () => undefined;

  const activity = (model: TextModel): Activity => {
    const mine = [...jobs].filter((job) => job.model === model);
    const running = mine.filter(({ begun }) => begun > 0).length;
    return { running, waiting: mine.length - running, generatedTokens: generated.get(model) ?? 0 };
  };
  const report = (model: TextModel): void => {
    const { running, waiting } = activity(model);
    metrics.load(model.name, { running, waiting });
  };
  const count = (job: Job): void => {
    job.generated++;
    generated.set(job.model, (generated.get(job.model) ?? 0) + 1);
  };
  const accept = (model: TextModel, size: number, source: RequestSource): Job => {
    if (draining) throw stopping();
    const waiting = [...jobs].filter(({ begun }) => begun === 0).length;
    if (waiting >= queue && !hasRoom(model)) throw full(queue);
    const job: Job = {
      model,
      source,
      size,
      channel: createChannel(),
      abort: new AbortController(),
      arrived: now(),
      begun: 0,
      generated: 0,
      reasons: [],
      searches: new Map(),
    };
    setMaxListeners(0, job.abort.signal); // Each sequence listens.
    jobs.add(job);
    report(model);
    return job;
  };
  const leave = (job: Job, prompts: readonly Uint32Array[]): void => {
    // A prompt counts once, however many choices it has.
    const promptTokens = [...new Set(prompts)].reduce((sum, { length }) => sum + length, 0);
    job.source.account?.({ model: job.model.name, promptTokens, completionTokens: job.generated, finishReasons: job.reasons });
    jobs.delete(job);
    report(job.model);
    if (jobs.size === 0) idle();
  };
  /** Whether another sequence of a model would be begun at once. */
  const hasRoom = (model: TextModel): boolean => {
    const mine = [...jobs].filter((job) => job.model === model);
    return mine.reduce((sum, { size }) => sum + size, 0) < (model.status?.().slots ?? 1);
  };
  const work = async (job: Job, generations: readonly GenerationRequest[]): Promise<void> => {
    try {
      await Promise.all(
        generations.map(async (generation, index) => {
          try {
            await generate(job, { index, generation, speculation, metrics, now, begin, count });
          } catch (error) {
            // One that fails ends the others.
            job.abort.abort(error);
            throw error;
          }
        }),
      );
      job.channel.end();
    } catch (error) {
      job.channel.end(job.abort.signal.aborted ? job.abort.signal.reason : error);
    }
    leave(
      job,
      generations.map(({ prompt }) => prompt),
    );
  };
  const begin = (job: Job): void => {
    job.begun++;
    if (job.begun === 1) report(job.model);
  };

  return {
    activity,
    run(model, generations, source) {
      const job = accept(model, generations.length, source);
      const { signal } = source;
      const cancel = (): void => job.abort.abort(signal.reason);
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel, { once: true });
      void work(job, generations);
      return read(job, () => signal.removeEventListener('abort', cancel));
    },
    async embed(model, inputs, source) {
      const embed = model.embed;
      if (embed === undefined) throw noEmbeddings(model);
      const job = accept(model, inputs.length, source);
      const { signal, client = '', priority = 0 } = source;
      const cancel = (): void => job.abort.abort(signal.reason);
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel, { once: true });
      const work = { signal: job.abort.signal, client, priority, namespace: client, onStart: () => begin(job) };
      try {
        return await Promise.all(inputs.map((ids) => embed(ids, work)));
      } catch (error) {
        job.abort.abort(error); // One that fails ends the others.
        throw error;
      } finally {
        signal.removeEventListener('abort', cancel);
        leave(job, inputs);
      }
    },
    async drain(graceSeconds) {
      draining = true;
      if (jobs.size === 0) return;
      const timer = setTimeout(() => {
        for (const { abort } of jobs) abort.abort(stopping());
      }, graceSeconds * 1000);
      await new Promise<void>((resolve) => {
        idle = resolve;
      });
      clearTimeout(timer);
    },
  };
}

/** The job's events; a reader who leaves early cancels the job. */
async function* read(job: Job, finish: () => void): AsyncGenerator<EngineEvent> {
  try {
    yield* job.channel.values();
  } finally {
    finish();
    job.abort.abort(new DOMException('The reader left.', 'AbortError'));
  }
}

interface Generating {
  readonly index: number;
  readonly generation: GenerationRequest;
  readonly speculation: Speculation | undefined;
  readonly metrics: ServingMetrics;
  readonly now: () => number;
  readonly begin: (job: Job) => void;
  /** Counts a token. */
  readonly count: (job: Job) => void;
}

/** Runs one sequence to its end and counts it. */
async function generate(job: Job, { index, generation, speculation, metrics, now, begin, count }: Generating): Promise<void> {
  const { signal } = job.abort;
  const { client = '', priority = 0 } = job.source;
  const name = job.model.name;
  const { prompt, sampling, grammar, beam, scorePrompt = false } = generation;
  const form = { ...(grammar === undefined ? {} : { grammar }), ...(speculation === undefined ? {} : { speculation }) };
  let started: number | undefined;
  let first: number | undefined;
  let last: number | undefined;
  let generatedTokens = 0;
  let reason: FinishedReason = 'error';
  const onStart = (): void => {
    if (started !== undefined) return;
    started = now();
    begin(job);
  };
  try {
    signal.throwIfAborted();
    if (scorePrompt) {
      const alternatives: (readonly TokenAlternative[] | undefined)[] = Array.from({ length: prompt.length });
      const logProbabilities = await job.model.score(prompt, {
        signal,
        client,
        priority,
        onStart,
        alternatives: sampling.alternatives ?? 0,
        onAlternatives: (place, list) => {
          alternatives[place] = list;
        },
      });
      job.channel.push({ index, kind: 'prompt', logProbabilities, alternatives });
      signal.throwIfAborted();
    }
    let end: 'stop' | 'length' = 'length';
    if (sampling.maxTokens !== 0) {
      const work = { signal, client, priority, namespace: client, onStart };
      const tokens =
        beam === undefined ? job.model.generate(prompt, { ...sampling, ...form, ...work }) : searched(job, { generation, beam, work });
      for await (const token of tokens) {
        signal.throwIfAborted();
        const time = now();
        metrics.token(name, last === undefined ? undefined : time - last);
        first ??= time;
        last = time;
        generatedTokens++;
        count(job);
        job.channel.push({ index, kind: 'token', token });
        end = token.finishReason ?? end;
      }
    }
    signal.throwIfAborted();
    job.channel.push({ index, kind: 'end', reason: end });
    reason = end;
  } finally {
    const ended = now();
    job.reasons[index] = signal.aborted ? 'abort' : reason;
    const begun = started ?? ended;
    metrics.finished(name, {
      reason: signal.aborted ? 'abort' : reason,
      promptTokens: prompt.length,
      generatedTokens,
      totalSeconds: ended - job.arrived,
      queueSeconds: begun - job.arrived,
      prefillSeconds: first === undefined ? undefined : first - begun,
    });
  }
}

/** The tokens of one of the texts that a search finds, once it has found them. */
async function* searched(
  { model, searches }: Job,
  {
    generation: { prompt, grammar, sampling },
    beam: { search, rank },
    work,
  }: { readonly generation: GenerationRequest; readonly beam: NonNullable<GenerationRequest['beam']>; readonly work: WorkOptions },
): AsyncGenerator<GeneratedToken> {
  const { maxTokens, stop, alternatives } = sampling;
  const { onStart = () => undefined } = work;
  let known = searches.get(search);
  if (known === undefined) {
    const listeners = [onStart];
    const options = { ...search, ...given({ maxTokens, stop, alternatives, grammar }), ...work };
    const found = model.beamSearch?.(prompt, { ...options, onStart: () => listeners.forEach((listener) => listener()) });
    searches.set(search, (known = { found: found ?? Promise.resolve([]), listeners }));
  } else known.listeners.push(onStart);
  yield* (await known.found)[rank]?.tokens ?? [];
}

function noEmbeddings({ name }: TextModel): RequestError {
  return new RequestError(
    {
      code: 'WEFT_SERVE_EMBEDDINGS',
      action: 'embed a text',
      rule: 'the model keeps no keys and values, and has no embeddings',
      value: name,
      remedy: 'Serve a transformer.',
    },
    { status: 400, param: 'model' },
  );
}

/** The error for a request that finds the queue full. */
export function full(queue: number): RequestError {
  return new RequestError(
    {
      code: 'WEFT_SERVE_FULL',
      action: 'take the request',
      rule: queue === 0 ? 'as many are being served as can be, and none may wait' : `${queue} others wait already and no more may`,
      remedy: 'Try again in a moment.',
    },
    { status: 429, wireCode: 'rate_limit_exceeded', retryAfter: 1 },
  );
}

/** The error for a request that the server's end came before. */
export function stopping(): RequestError {
  return new RequestError(
    {
      code: 'WEFT_SERVE_STOPPING',
      action: 'generate',
      rule: 'the server is shutting down',
      remedy: 'Send the request to another server, or again when it is back.',
    },
    { status: 503, retryAfter: 5 },
  );
}
