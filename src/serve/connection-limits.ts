/**
 * What a connection may cost before anybody knows who it is: time to send a request, its headers, how many at once.
 *
 * Source of the timeouts' meaning: https://nodejs.org/api/http.html, `server.requestTimeout` and `headersTimeout`; Node looks
 * for requests that take too long every `connectionsCheckingInterval`.
 */

import type { FastifyInstance, FastifyServerOptions } from 'fastify';

import { RequestError, envelope } from './request-error.ts';

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
}

/** Bytes that the headers of a request may have together. */
const HEADER_BYTES = 16 << 10;
/** Headers that a request may have. */
const HEADERS = 100;
/** Milliseconds that a connection without a request stays open: above the 60 seconds of load balancers, which else meet a closed one. */
const KEEP_ALIVE = 75_000;

/** The options of Fastify that bound connections, and those of Node behind them. */
export function connectionOptions({ receiveSeconds }: ConnectionLimits): {
  readonly fastify: Pick<FastifyServerOptions, 'requestTimeout' | 'keepAliveTimeout' | 'clientErrorHandler'>;
  readonly node: NodeServerOptions;
} {
  const timeout = Math.round(receiveSeconds * 1000);
  return {
    fastify: { requestTimeout: timeout, keepAliveTimeout: KEEP_ALIVE, clientErrorHandler: answerRaw },
    node: { headersTimeout: timeout, connectionsCheckingInterval: Math.min(5000, Math.ceil(timeout / 4)), maxHeaderSize: HEADER_BYTES },
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

/** What Node itself complains about, before there is a request: status, reason, message. */
const RAW: { readonly [code: string]: readonly [status: number, reason: string, message: string, code: string] } = {
  HPE_HEADER_OVERFLOW: [
    431,
    'Request Header Fields Too Large',
    `Cannot read the request as its headers are larger than ${HEADER_BYTES} bytes. Send fewer or shorter headers.`,
    'WEFT_SERVE_HEADERS',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    'Request Timeout',
    'Cannot read the request as it did not arrive in time. Send it again, faster.',
    'WEFT_SERVE_SLOW',
  ],
};

const answerRaw: NonNullable<FastifyServerOptions['clientErrorHandler']> = (error, socket) => {
  if ((error as NodeJS.ErrnoException).code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  const [status, reason, message, code] = RAW[(error as NodeJS.ErrnoException).code ?? ''] ?? [
    400,
    'Bad Request',
    'Cannot read the request as it is not HTTP. Send HTTP/1.1.',
    'WEFT_SERVE_HTTP',
  ];
  const body = JSON.stringify(envelope(status, message, { code }));
  const head = `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body, () => socket.destroy());
};
