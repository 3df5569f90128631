/**
 * Answers to what Node's HTTP parser refuses, before there is a request: in OpenAI's envelope and with an id, as all others.
 *
 * Decided: what Node would refuse by itself with an empty body, a request without a host or with an expectation, becomes a request
 * that is refused here. The rest is written onto the socket. Source: https://nodejs.org/api/http.html, `clientError`,
 * `checkExpectation` and `requireHostHeader`.
 */

import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';

import type { FastifyInstance, FastifyServerOptions } from 'fastify';

import { RequestError, envelope } from './request-error.ts';

/** Bytes that the headers of a request may have together. */
export const HEADER_BYTES: number = 16 << 10;

/** An id that no other request has. */
export function newRequestId(): string {
  return `req_${randomUUID().replaceAll('-', '')}`;
}

/** What Node itself complains about. */
const COMPLAINTS: { readonly [code: string]: readonly [status: number, message: string, code: string] } = {
  HPE_HEADER_OVERFLOW: [
    431,
    `Cannot read the request as its headers are larger than ${HEADER_BYTES} bytes. Send fewer or shorter headers.`,
    'WEFT_SERVE_HEADERS',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [
    413,
    'Cannot read the request as the extensions of its chunks are too large. Send none.',
    'WEFT_SERVE_BODY_LARGE',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Cannot read the request as it did not arrive in time. Send it again, faster.', 'WEFT_SERVE_SLOW'],
};

const ANY: (typeof COMPLAINTS)[string] = [400, 'Cannot read the request as it is not HTTP. Send HTTP/1.1.', 'WEFT_SERVE_HTTP'];

/** Fastify's `clientErrorHandler`; `onAnswer` hears the status of each answer. */
export function rawAnswers(onAnswer: (status: number) => void): NonNullable<FastifyServerOptions['clientErrorHandler']> {
  return function (this: FastifyInstance, error, socket) {
    const reason = (error as NodeJS.ErrnoException).code ?? '';
    if (reason === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
    const [status, message, code] = COMPLAINTS[reason] ?? ANY;
    const id = newRequestId();
    const body = JSON.stringify(envelope(status, message, { code }));
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${id}`,
      'connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
    onAnswer(status);
    this.log.info({ reqId: id, status, reason }, 'what came is no request');
  };
}

/** Refuses requests that HTTP/1.1 wants refused, and that Node is told to let through. */
export function refuseUnanswerable(app: FastifyInstance): void {
  // Without a listener Node answers by itself.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.addHook('onRequest', async ({ raw: { httpVersion, headers } }, reply) => {
    if (httpVersion !== '1.1') return;
    const { host, expect } = headers;
    if (host === undefined)
      throw refusal(400, { rule: 'it names no host, as HTTP/1.1 wants', remedy: 'Send a host header, which may be empty.' });
    if (expect === undefined || /(?:^|\W)100-continue(?:$|\W)/i.test(expect)) return;
    void reply.header('connection', 'close'); // Whoever expects something may never send the body.
    throw refusal(417, { rule: 'its expectation is not known', value: expect.slice(0, 80), remedy: 'Send it without expect.' });
  });
}

function refusal(status: number, report: { readonly rule: string; readonly value?: string; readonly remedy: string }): RequestError {
  return new RequestError({ code: 'WEFT_SERVE_HTTP', action: 'read the request', ...report }, { status });
}
