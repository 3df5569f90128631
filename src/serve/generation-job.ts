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
