/**
 * The guard at the door: who asks, and whether they may. Without keys everybody may do everything.
 *
 * Decided: a key comes as `authorization: Bearer`, as OpenAI's clients send it, or as the password of HTTP's basic
 * authentication, with which a browser opens the page (https://www.rfc-editor.org/rfc/rfc7617). Never in an address, as
 * addresses end up in logs. A page elsewhere cannot ride on what the browser remembers: bodies must be JSON, which needs
 * CORS's leave, and that is never given for credentials.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { addClients, clientOf, setClient } from './client.ts';
import type { KeyRing } from './key-ring.ts';
import type { KeyRecord, Scope } from './key-records.ts';
import type { RateLimits } from './rate-limits.ts';
import { RequestError } from './request-error.ts';
import { scopeOf } from './route-scopes.ts';

/** What {@link guardRoutes} needs. */
export interface GuardOptions {
  /** Without it the server is open. */
  readonly keys: KeyRing | undefined;
  readonly limits: RateLimits;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** The model that answers requests that name none. */
  readonly standardModel: () => string | undefined;
}

/** Routes whose requests count against a key's limits: those that are work. */
const LIMITED: readonly (Scope | 'open')[] = ['generate', 'embeddings'];

/** Lets through who may, says 401, 403 or 429 to all others, and gives every request its client. */
export function guardRoutes(app: FastifyInstance, { keys, limits, clock, standardModel }: GuardOptions): void {
  addClients(app);
  if (keys === undefined) return;
  app.addHook('onRequest', async (request, reply) => {
    const scope = scopeOf(request);
    if (scope === 'open') return;
    const record = identify(request, reply, { keys, clock });
    setClient(request, {
      name: record.name,
      priority: record.priority ?? 0,
      mayUse: (model) => record.models === undefined || record.models.includes(model),
      charge: (tokens) => limits.charge(record, tokens),
    });
    if (!record.scopes.includes(scope) && !record.scopes.includes('admin')) throw forbidden(record, scope);
    if (!LIMITED.includes(scope)) return;
    const answer = await limits.take(record);
    const { requestsPerMinute, tokensPerMinute } = record;
    for (const [what, limit, left] of [
      ['requests', requestsPerMinute, answer.requests],
      ['tokens', tokensPerMinute, answer.tokens],
    ] as const)
      if (limit !== undefined) void reply.header(`x-ratelimit-limit-${what}`, limit).header(`x-ratelimit-remaining-${what}`, left ?? 0);
    if (answer.refused !== undefined) throw tooMuch(record, answer.refused, answer.retryAfter);
  });
  app.addHook('preHandler', async (request) => {
    const { model } = (request.body ?? {}) as { readonly model?: unknown };
    if (model !== undefined && model !== null && typeof model !== 'string') return; // The route says what is wrong with it.
    const name = model ?? (LIMITED.includes(scopeOf(request)) ? standardModel() : undefined);
    if (name !== undefined) requireModel(request, name);
  });
}

/** The record of the key that a request carries. */
function identify(request: FastifyRequest, reply: FastifyReply, { keys, clock }: { keys: KeyRing; clock: () => number }): KeyRecord {
  const key = keyOf(request.headers.authorization);
  const record = key === undefined ? undefined : keys.find(key);
  const expired = record?.expires !== undefined && Date.parse(record.expires) <= clock();
  if (record !== undefined && !expired) return record;
  // A browser that opens the page is to ask for the key; a program is not.
  void reply.header('www-authenticate', request.routeOptions.url === '/' ? 'Basic realm="weft", charset="UTF-8"' : 'Bearer realm="weft"');
  throw new RequestError(
    {
      code: 'WEFT_SERVE_KEY',
      action: 'serve the request',
      rule: key === undefined ? 'it carries no API key' : expired ? 'its API key has expired' : 'its API key is not known',
      remedy: 'Send a valid key as authorization: Bearer KEY.',
    },
    { status: 401, wireCode: 'invalid_api_key' },
  );
}

/** The key in an `authorization` header: a bearer, or the password of a basic one. */
function keyOf(header: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S{1,1000}) *$/i.exec(header ?? '') ?? [];
  if (value === '') return undefined;
  if (scheme.toLowerCase() === 'bearer') return value;
  const text = Buffer.from(value, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

function forbidden(record: KeyRecord, scope: Scope): RequestError {
  return new RequestError(
    {
      code: 'WEFT_SERVE_SCOPE',
      action: 'serve the request',
      rule: `the key ${record.name} may not do that`,
      value: `it has ${record.scopes.join(', ') || 'no scope'}, the route needs ${scope}`,
      remedy: `Use a key with the scope ${scope}.`,
    },
    { status: 403 },
  );
}

/** @throws RequestError 403 when the key of a request is not for a model; nothing tells whether there is one of that name */
export function requireModel(request: FastifyRequest, model: string): void {
  const client = clientOf(request);
  if (!client.mayUse(model)) throw notForModel(client.name, model);
}

function notForModel(name: string, model: string): RequestError {
  return new RequestError(
    {
      code: 'WEFT_SERVE_KEY_MODEL',
      action: 'serve the request',
      rule: `the key ${name} is not for that model`,
      value: model.slice(0, 200),
      remedy: 'Name a model that /v1/models lists for this key.',
    },
    { status: 403, param: 'model', wireCode: 'model_not_found' },
  );
}

function tooMuch(record: KeyRecord, what: 'requests' | 'tokens', retryAfter: number): RequestError {
  const limit = what === 'requests' ? record.requestsPerMinute : record.tokensPerMinute;
  return new RequestError(
    {
      code: 'WEFT_SERVE_RATE',
      action: 'take the request',
      rule: `the key ${record.name} has used up its ${what} for now`,
      value: `${limit} a minute`,
      remedy: `Try again in ${retryAfter} s.`,
    },
    { status: 429, wireCode: 'rate_limit_exceeded', retryAfter },
  );
}
