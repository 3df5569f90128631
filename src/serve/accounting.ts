/**
 * What a request took: told by its route once, and known from then on to the key's limits, the log and the trace.
 *
 * Decided: a route tells it also when the answer broke off, as the tokens were made all the same.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';

import { clientOf } from './client.ts';

/** What a request took. */
export interface RequestUsage {
  /** Name of the model that answered. */
  readonly model: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Why each choice ended. */
  readonly finishReasons?: readonly string[];
}

const FIELD = 'usage';

/** Makes room for it in every request of an application. */
export function addAccounting(app: FastifyInstance): void {
  app.decorateRequest(FIELD, null);
}

/** Tells what a request took; to be called once, at its end, whichever that is. */
export function recordUsage(request: FastifyRequest, usage: RequestUsage): void {
  request.setDecorator(FIELD, usage);
  clientOf(request).charge(usage.promptTokens + usage.completionTokens);
}

/** What a request took, when its route told it. */
export function usageOf(request: FastifyRequest): RequestUsage | undefined {
  return request.getDecorator<RequestUsage | null>(FIELD) ?? undefined;
}
