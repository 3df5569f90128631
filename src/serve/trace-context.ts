/** The header `traceparent`, with which the program that asks says of which trace its request is a part: https://www.w3.org/TR/trace-context/. */

/** Where a request stands in a trace. */
export interface TraceContext {
  readonly traceId: string;
  /** The span of the program that asks. */
  readonly parentSpanId: string;
  /** Whether that program records the trace. */
  readonly sampled: boolean;
}

/** What the header says; undefined when it is missing or malformed, and the trace then begins here. */
export function readTraceparent(header: string | undefined): TraceContext | undefined {
  const found = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header ?? '');
  if (found === null) return undefined;
  const [, version = '', traceId = '', parentSpanId = '', flags = '', more] = found;
  const later = version !== '00';
  if (version === 'ff' || (!later && more !== undefined) || /^0+$/.test(traceId) || /^0+$/.test(parentSpanId)) return undefined;
  return { traceId, parentSpanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
