/** The server as a Fastify application, without a socket: tests call `app.inject`. */

import { randomInt, randomUUID } from 'node:crypto';

import Fastify, { LogController } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { checkOptions } from '../core/index.ts';
import type { Speculation, TextModel } from '../generate/index.ts';
import { createFeedbackLog, createSpanExporter, openRuns } from '../monitor/index.ts';
import { createAttentionReaders } from './attention-readers.ts';
import { addAccounting } from './accounting.ts';
import { countAnswer, countAnswers, countRaw } from './answer-counts.ts';
import { CLIENT_GONE } from './answer-end.ts';
import { connectionOptions, limitConnections } from './connection-limits.ts';
import { allowOrigins } from './cross-origin.ts';
import { createEngine } from './engine.ts';
import { enginesAtWork } from './engines-at-work.ts';
import { guardRoutes } from './guard.ts';
import type { GuardOptions } from './guard.ts';
import { readJsonBodies } from './json-bodies.ts';
import { openKeyRing } from './key-ring.ts';
import { checkServing } from './option-ranges.ts';
import { refuseOtherMethods } from './other-methods.ts';
import { ownMetrics } from './own-metrics.ts';
import type { OwnMetrics } from './own-metrics.ts';
import { newRequestId, refuseUnanswerable } from './raw-answers.ts';
import { createRateLimits } from './rate-limits.ts';
import type { RateLimits } from './rate-limits.ts';
import { loggerOptions, logRequests } from './request-log.ts';
import type { LogLevel, LogStream } from './request-log.ts';
import { limitTime } from './request-signal.ts';
import { traceRequests } from './request-traces.ts';
import type { PageEngineModel } from './page-api.ts';
import { pageRoutes } from './page-files.ts';
import { envelope, errorAnswer } from './request-error.ts';
import { attentionRoute } from './routes/attention.ts';
import { chatRoute } from './routes/chat.ts';
import { completionsRoute } from './routes/completions.ts';
import { embeddingsRoute } from './routes/embeddings.ts';
import { engineRoute } from './routes/engine.ts';
import { explainRoute } from './routes/explain.ts';
import { feedbackRoute } from './routes/feedback.ts';
import { operationsRoutes } from './routes/operations.ts';
import { pageDataRoutes } from './routes/page-data.ts';
import { responsesRoute } from './routes/responses.ts';
import { tokenizeRoutes } from './routes/tokenize.ts';
import type { Serving } from './serving.ts';
import { followTls, readTls } from './tls-files.ts';
import type { TlsFiles } from './tls-files.ts';
import { answersUnderWay } from './under-way.ts';

/** Options of {@link createApp}. */
export interface AppOptions {
  /** Models to serve; the first answers requests that name none. A promise while they load: `/health` says 503 until then. Default none. */
  readonly models?: readonly TextModel[] | Promise<readonly TextModel[]>;
  /** Run folders, or folders that hold some, whose curves the page shows. Default none. */
  readonly runs?: readonly string[];
  /** Most requests that wait while one runs; more get 429. Default 64. */
  readonly queue?: number;
  /** Guess tokens and check several at once, for every request: see `weft/generate`. Default `none`. */
  readonly speculation?: Speculation;
  /** Most bytes of a request's body; more get 413. Default 4 MiB. */
  readonly bodyLimit?: number;
  /** Seconds that accepted requests have to finish when the app closes. Default 25: less than the 30 that Kubernetes gives a pod. */
  readonly graceSeconds?: number;
  /** File of API keys, see {@link addKey}; it is read again when it changes. Default none: everybody may do everything. */
  readonly keys?: string;
  /** File that opinions of answers (`POST /v1/feedback`) are appended to, a line of JSON each. Default they are counted alone. */
  readonly feedback?: string;
  /** Seconds that a request may take; then it gets 504, or its stream an error. Default as long as it takes. */
  readonly requestSeconds?: number;
  /** Seconds that a client has to send a request. Default 60. */
  readonly receiveSeconds?: number;
  /** Most connections at a time; more are closed at once. Default 1000. */
  readonly maxConnections?: number;
  /** Certificate and key to speak TLS with; read again when they are renewed. Default plain HTTP. */
  readonly tls?: TlsFiles;
  /** Origins whose pages may ask from a browser, e.g. `https://app.example.com`, or `*` for all. Default none but the server's own page. */
  readonly cors?: readonly string[];
  /** Log requests as JSON lines, without prompts: on stderr, or where it is said. Default false. */
  readonly log?: boolean | LogStream;
  /** How much is logged. Default `info`: every request. */
  readonly logLevel?: LogLevel;
  /** Log the bodies of requests, with their prompts, too. Default false. */
  readonly logPrompts?: boolean;
  /** Collector of OpenTelemetry to send a span of each request to, e.g. `http://localhost:4318` (OTLP over HTTP). Default none. */
  readonly otelEndpoint?: string;
  /** Folder of the built page. Default the one that comes with the package. */
  readonly page?: string;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number;
}

