/** One sequence of a request, from its prompt to its end: what is generated goes to whoever reads, and is counted. */

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
import type { Channel } from './channel.ts';

/** One sequence to generate. */
export interface GenerationRequest {
  readonly prompt: Uint32Array;
  readonly sampling: SamplingOptions;
  /** What the text must be. */
  readonly grammar?: Grammar | undefined;
  /** It is a reply, a text by itself; default what the prompt goes on with. */
  readonly standalone?: boolean;
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

/** A request that was accepted. */
export interface Job {
  readonly model: TextModel;
  readonly source: RequestSource;
  /** Its number. */
  readonly request: string;
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

/** What a sequence runs with. */
export interface Generating {
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
export async function generate(job: Job, { index, generation, speculation, metrics, now, begin, count }: Generating): Promise<void> {
  const { signal } = job.abort;
  const { client = '', priority = 0 } = job.source;
  const name = job.model.name;
  const { prompt, sampling, grammar, beam, standalone = false, scorePrompt = false } = generation;
  const form = { standalone, ...(grammar === undefined ? {} : { grammar }), ...(speculation === undefined ? {} : { speculation }) };
  let started: number | undefined;
  let first: number | undefined;
  let last: number | undefined;
  let generatedTokens = 0;
  let reason: FinishedReason = 'error';
  /** A search found fewer texts than were asked for, and not this one. */
  let isMissing = false;
  const onStart = (): void => {
    if (started !== undefined) return;
    started = now();
    begin(job);
  };
  const work = { signal, client, request: job.request, priority, namespace: client, onStart };
  try {
    signal.throwIfAborted();
    const found = beam === undefined || sampling.maxTokens === 0 ? undefined : await search(job, generation, work);
    if (beam !== undefined && found !== undefined && found[beam.rank] === undefined) {
      isMissing = true;
      return;
    }
    if (scorePrompt) {
      const alternatives: (readonly TokenAlternative[] | undefined)[] = Array.from({ length: prompt.length });
      const logProbabilities = await job.model.score(prompt, {
        ...work,
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
      const tokens =
        beam === undefined ? job.model.generate(prompt, { ...sampling, ...form, ...work }) : (found?.[beam.rank]?.tokens ?? []);
      for await (const token of tokens) {
        signal.throwIfAborted();
        const time = now();
        metrics.token(name, last === undefined ? undefined : time - last);
        first ??= time;
        last = time;
        generatedTokens++;
        count(job);
        job.channel.push({ index, kind: 'token', token });
        await job.channel.room(signal);
        end = token.finishReason ?? end;
      }
    }
    signal.throwIfAborted();
    job.channel.push({ index, kind: 'end', reason: end });
    reason = end;
  } finally {
    if (!isMissing) finish();
  }

  function finish(): void {
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

/** What a search finds, which several sequences share. */
function search(
  { model, searches }: Job,
  { prompt, grammar, standalone, sampling, beam }: GenerationRequest,
  work: WorkOptions,
): Promise<readonly BeamText[]> {
  if (beam === undefined) return Promise.resolve([]);
  const { onStart = () => undefined } = work;
  const known = searches.get(beam.search);
  if (known !== undefined) {
    known.listeners.push(onStart);
    return known.found;
  }
  const listeners = [onStart];
  const { maxTokens, stop, alternatives } = sampling;
  const options = { ...beam.search, ...given({ maxTokens, stop, alternatives, grammar, standalone }), ...work };
  const found =
    model.beamSearch?.(prompt, { ...options, onStart: () => listeners.forEach((listener) => listener()) }) ?? Promise.resolve([]);
  searches.set(beam.search, { found, listeners });
  return found;
}
