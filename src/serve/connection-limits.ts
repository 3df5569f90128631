/**
 * What a connection may cost before anybody knows who it is: time to send a request, its headers, how many at once.
 *
 * Source of the timeouts' meaning: https://nodejs.org/api/http.html, `server.requestTimeout` and `headersTimeout`; Node looks
 * for requests that take too long every `connectionsCheckingInterval`.
 */

import type { FastifyInstance, FastifyServerOptions } from 'fastify';

import { HEADER_BYTES, rawAnswers } from './raw-answers.ts';
import { RequestError } from './request-error.ts';

/** See {@link connectionOptions}. */
export interface ConnectionLimits {
  /** Seconds that a client has to send a request. */
  readonly receiveSeconds: number;
  /** Most connections at a time. */
  readonly maxConnections: number;
}

/** Node's options of the server behind an application. */
export interface NodeServerOptions {
  readonly headersTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly maxHeaderSize: number;
  readonly requireHostHeader: boolean;
}

/** Headers that a request may have. */
const HEADERS = 100;
/** Milliseconds that a connection without a request stays open: above the 60 seconds of load balancers, which else meet a closed one. */
const KEEP_ALIVE = 75_000;

/** The options of Fastify that bound connections, and those of Node behind them; `onRaw` hears of answers to what is no request. */
export function connectionOptions(
  { receiveSeconds }: ConnectionLimits,
  onRaw: (status: number) => void,
): {
  readonly fastify: Pick<FastifyServerOptions, 'requestTimeout' | 'keepAliveTimeout' | 'clientErrorHandler'>;
  readonly node: NodeServerOptions;
} {
  const timeout = Math.round(receiveSeconds * 1000);
  return {
    fastify: { requestTimeout: timeout, keepAliveTimeout: KEEP_ALIVE, clientErrorHandler: rawAnswers(onRaw) },
    node: {
      headersTimeout: timeout,
      connectionsCheckingInterval: Math.min(5000, Math.ceil(timeout / 4)),
      maxHeaderSize: HEADER_BYTES,
      requireHostHeader: false, // Node's refusal says nothing; see raw-answers.ts.
    },
  };
}

/** Bounds an application's connections and headers. */
export function limitConnections(app: FastifyInstance, { maxConnections }: ConnectionLimits): void {
  app.server.maxConnections = maxConnections;
  app.addHook('onRequest', async ({ raw: { rawHeaders } }) => {
    if (rawHeaders.length <= 2 * HEADERS) return;
    throw new RequestError(
      {
        code: 'WEFT_SERVE_HEADERS',
        action: 'read the request',
        rule: `it has more than ${HEADERS} headers`,
        value: String(rawHeaders.length / 2),
        remedy: 'Send fewer.',
      },
      { status: 431 },
    );
  });
}
