/**
 * Which right each route needs. Health and the page's files need none.
 *
 * Decided: a route that is not listed needs `admin`, so that a new one is closed until somebody thought about it. A route may
 * say its own: `app.post(path, { config: { scope: 'generate' } }, …)`.
 */

import type { FastifyRequest } from 'fastify';

import { SCOPES } from './key-records.ts';
import type { Scope } from './key-records.ts';

const BY_ROUTE: Readonly<Record<string, Scope | 'open'>> = {
  '/health': 'open',
  '/v1/health/live': 'open',
  '/v1/health/ready': 'open',
  '/metrics': 'metrics',
  '/v1/models': 'read',
  '/v1/models/*': 'read',
  '/tokenize': 'read',
  '/detokenize': 'read',
  '/v1/completions': 'generate',
  '/v1/chat/completions': 'generate',
  '/v1/responses': 'generate',
  '/v1/feedback': 'generate',
  '/v1/embeddings': 'embeddings',
  // The page, and what it asks for.
  '/': 'read',
  '/api/models': 'read',
  '/api/engine': 'read',
  '/api/runs': 'read',
  '/api/explain': 'read',
  '/api/generate': 'generate',
  '/api/attention': 'generate',
};

/** The right that a request needs. */
export function scopeOf(request: FastifyRequest): Scope | 'open' {
  const { config, url = '' } = request.routeOptions;
  const own = (config as { readonly scope?: unknown }).scope;
  const known = own === 'open' ? own : SCOPES.find((scope) => scope === own);
  if (known !== undefined) return known;
  if (request.is404) return 'open';
  return BY_ROUTE[url] ?? (url.startsWith('/api/runs/') ? 'read' : 'admin');
}
