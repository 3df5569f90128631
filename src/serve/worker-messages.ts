/** What the processes of `weft serve --workers` say to each other. */

import type { MetricValues } from '../monitor/index.ts';
import type { PageEngineModel } from './page-api.ts';
import type { ModelSource } from './model-sources.ts';
import type { RateAnswer, RateLimit } from './rate-limits.ts';
import type { ServeOptions } from './serve.ts';

/** What a worker serves. */
export interface WorkerOrders {
  readonly target: string | readonly (string | ModelSource)[];
  readonly options: Omit<ServeOptions, 'clock' | 'log'> & { readonly log?: boolean };
  /** Load the models before listening, as others answer meanwhile. */
  readonly loadFirst: boolean;
  /** Threads of each model. */
  readonly threads: number;
}

/** From the first process to a worker. */
export type ToWorker =
  | { readonly kind: 'start'; readonly orders: WorkerOrders }
  | { readonly kind: 'stop' }
  /** What it counted; a scrape begins the next interval of what is measured between two. */
  | { readonly kind: 'count'; readonly id: number; readonly scrape: boolean }
  | { readonly kind: 'answer'; readonly id: number; readonly value: Answer };

/** What the first process can be asked for. */
export type Answer = RateAnswer | string | readonly (readonly PageEngineModel[])[];

/** From a worker to the first process. */
export type FromWorker =
  /** It listens to messages: what was sent before is lost. */
  | { readonly kind: 'listening' }
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly remedy: string; readonly usage: boolean }
  | { readonly kind: 'counted'; readonly id: number; readonly values: MetricValues; readonly engines: readonly PageEngineModel[] }
  | { readonly kind: 'take'; readonly id: number; readonly limit: RateLimit }
  | { readonly kind: 'charge'; readonly limit: RateLimit; readonly tokens: number }
  | { readonly kind: 'scrape'; readonly id: number }
  | { readonly kind: 'survey'; readonly id: number };
