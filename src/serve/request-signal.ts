/** The end of a request that is not worth going on with: its client went away, or its time is up. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { RequestError } from './request-error.ts';

const FIELD = 'requestSeconds';

/** Bounds the time of an application's requests; undefined for none. */
export function limitTime(app: FastifyInstance, seconds: number | undefined): void {
  app.decorateRequest(FIELD, seconds ?? 0);
}

/**
 * A signal that aborts when the client goes away before its answer is complete, or when the request's time is up: its reason
 * is then a RequestError 504. The time runs from this call on.
 */
export function requestSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const end = new AbortController();
  const seconds = request.getDecorator<number>(FIELD);
  const timer = seconds > 0 ? setTimeout(() => end.abort(late(seconds)), seconds * 1000) : undefined;
  reply.raw.once('close', () => {
    clearTimeout(timer);
    if (!reply.raw.writableFinished) end.abort(new DOMException('The client went away.', 'AbortError'));
  });
  return end.signal;
}

function late(seconds: number): RequestError {
  return new RequestError(
    {
      code: 'WEFT_SERVE_TIME',
      action: 'finish the request',
      rule: 'its time is up',
      value: `${seconds} s`,
      remedy: 'Ask for fewer tokens, or start the server with a longer --request-seconds.',
    },
    { status: 504 },
  );
}
