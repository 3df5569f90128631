/** `GET /api/engine`: what the engine does for each model at this moment, for the page's live view. */

import type { FastifyInstance } from 'fastify';

import { clientOf } from '../client.ts';
import { sumEngines } from '../engines-at-work.ts';
import type { PageEngine } from '../page-api.ts';
import type { Serving } from '../serving.ts';

/** Adds the route. A key sees the models that it may use. */
export function engineRoute(app: FastifyInstance, serving: Serving): void {
  app.get('/api/engine', async (request): Promise<PageEngine> => {
    const processes = await serving.engines();
    const data = sumEngines(processes).filter(({ name }) => clientOf(request).mayUse(name));
    return { data, workers: processes.length, now: serving.clock() };
  });
}
