/**
 * Decides which request runs when. The routes know this interface alone.
 *
 * Decided: one request at a time, first come first served, with a bounded queue in front. A request may hold several
 * generations (several prompts, `n` choices); their events carry an index and may come interleaved, so that an engine
 * that runs many sequences at once can stand here without a change to the routes.
 */

import type { GeneratedToken, SamplingOptions, TextModel } from '../generate/index.ts';
import type { FinishedReason, ServingMetrics } from '../monitor/index.ts';
import { createChannel } from './channel.ts';
import type { Channel } from './channel.ts';
import { RequestError } from './request-error.ts';

/** One sequence to generate. */
export interface GenerationRequest {
  readonly prompt: Uint32Array;
  readonly sampling: SamplingOptions;
  /** Report the log-probabilities of the prompt's own tokens first. */
  readonly scorePrompt?: boolean;
}

/** What happened to the sequence `index`. */
export type EngineEvent =
  | { readonly index: number; readonly kind: 'prompt'; readonly logProbabilities: Float32Array }
  | { readonly index: number; readonly kind: 'token'; readonly token: GeneratedToken }
  | { readonly index: number; readonly kind: 'end'; readonly reason: 'stop' | 'length' };

/** See {@link createEngine}. */
export interface Engine {
  /**
   * Runs the generations of one request.
   *
   * @throws RequestError at once, before anything is awaited: 429 when the queue is full, 503 when draining
   */
  run(model: TextModel, generations: readonly GenerationRequest[], signal: AbortSignal): AsyncGenerator<EngineEvent>;
  /** Takes no more requests; waits for those accepted, and after `graceSeconds` breaks them off with an error. */
  drain(graceSeconds: number): Promise<void>;
}

/** Options of {@link createEngine}. */
export interface EngineOptions {
  /** Most requests that wait beside the one that runs. */
  readonly queue: number;
  readonly metrics: ServingMetrics;
  /** Seconds on a clock that never goes back. */
  readonly now: () => number;
}

interface Job {
  readonly model: TextModel;
  readonly generations: readonly GenerationRequest[];
  readonly channel: Channel<EngineEvent>;
  readonly abort: AbortController;
  readonly arrived: number;
}

/** An engine that runs one request at a time. */
export function createEngine({ queue, metrics, now }: EngineOptions): Engine {
  const waiting: Job[] = [];
  let running: Job | undefined;
  let draining = false;
  let idle: () => void = () => undefined;

  const report = (model: TextModel): void => {
    const mine = (job: Job): boolean => job.model === model;
    metrics.load(model.name, { running: running !== undefined && mine(running) ? 1 : 0, waiting: waiting.filter(mine).length });
  };

  /** Ends a job with an error; the generations from `begun` on never were, and are counted as broken off. */
  const breakOff = (job: Job, error: unknown, begun = 0): void => {
    const seconds = now() - job.arrived;
    for (const generation of job.generations.slice(begun)) metrics.finished(job.model.name, unstarted(generation, seconds));
    job.channel.end(error);
  };

  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      running = job;
      report(job.model);
      let begun = 0;
      try {
        for (const generation of job.generations) await generate(job, { index: begun++, generation, metrics, now });
        job.channel.end();
      } catch (error) {
        breakOff(job, job.abort.signal.aborted ? job.abort.signal.reason : error, begun);
      }
      running = undefined;
      report(job.model);
    }
    idle();
  };

  return {
    run(model, generations, signal) {
      if (draining) throw stopping();
      if (running !== undefined && waiting.length >= queue) throw full(queue);
      const job: Job = { model, generations, channel: createChannel(), abort: new AbortController(), arrived: now() };
      const cancel = (): void => {
        job.abort.abort(signal.reason);
        const place = waiting.indexOf(job);
        if (place < 0) return;
        waiting.splice(place, 1);
        breakOff(job, signal.reason);
        report(model);
      };
      if (signal.aborted) job.channel.end(signal.reason);
      else {
        signal.addEventListener('abort', cancel, { once: true });
        waiting.push(job);
        report(model);
        if (running === undefined && waiting.length === 1) void work();
      }
      return read(job, () => signal.removeEventListener('abort', cancel));
    },
    async drain(graceSeconds) {
      draining = true;
      if (running === undefined && waiting.length === 0) return;
      const timer = setTimeout(() => {
        for (const job of waiting.splice(0)) breakOff(job, stopping());
        running?.abort.abort(stopping());
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

/** Runs one sequence to its end and counts it. */
async function generate(
  job: Job,
  { index, generation, metrics, now }: { index: number; generation: GenerationRequest; metrics: ServingMetrics; now: () => number },
): Promise<void> {
  const { signal } = job.abort;
  const name = job.model.name;
  const started = now();
  let first: number | undefined;
  let last: number | undefined;
  let tokens = 0;
  let reason: FinishedReason = 'error';
  try {
    signal.throwIfAborted();
    if (generation.scorePrompt === true) {
      job.channel.push({ index, kind: 'prompt', logProbabilities: await job.model.score(generation.prompt, { signal }) });
      signal.throwIfAborted();
    }
    let end: 'stop' | 'length' = 'length';
    if (generation.sampling.maxTokens !== 0) {
      for await (const token of job.model.generate(generation.prompt, { ...generation.sampling, signal })) {
        signal.throwIfAborted();
        const time = now();
        metrics.token(name, last === undefined ? undefined : time - last);
        first ??= time;
        last = time;
        tokens++;
        job.channel.push({ index, kind: 'token', token });
        end = token.finishReason ?? end;
      }
    }
    signal.throwIfAborted();
    job.channel.push({ index, kind: 'end', reason: end });
    reason = end;
  } finally {
    metrics.finished(name, {
      reason: signal.aborted ? 'abort' : reason,
      promptTokens: generation.prompt.length,
      generatedTokens: tokens,
      totalSeconds: now() - job.arrived,
      queueSeconds: started - job.arrived,
      prefillSeconds: first === undefined ? undefined : first - started,
    });
  }
}

function unstarted(generation: GenerationRequest, seconds: number): Parameters<ServingMetrics['finished']>[1] {
  return {
    reason: 'abort',
    promptTokens: generation.prompt.length,
    generatedTokens: 0,
    totalSeconds: seconds,
    queueSeconds: seconds,
    prefillSeconds: undefined,
  };
}

/** The error for a request that finds the queue full. */
export function full(queue: number): RequestError {
  return new RequestError(
    {
      code: 'WEFT_SERVE_FULL',
      action: 'take the request',
      rule: queue === 0 ? 'another is being served and none may wait' : `${queue} others wait already and no more may`,
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
