/** Whose a request is, for the engine: its client and priority, when it ends, and where what it took is told. */

import type { FastifyReply, FastifyRequest } from 'fastify';

import { expectUsage, recordUsage } from './accounting.ts';
import { clientOf } from './client.ts';
import type { RequestSource } from './generation-job.ts';
import { requestSignal } from './request-signal.ts';

/** The source of a request that is being answered. */
export function sourceOf(request: FastifyRequest, reply: FastifyReply): RequestSource {
  const { name, priority } = clientOf(request);
  expectUsage(request);
  return { client: name, priority, signal: requestSignal(request, reply), account: (usage) => recordUsage(request, usage) };
}
