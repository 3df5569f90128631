/** `GET /v1/models`, `GET /v1/models/:id`, `GET /health` and its two halves, `GET /metrics`. */

import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { TextModel } from '../../generate/index.ts';
import { clientOf } from '../client.ts';
import { requireModel } from '../guard.ts';
import { modelFor } from '../serving.ts';
import type { Serving } from '../serving.ts';

/** Adds the routes. */
export function operationsRoutes(app: FastifyInstance, serving: Serving): void {
  const since = Math.floor(serving.clock() / 1000);
  const describe = (model: TextModel): object => ({
    id: model.name,
    object: 'model',
    created: since,
    owned_by: 'weft',
    max_model_len: model.contextLength,
  });

  const list = (request: FastifyRequest): object => {
    const mine = serving.models().filter(({ name }) => clientOf(request).mayUse(name));
    return { object: 'list', data: mine.map(describe) };
  };
  app.get('/v1/models', list);
  // A wildcard, as names may hold slashes.
  app.get<{ Params: { '*': string } }>('/v1/models/*', (request) => {
    const name = request.params['*'];
    if (name === '') return list(request);
    requireModel(request, name);
    return describe(modelFor(serving, name));
  });

  for (const path of ['/health', '/v1/health/ready']) {
    app.get(path, (_, reply) => {
      const state = serving.state();
      return reply.status(state === 'ready' ? 200 : 503).send({ status: state === 'ready' ? 'ok' : state });
    });
  }
  app.get('/v1/health/live', () => ({ status: 'ok' }));
  app.get('/metrics', async (_, reply) => {
    return await reply.type(serving.metrics.contentType).send(await serving.metrics.text());
  });
}
