/** `POST /v1/feedback`, our own: what somebody thought of an answer. Counted, and kept where the server was given a file for it. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import type { FeedbackLog } from '../../monitor/index.ts';
import { clientOf } from '../client.ts';
import { readBody } from '../bodies/read-body.ts';
import type { Serving } from '../serving.ts';

const schema = z
  .strictObject({
    /** Of the answer: `chatcmpl-…`, `cmpl-…`, `resp_…`. */
    id: z.string().regex(/^[\w-]{1,100}$/, 'the id of an answer'),
    rating: z.enum(['up', 'down']),
    comment: z.string().max(10_000),
  })
  .partial()
  .required({ id: true, rating: true });

/** Adds the route. */
export function feedbackRoute(app: FastifyInstance, serving: Serving, log: FeedbackLog | undefined): void {
  app.post('/v1/feedback', async (request) => {
    const { id, rating, comment } = readBody(schema, request.body);
    await log?.add({ id, rating, ...(comment === undefined ? {} : { comment }), client: clientOf(request).name, at: serving.clock() });
    serving.metrics.feedback(rating);
    return { object: 'feedback', id, rating };
  });
}