const ROUTES =
  'There are GET /v1/models, /health, /metrics and /, and POST /v1/completions, /v1/chat/completions, /v1/responses, /v1/embeddings, /v1/feedback, /tokenize and /detokenize.';
/** Milliseconds that answers have at least to reach their clients when the app closes, the errors at the end of the grace period among them. */
const LAST_BYTES = 1000;

/** The names of {@link AppOptions}. */
export const APP_OPTIONS: readonly (keyof AppOptions)[] = [
  'models',
  'runs',
  'queue',
  'speculation',
  'bodyLimit',
  'graceSeconds',
  'keys',
  'feedback',
  'requestSeconds',
  'receiveSeconds',
  'maxConnections',
  'tls',
  'cors',
  'log',
  'logLevel',
  'logPrompts',
  'otelEndpoint',
  'page',
  'clock',
];

/**
 * Builds the application that `serve` and `studio` put behind a port: the OpenAI routes, health and metrics, the page and
 * what it asks for. Closing it lets accepted requests finish first. The models stay open: they are the caller's.
 *
 * @throws WeftError `WEFT_RUN_MISSING` for a run that is no folder, `WEFT_OPTION_UNKNOWN`
 *
 * @example
 * ```ts
 * import { createApp } from 'weft/serve';
 *
 * const app = await createApp();
 * const answer = await app.inject('/health');
 * console.log(answer.statusCode, answer.json()); // 200 { status: 'ok' }
 * await app.close();
 * ```
 */
export async function createApp(options: AppOptions = {}): Promise<FastifyInstance> {
  return await buildApp(options, {});
}

/** What a process that serves beside others does otherwise. */
export interface AppInside {
  /** Where the keys' budgets are; default in this process. */
  readonly limits?: RateLimits;
  /** What `/metrics` answers; default the counters of this process. */
  readonly metricsText?: () => Promise<string>;
  /** What the engines of all processes do; default those of this one. */
  readonly engines?: Serving['engines'];
  /** Hears what this process can tell of itself. */
  readonly onOwn?: (own: OwnCounts) => void;
}

/** What a process tells of itself. */
export interface OwnCounts {
  readonly values: OwnMetrics['values'];
  readonly engines: () => readonly PageEngineModel[];
}

