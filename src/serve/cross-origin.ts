/** Which pages of other servers may ask this one from a browser: CORS (https://fetch.spec.whatwg.org/#http-cors-protocol). */

import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

import { UsageError } from '../core/index.ts';

/** Seconds that a browser may keep the answer. */
const MAX_AGE = 600;

/**
 * Lets pages of these origins ask: `https://app.example.com`, or `*` for all. Never with what the browser remembers (cookies,
 * passwords): a page has to bring its key.
 *
 * @throws UsageError `WEFT_SERVE_OPTION` for what is no origin
 */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  for (const origin of origins) {
    if (origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)) continue;
    throw new UsageError({
      code: 'WEFT_SERVE_OPTION',
      action: 'serve',
      rule: 'an origin is a scheme, a host and a port, without a path',
      value: origin,
      remedy: 'Give it as the browser does, e.g. https://app.example.com, or * for all.',
    });
  }
  await app.register(cors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: [
      'x-request-id',
      'retry-after',
      'x-ratelimit-limit-requests',
      'x-ratelimit-remaining-requests',
      'x-ratelimit-limit-tokens',
      'x-ratelimit-remaining-tokens',
    ],
    maxAge: MAX_AGE,
  });
}
