/**
 * Sends spans to a collector of OpenTelemetry: OTLP over HTTP, as JSON (https://opentelemetry.io/docs/specs/otlp/, and
 * https://github.com/open-telemetry/opentelemetry-proto, `trace.proto`).
 *
 * Decided: own code. A span a request is a small part of what OpenTelemetry's SDK does, which is 28 MB in ten packages, and
 * whose newest exporter needs Node ≥ 22. Sending never holds up a request: spans wait in memory, at most so many, and are
 * dropped, counted and told of, when the collector does not take them.
 */

/** What was done, when, for how long. */
export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** The span of the program that asked, when it sent one. */
  readonly parentSpanId?: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  /** What went wrong on the server's side. */
  readonly error?: string;
}

/** See {@link createSpanExporter}. */
export interface SpanExporter {
  add(span: Span): void;
  /** Sends what waits; resolves when the collector has it, or does not take it. */
  flush(): Promise<void>;
  /** Sends what waits, for the last time. */
  close(): Promise<void>;
}

/** Options of {@link createSpanExporter}. */
export interface SpanExporterOptions {
  /** Default `weft`. */
  readonly serviceName?: string;
  /** Hears how many spans were dropped, and why. */
  readonly onDropped?: (spans: number, reason: string) => void;
}

/** Most spans that wait; a collector that is away does not fill the memory. */
const MOST = 2048;
/** Most spans in one message. */
const BATCH = 512;
/** Milliseconds between two messages. */
const INTERVAL = 5000;
/** Milliseconds that the collector has to answer. */
const TIMEOUT = 5000;
/** The kind of a span that answers a request: SPAN_KIND_SERVER. */
const SERVER = 2;
/** STATUS_CODE_ERROR. */
const ERROR = 2;

/**
 * An exporter that sends to `endpoint`, e.g. `http://localhost:4318`, in the background.
 *
 * @param endpoint - without the path `/v1/traces`, which is added
 * @param options - see {@link SpanExporterOptions}
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { once } from 'node:events';
 * import type { AddressInfo } from 'node:net';
 * import { createSpanExporter } from 'weft/monitor';
 *
 * const collector = createServer((request, response) => {
 *   console.log(request.url); // /v1/traces
 *   response.end('{}');
 * });
 * collector.listen(0);
 * await once(collector, 'listening');
 * const exporter = createSpanExporter(`http://localhost:${(collector.address() as AddressInfo).port}`);
 * exporter.add({ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name: 'a', start: 1, end: 2, attributes: {} });
 * await exporter.close();
 * collector.close();
 * ```
 */
export function createSpanExporter(endpoint: string, options: SpanExporterOptions = {}): SpanExporter {
  const { serviceName = 'weft', onDropped = () => undefined } = options;
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const waiting: Span[] = [];
  let overflow = 0;
  let work = Promise.resolve();
  const drain = async (): Promise<void> => {
    if (overflow > 0) onDropped(overflow, 'too many wait for the collector');
    overflow = 0;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      const reason = await send(url, message(batch, serviceName));
      if (reason !== undefined) onDropped(batch.length, reason);
    }
  };
  const flush = (): Promise<void> => (work = work.then(drain));
  const timer = setInterval(() => void flush(), INTERVAL).unref();
  return {
    add(span) {
      if (waiting.length < MOST) waiting.push(span);
      else overflow++;
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}

/** Undefined when the collector took it, else why not. */
async function send(url: string, body: object): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    await answer.arrayBuffer();
    return answer.ok ? undefined : `the collector answered ${answer.status}`;
  } catch (error) {
    const { message: text, cause } = error as Error;
    return cause instanceof Error ? cause.message : text;
  }
}

/** An ExportTraceServiceRequest. */
function message(spans: readonly Span[], serviceName: string): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes({ 'service.name': serviceName, 'process.pid': process.pid }) },
        scopeSpans: [{ scope: { name: 'weft' }, spans: spans.map(wire) }],
      },
    ],
  };
}

function wire({ traceId, spanId, parentSpanId, name, start, end, attributes: values, error }: Span): object {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: SERVER,
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(end),
    attributes: attributes(values),
    status: error === undefined ? {} : { code: ERROR, message: error },
  };
}

/** A 64-bit number as text, as JSON's own numbers are too small for it. */
function nanoseconds(milliseconds: number): string {
  return String(BigInt(Math.round(milliseconds * 1000)) * 1000n);
}

function attributes(values: Span['attributes']): readonly object[] {
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: anyValue(value) }]));
}

function anyValue(value: string | number | readonly string[]): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map(anyValue) } };
}
