/** What the page and the server say to each other under `/api`: types alone. */

import type { EngineStatus } from '../generate/index.ts';
import type { MetricsChunk, RunSummary } from '../monitor/index.ts';
import type { EncodingExplanation, TrainingExplanation } from '../tokenizers/index.ts';

/** `GET /api/models`: the served models; empty in the studio. */
export interface PageModel {
  readonly name: string;
  readonly parameters: number;
  readonly contextLength: number;
  readonly vocabSize: number;
  readonly tokenizer: 'bpe' | 'unigram' | 'wordpiece' | 'words' | 'characters';
  readonly hasChatTemplate: boolean;
  /** Whether `POST /api/attention` answers for it. */
  readonly hasAttention: boolean;
  /** `weft.json` of the model folder; its parts may be missing. */
  readonly card: unknown;
}

/** `GET /api/runs`: every run, the one written last first. */
export type PageRun = Omit<RunSummary, 'folder'>;

/** `GET /api/runs/:name/card`: the run's model card, null before it has one. */
export interface PageCard {
  readonly card: unknown;
}

/** Both lists carry the server's clock, so that the page can say how long ago something was. */
export interface PageList<T> {
  readonly data: readonly T[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** `GET /api/runs/:name/metrics?offset=&version=`. */
export interface PageMetrics extends MetricsChunk {
  readonly now: number;
}

/** `GET /api/runs/:name/pictures`: names in order; the picture itself is behind its name, encoded as one part of the path. */
export interface PagePictures {
  readonly data: readonly string[];
}

/** The events of `POST /api/generate`. */
export type PageEvent =
  | {
      readonly kind: 'start';
      /** The seed in use: the same seed and prompt give the same text. */
      readonly seed: number;
      readonly promptTokens: number;
      /** Tokens at the prompt's beginning that were left out as they do not fit the context. */
      readonly dropped: number;
      readonly maxTokens: number;
    }
  | {
      readonly kind: 'token';
      readonly id: number;
      /** Text that became complete with this token; may be empty. */
      readonly text: string;
      /** The token's own text. */
      readonly piece: string;
      readonly logProbability: number;
      readonly alternatives: readonly PageAlternative[];
    }
  | { readonly kind: 'end'; readonly reason: 'stop' | 'length' }
  | { readonly kind?: undefined; readonly error: { readonly message: string; readonly code: string | null } };

/** A token that could have stood there. */
export interface PageAlternative {
  readonly id: number;
  readonly piece: string;
  readonly logProbability: number;
}

/** `POST /api/explain`: how a tokenizer was trained, unless it is a served model's, and how it encodes the text. */
export interface PageExplanation {
  readonly training: TrainingExplanation | null;
  readonly encoding: EncodingExplanation;
}

/** `POST /api/attention`: what each head of one layer attends to. */
export interface PageAttention {
  /** The text's tokens, T: the last 128 of the prompt at most. */
  readonly tokens: readonly PageToken[];
  /** Tokens at the prompt's beginning that were left out. */
  readonly dropped: number;
  /** How many layers the model has. */
  readonly layers: number;
  /** Heads of the layer, H. */
  readonly heads: number;
  readonly layer: number;
  /** H · T · T numbers as base64 of little-endian float32: how much of its attention a head gives, reading a token, to each token. */
  readonly probabilities: string;
}

/** A token and its own text. */
export interface PageToken {
  readonly id: number;
  readonly piece: string;
}

/** `GET /api/engine`: what is being done for each model. */
export interface PageEngine extends PageList<PageEngineModel> {
  /** Processes that the numbers are the sums of. */
  readonly workers: number;
}

/** A model at work. Sequences are counted by `status`, requests beside it. */
export interface PageEngineModel {
  readonly name: string;
  /** Slots, cache and guesses; null for a model that does not tell. */
  readonly status: EngineStatus | null;
  readonly running: number;
  readonly waiting: number;
  /** Tokens that were generated since the server began; of workers, those that are there. */
  readonly generatedTokens: number;
}
