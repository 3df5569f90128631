/**
 * A span for each request, with the names that OpenTelemetry gives to HTTP and to generative models
 * (https://opentelemetry.io/docs/specs/semconv/http/http-spans/ and …/gen-ai/gen-ai-spans/).
 *
 * Decided: a trace that the asking program does not record is not recorded here. No prompt and no text is in a span. Health
 * and metrics, which are asked for every few seconds, have none.
 */

import { randomBytes } from 'node:crypto';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Span, SpanExporter } from '../monitor/index.ts';
import { usageOf, whenAccounted } from './accounting.ts';
import { whenAnswered } from './answer-end.ts';
import { clientOf } from './client.ts';
import { readTraceparent } from './trace-context.ts';

/** What a route does, in OpenTelemetry's words. */
const OPERATIONS: Readonly<Record<string, string>> = {
  '/v1/chat/completions': 'chat',
  '/v1/responses': 'chat',
  '/v1/completions': 'text_completion',
  '/v1/embeddings': 'embeddings',
  '/api/generate': 'text_completion',
};

const UNTRACED = ['/health', '/v1/health/live', '/v1/health/ready', '/metrics'];

/** Records every request of an application; `clock` is in milliseconds since 1970. */
export function traceRequests(
  app: FastifyInstance,
  { exporter, clock }: { readonly exporter: SpanExporter; readonly clock: () => number },
): void {
  app.addHook('onRequest', async (request, reply) => {
    if (UNTRACED.includes(request.routeOptions.url ?? '')) return;
    const { traceparent } = request.headers;
    const context = readTraceparent(typeof traceparent === 'string' ? traceparent : undefined);
    if (context?.sampled === false) return;
    const start = clock();
    const began = performance.now();
    whenAnswered(reply, (broken) => {
      const milliseconds = performance.now() - began;
      const add = (): void => exporter.add(spanOf(request, reply, { context, start, milliseconds, broken }));
      if (broken) whenAccounted(request, add);
      else add();
    });
  });
  app.addHook('onClose', async () => await exporter.close());
}

interface Circumstances {
  readonly context: ReturnType<typeof readTraceparent>;
  readonly start: number;
  readonly milliseconds: number;
  readonly broken: boolean;
}

function spanOf(request: FastifyRequest, reply: FastifyReply, { context, start, milliseconds, broken }: Circumstances): Span {
  const route = request.is404 ? undefined : request.routeOptions.url;
  const operation = OPERATIONS[route ?? ''];
  const usage = usageOf(request);
  const status = reply.statusCode;
  const error = broken ? 'client_gone' : status >= 500 ? String(status) : undefined;
  return {
    traceId: context?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    ...(context === undefined ? {} : { parentSpanId: context.parentSpanId }),
    name: operation !== undefined && usage !== undefined ? `${operation} ${usage.model}` : `${request.method} ${route ?? ''}`.trimEnd(),
    start,
    end: start + milliseconds,
    attributes: {
      'http.request.method': request.method,
      'http.route': route,
      'http.response.status_code': broken ? undefined : status,
      'url.scheme': request.protocol,
      'server.address': request.hostname.slice(0, 255),
      'server.port': request.port ?? undefined,
      'error.type': error ?? (status >= 400 ? String(status) : undefined),
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': operation === undefined ? undefined : 'weft',
      'gen_ai.request.model': usage?.model ?? named(request),
      'gen_ai.response.model': usage?.model,
      'gen_ai.usage.input_tokens': usage?.promptTokens,
      'gen_ai.usage.output_tokens': usage?.completionTokens,
      'gen_ai.response.finish_reasons': usage?.finishReasons,
      'weft.request_id': request.id,
      'weft.key': clientOf(request).name,
    },
    ...(error === undefined || broken ? {} : { error }),
  };
}

/** The model that the request names. */
function named(request: FastifyRequest): string | undefined {
  const { model } = (request.body ?? {}) as { readonly model?: unknown };
  return typeof model === 'string' ? model.slice(0, 500) : undefined;
}
