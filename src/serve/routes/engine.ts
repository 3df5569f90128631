/** `GET /api/engine`: what the engine does for each model at this moment, for the page's live view. */

import type { FastifyInstance } from 'fastify';

import { clientOf } from '../client.ts';
import type { PageEngine } from '../page-api.ts';
import type { Serving } from '../serving.ts';

/** Adds the route. A key sees the models that it may use. */
export function engineRoute(app: FastifyInstance, serving: Serving): void {
  const process = serving.identity();
  app.get('/api/engine', (request): PageEngine => {
    const models = serving.models().filter(({ name }) => clientOf(request).mayUse(name));
    return {
      data: models.map((model) => ({ name: model.name, status: model.status?.() ?? null, ...serving.engine.activity(model) })),
      process,
      now: serving.clock(),
    };
  });
}
