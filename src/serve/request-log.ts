/**
 * The log: one line of JSON for each request, on stderr.
 *
 * Decided: a request is logged at its end, with its route rather than its address, and nothing of it is logged that somebody
 * wrote, unless prompts are asked for: no header, no query, no body. What looks like a key is taken out even of an address
 * that leads nowhere.
 */

import type { FastifyInstance, FastifyRequest, FastifyServerOptions } from 'fastify';

import { usageOf, whenAccounted } from './accounting.ts';
import { CLIENT_GONE, whenAnswered } from './answer-end.ts';
import { clientOf } from './client.ts';

/** How much is logged: every level has those behind it too. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where lines of the log go. */
export interface LogStream {
  write(line: string): void;
}

/** See {@link logRequests}. */
export interface LogOptions {
  readonly log: boolean | LogStream;
  readonly logLevel: LogLevel;
  /** Log the bodies of requests too. */
  readonly logPrompts: boolean;
}

/** What is asked whether the server is ready may hear that it is not. */
const HEALTH = /^\/(?:health|v1\/health\/)/;
const KEY = /weft_[\w-]+/g;

/** Fastify's logger. Without a log, faults of the server are told all the same: an answer refers to them. */
export function loggerOptions({ log, logLevel }: LogOptions): NonNullable<FastifyServerOptions['logger']> {
  return {
    level: log === false ? 'error' : logLevel,
    stream: typeof log === 'boolean' ? process.stderr : log,
    base: { pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level: string) => ({ level }) },
    // Whoever logs a request or an answer logs nothing of what is in it.
    serializers: { req: ({ id }: { readonly id: string }) => ({ id }), res: ({ statusCode }) => ({ statusCode }) },
  };
}

/** Logs every request of an application at its end. */
export function logRequests(app: FastifyInstance, { log, logPrompts }: LogOptions): void {
  if (log === false) return;
  const write = (request: FastifyRequest, { status, milliseconds }: { readonly status: number; readonly milliseconds: number }): void => {
    const { model, promptTokens, completionTokens, finishReasons } = usageOf(request) ?? {};
    const line = {
      key: clientOf(request).name,
      method: request.method,
      route: request.routeOptions.url ?? null,
      ...(request.is404 ? { path: (request.url.split('?')[0] ?? '').slice(0, 200).replace(KEY, 'weft_…') } : {}),
      status,
      milliseconds,
      model,
      promptTokens,
      completionTokens,
      finishReasons,
      ...(logPrompts ? { body: request.body } : {}),
    };
    // To be full, loading or out of time is no fault.
    if (status === 500) request.log.error(line, 'request');
    else if (status > 500 && !HEALTH.test(line.route ?? '')) request.log.warn(line, 'request');
    else request.log.info(line, 'request');
  };
  app.addHook('onRequest', async (request, reply) => {
    whenAnswered(reply, (broken) => {
      const milliseconds = Math.round(reply.elapsedTime * 1000) / 1000;
      if (broken) whenAccounted(request, () => write(request, { status: CLIENT_GONE, milliseconds }));
      else write(request, { status: reply.statusCode, milliseconds });
    });
  });
}
