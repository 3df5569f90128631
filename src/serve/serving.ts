/** What the routes share: the models, the engine, the clock. */

import type { TextModel } from '../generate/index.ts';
import type { Runs, ServingMetrics } from '../monitor/index.ts';
import type { AttentionReaders } from './attention-readers.ts';
import type { Engine } from './engine.ts';
import type { PageEngineModel } from './page-api.ts';
import { RequestError } from './request-error.ts';

/** See the file's head. */
export interface Serving {
  /** The models by name, in the order they were given; the first answers requests that name none. */
  models(): readonly TextModel[];
  state(): ServingState;
  readonly engine: Engine;
  /** What the engines of each process do for the models. */
  readonly engines: () => Promise<readonly (readonly PageEngineModel[])[]>;
  readonly attention: AttentionReaders;
  readonly runs: Runs;
  readonly metrics: ServingMetrics;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** A fresh identity: letters and digits that no other answer has. */
  readonly identity: () => string;
  /** A seed for a generation that names none: a 32-bit integer. */
  readonly seed: () => number;
}

/** Whether requests are taken. */
export type ServingState = 'loading' | 'ready' | 'draining';

/**
 * The model that a request names, or the first.
 *
 * @throws RequestError 404 when there is none of that name, 503 while loading
 */
export function modelFor(serving: Serving, name: string | undefined): TextModel {
  if (serving.state() === 'loading') {
    throw new RequestError(
      { code: 'WEFT_SERVE_LOADING', action: 'serve the request', rule: 'the model is being loaded', remedy: 'Try again in a moment.' },
      { status: 503, retryAfter: 1 },
    );
  }
  const models = serving.models();
  const found = name === undefined ? models[0] : models.find((model) => model.name === name);
  if (found !== undefined) return found;
  const names = models.map((model) => model.name);
  throw new RequestError(
    {
      code: 'WEFT_SERVE_MODEL_UNKNOWN',
      action: 'serve the request',
      rule: names.length === 0 ? 'this server has no model' : 'there is no model of that name',
      ...(name === undefined ? {} : { value: name }),
      remedy: names.length === 0 ? 'Start one with `weft serve DIR`.' : `Name one of: ${names.join(', ')}.`,
    },
    { status: 404, param: 'model', wireCode: 'model_not_found' },
  );
}
