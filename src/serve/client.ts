/**
 * Who asks: the client behind a request, as its API key says. Routes use it to queue fairly, to bound what a key may use and
 * to charge it for its tokens.
 *
 * Decided: without keys everybody is the same client, who may do everything.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';

/** See the file's head. */
export interface Client {
  /** The key's name; `anyone` without keys. */
  readonly name: string;
  /** Whoever has more goes first. Default 0. */
  readonly priority: number;
  /** Whether the key is for this model. */
  mayUse(model: string): boolean;
  /** Takes tokens off the key's budget; what a request cost is known at its end alone. */
  charge(tokens: number): void;
}

const ANYONE: Client = { name: 'anyone', priority: 0, mayUse: () => true, charge: () => undefined };

/** Where a request keeps its client. */
const FIELD = 'client';

/** The client that sent a request. */
export function clientOf(request: FastifyRequest): Client {
  return request.getDecorator<Client | null>(FIELD) ?? ANYONE;
}

/** Makes room for the client in every request of an application. */
export function addClients(app: FastifyInstance): void {
  app.decorateRequest(FIELD, null);
}

/** Says who sent a request. */
export function setClient(request: FastifyRequest, client: Client): void {
  request.setDecorator(FIELD, client);
}
