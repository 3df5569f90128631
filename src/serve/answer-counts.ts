/**
 * Answers counted by route, method and status.
 *
 * Decided: nobody makes as many labels as they like: routes are patterns, one for all files of the page, and what leads to no route,
 * or is no request, is one label; methods that no route takes are one.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { ServingMetrics } from '../monitor/index.ts';
import { CLIENT_GONE, whenAnswered } from './answer-end.ts';

/** Where counts go. */
type Counts = Pick<ServingMetrics, 'answered'>;

const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'];

/** Counts every answer of an application at its end. */
export function countAnswers(app: FastifyInstance, counts: Counts): void {
  app.addHook('onRequest', async (request, reply) => countAnswer(request, reply, counts));
}

/** Counts one answer at its end. */
export function countAnswer(request: FastifyRequest, reply: FastifyReply, counts: Counts): void {
  whenAnswered(reply, (broken) => {
    const { url } = request.routeOptions;
    counts.answered({
      route: request.is404 || url === undefined ? 'unknown' : url.startsWith('/assets/') ? '/assets/*' : url,
      method: METHODS.includes(request.method) ? request.method : 'other',
      status: broken ? CLIENT_GONE : reply.statusCode,
    });
  });
}

/** Counts the answer to what was no request. */
export function countRaw(status: number, counts: Counts): void {
  counts.answered({ route: 'unknown', method: 'other', status });
}
