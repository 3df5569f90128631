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
const LISTENERS = 'usageListeners';
/** Milliseconds that the work of a client who left has to end before what it took counts as unknown. */
const LONGEST_WAIT = 5000;

/** Makes room for it in every request of an application. */
export function addAccounting(app: FastifyInstance): void {
  app.decorateRequest(FIELD, null);
  app.decorateRequest(LISTENERS, null);
}

/** Says that work is about to begin, and that {@link recordUsage} will tell what it took. */
export function expectUsage(request: FastifyRequest): void {
  request.setDecorator<(() => void)[]>(LISTENERS, []);
}

/** Tells what a request took; to be called once, at its end, whichever that is. */
export function recordUsage(request: FastifyRequest, usage: RequestUsage): void {
  request.setDecorator(FIELD, usage);
  clientOf(request).charge(usage.promptTokens + usage.completionTokens);
  for (const listener of request.getDecorator<(() => void)[] | null>(LISTENERS) ?? []) listener();
}

/** Calls `listener` when what a request took is known: its client may leave some time before its work ends. At once where none is expected. */
export function whenAccounted(request: FastifyRequest, listener: () => void): void {
  const listeners = request.getDecorator<(() => void)[] | null>(LISTENERS);
  if (listeners === null || usageOf(request) !== undefined) {
    listener();
    return;
  }
  let isTold = false;
  const tell = (): void => {
    clearTimeout(timer);
    if (!isTold) listener();
    isTold = true;
  };
  const timer = setTimeout(tell, LONGEST_WAIT).unref();
  listeners.push(tell);
}

/** What a request took, when its route told it. */
export function usageOf(request: FastifyRequest): RequestUsage | undefined {
  return request.getDecorator<RequestUsage | null>(FIELD) ?? undefined;
}
