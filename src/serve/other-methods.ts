/**
 * Routes that are there, asked with a method that they do not take: 405 and which they take
 * (https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6), where Fastify's router knows of no route at all.
 */

import type { FastifyInstance } from 'fastify';

import { RequestError } from './request-error.ts';

/** Tells apart, among requests without a route, those for one that takes other methods. To be called before there are routes. */
export function refuseOtherMethods(app: FastifyInstance): void {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    routes.set(url, known);
    for (const one of [method].flat()) known.methods.add(one);
  });
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = [...routes.values()].flatMap((route) => (route.pattern.test(path) ? [...route.methods] : []));
    // Of what its method leads to, the router knows better than the pattern.
    if (methods.length === 0 || methods.includes(request.method)) return;
    const allowed = [...new Set(methods)].sort();
    void reply.header('allow', allowed.join(', '));
    throw new RequestError(
      {
        code: 'WEFT_SERVE_METHOD',
        action: 'serve the request',
        rule: 'the route takes other methods',
        value: `${request.method} ${path.slice(0, 200)}`,
        remedy: `Send ${allowed.join(' or ')}.`,
      },
      { status: 405 },
    );
  });
}

/** What addresses a route's pattern is for: `:name` is a part between slashes, `*` whatever follows. */
function patternOf(url: string): RegExp {
  const source = url
    .replaceAll(/[\\^$.+?()[\]{}|]/g, '\\$&')
    .replaceAll(/:\w+/g, '[^/]+')
    .replaceAll('*', '.*');
  return new RegExp(`^${source}$`);
}
