/** Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */

import { Readable } from 'node:stream';

import type { FastifyReply } from 'fastify';

import { errorAnswer } from './request-error.ts';

/**
 * Answers with a stream of events, one for each value, as JSON.
 *
 * Decided: the first value is awaited before the headers go out, so that what fails early has its HTTP status; what fails
 * later is an event `{"error": …}`, and then the stream ends without the `done` line.
 *
 * @param options `done`: the data of the last event; `named`: events have the names that their `type` says
 */
export async function sendEvents(
  reply: FastifyReply,
  values: AsyncGenerator<object>,
  { done, named = false }: { readonly done?: string; readonly named?: boolean } = {},
): Promise<FastifyReply> {
  const first = await values.next();
  const lines = async function* (): AsyncGenerator<string> {
    try {
      for (let next = first; next.done !== true; next = await values.next())
        yield (named ? `event: ${(next.value as { readonly type: string }).type}\n` : '') + event(JSON.stringify(next.value));
      if (done !== undefined) yield event(done);
    } catch (error) {
      const { status, body } = errorAnswer(error);
      // To end with the server, or out of time, is no fault.
      if (!reply.raw.destroyed) reply.log[status === 500 ? 'error' : 'warn']({ err: error }, 'a stream failed');
      yield event(JSON.stringify(body));
    } finally {
      await values.return(undefined);
    }
  };
  return reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-cache, no-transform')
    .header('x-accel-buffering', 'no')
    .send(Readable.from(lines()));
}

function event(data: string): string {
  return `data: ${data}\n\n`;
}