/** {@link createApp}, for a process that serves beside others. */
export async function buildApp(options: AppOptions, inside: AppInside): Promise<FastifyInstance> {
  checkOptions('serve', options, APP_OPTIONS);
  checkServing(options);
  const { models = [], runs = [], queue = 64, bodyLimit = 4 << 20, graceSeconds = 25, page, clock = Date.now } = options;
  const { keys, requestSeconds, receiveSeconds = 60, maxConnections = 1000, cors = [], tls } = options;
  const { log = false, logLevel = 'info', logPrompts = false, otelEndpoint } = options;
  let loaded: readonly TextModel[] | undefined;
  const own = ownMetrics(() => loaded ?? []);
  const { metricsText = own.text, limits = createRateLimits(() => performance.now() / 1000) } = inside;
  const metrics = { ...own, text: metricsText, values: () => own.values({ scrape: false }) };
  const engine = createEngine({ queue, speculation: options.speculation, metrics, now: () => performance.now() / 1000 });
  let draining = false;
  const serving: Serving = {
    models: () => loaded ?? [],
    state: () => (draining ? 'draining' : loaded === undefined ? 'loading' : 'ready'),
    engine,
    engines: inside.engines ?? (async () => [enginesAtWork(serving)]),
    attention: createAttentionReaders({ queue }),
    runs: await openRuns(runs),
    metrics,
    clock,
    identity: () => randomUUID().replaceAll('-', ''),
    seed: () => randomInt(2 ** 32),
  };
  inside.onOwn?.({ values: own.values, engines: () => enginesAtWork(serving) });
  const take = (ready: readonly TextModel[]): void => {
    loaded = ready;
    for (const model of ready) metrics.load(model.name, { running: 0, waiting: 0 });
  };
  if (Array.isArray(models)) take(models);
  else void Promise.resolve(models).then(take, () => undefined); // Whoever gave the promise hears of its failure.

  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (reply.raw.destroyed) return reply.status(CLIENT_GONE).send();
    const { status, headers, body } = errorAnswer(error);
    if (status === 500) request.log.error({ err: error }, 'a request failed');
    return reply.status(status).headers(headers).send(body);
  };
  const connections = { receiveSeconds, maxConnections };
  const { fastify, node } = connectionOptions(connections, (status) => countRaw(status, own));
  const server = tls === undefined ? { http: node } : { https: { ...node, ...(await readTls(tls)) } };
  const app = Fastify({
    ...fastify,
    ...(server as { readonly http: typeof node }), // The same application, whichever server is under it.
    bodyLimit,
    pluginTimeout: 0, // Fastify's 10 seconds hold for closing too, which has a grace period of its own.
    logger: loggerOptions({ log, logLevel, logPrompts }),
    logController: new LogController({ disableRequestLogging: true }), // We log requests at their end, see request-log.ts.
    genReqId: newRequestId,
    requestIdHeader: false,
    routerOptions: { maxParamLength: 1000 },
    return503OnClosing: false, // Draining answers in our own envelope.
    // Whoever has no answer coming holds nothing up: a browser's connection in advance, half a request, an answer never read.
    forceCloseConnections: true,
    frameworkErrors(error, request, reply) {
      countAnswer(request, reply, own);
      void fail(error, request, reply.header('x-request-id', request.id));
    },
  });
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  const answers = answersUnderWay(app);
  countAnswers(app, own);
  app.addHook('onClose', async () => own.close());
  addAccounting(app);
  logRequests(app, { log, logLevel, logPrompts });
  if (otelEndpoint !== undefined) trace(app, otelEndpoint, clock);
  limitConnections(app, connections);
  refuseUnanswerable(app);
  limitTime(app, requestSeconds);
  readJsonBodies(app);
  if (tls !== undefined) followTls(app, tls);
  await allowOrigins(app, cors);
  refuseOtherMethods(app);
  await guard(app, { keys, limits, clock, standardModel: () => loaded?.[0]?.name });
  app.addHook('preClose', async () => {
    draining = true;
    const end = performance.now() + graceSeconds * 1000;
    await Promise.all([engine.drain(graceSeconds), serving.attention.drain(graceSeconds)]);
    await answers.settled(Math.max(LAST_BYTES, end - performance.now()));
  });
  app.setErrorHandler(fail);
  app.setNotFoundHandler((request, reply) => {
    const message = `Cannot serve the request as there is no such route: ${request.method} ${request.url.slice(0, 200)}. ${ROUTES}`;
    return reply.status(404).send(envelope(404, message, { code: 'WEFT_SERVE_ROUTE' }));
  });
  operationsRoutes(app, serving);
  completionsRoute(app, serving);
  chatRoute(app, serving);
  responsesRoute(app, serving);
  embeddingsRoute(app, serving);
  tokenizeRoutes(app, serving);
  feedbackRoute(app, serving, options.feedback === undefined ? undefined : createFeedbackLog(options.feedback));
  pageDataRoutes(app, serving);
  engineRoute(app, serving);
  explainRoute(app, serving);
  attentionRoute(app, serving);
  await pageRoutes(app, page === undefined ? undefined : [page]);
  return app;
}

/** Has an application ask for the keys of a file, when there is one. */
async function guard(app: FastifyInstance, { keys, ...others }: { keys: string | undefined } & Omit<GuardOptions, 'keys'>): Promise<void> {
  const ring =
    keys === undefined
      ? undefined
      : await openKeyRing(keys, {
          onReload: (count) => app.log.info({ keys: count }, 'the keys were read again'),
          onError: (error) => app.log.error({ err: error }, 'the keys cannot be read; the former hold on'),
        });
  if (ring !== undefined) app.addHook('onClose', async () => ring.close());
  guardRoutes(app, { keys: ring, ...others });
}

/** Has an application send a span of each request to a collector. */
function trace(app: FastifyInstance, endpoint: string, clock: () => number): void {
  const exporter = createSpanExporter(endpoint, {
    onDropped: (spans, reason) => app.log.warn({ spans, reason }, 'spans were dropped'),
  });
  traceRequests(app, { exporter, clock });
}
