/**
 * Takes requests: hands their sequences to the models, whose engines decide which is computed when, and bounds how many wait.
 *
 * Decided: a request may hold several generations (several prompts, `n` choices). All are given to the model at once, and their
 * events carry an index and come interleaved. A request waits as long as none of its generations was begun.
 */

import { setMaxListeners } from 'node:events';

import type { Speculation, TextModel } from '../generate/index.ts';
import type { ServingMetrics } from '../monitor/index.ts';
import { createChannel } from './channel.ts';
import { generate } from './generation-job.ts';
import type { EngineEvent, GenerationRequest, Job, RequestSource } from './generation-job.ts';
import { RequestError } from './request-error.ts';

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

/** Events that a request's sequences may each be ahead of its reader, a client that may not read. */
const AHEAD = 64;

/** An engine in front of any number of models. */
export function createEngine({ queue, speculation, metrics, now }: EngineOptions): Engine {
  const jobs = new Set<Job>();
  const generated = new WeakMap<TextModel, number>();
  let requests = 0;
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
      request: String(requests++),
      size,
      channel: createChannel(AHEAD * size),
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
    job.source.account?.({
      model: job.model.name,
      promptTokens,
      completionTokens: job.generated,
      finishReasons: job.reasons.filter((reason) => reason !== undefined),
    });
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
      const work = { signal: job.abort.signal, client, request: job.request, priority, namespace: client, onStart: () => begin(job) };
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
