/**
 * Errors over HTTP, in the envelope that OpenAI's clients read: `{"error": {message, type, param, code}}`.
 *
 * Decided: `code` is OpenAI's own word where clients look for one (`model_not_found`, `context_length_exceeded`), else
 * Weft's code. A fault of ours says nothing of its inside; the log has it under the same request id.
 */

import { UsageError, WeftError } from '../core/index.ts';
import type { ErrorReport } from '../core/index.ts';

/** The body of an answer that is an error. */
export interface ErrorBody {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string | null };
}

/** What a {@link RequestError} needs beside the report. */
export interface HttpReport {
  /** HTTP status. */
  readonly status: number;
  /** The parameter at fault, e.g. `messages[0].role`. */
  readonly param?: string;
  /** The code that OpenAI's clients know this error by, when there is one. */
  readonly wireCode?: string;
  /** Seconds after which to try again: the `retry-after` header. */
  readonly retryAfter?: number;
}

/** A request that can't be served, and why. */
export class RequestError extends WeftError {
  override readonly name: string = 'RequestError';
  readonly http: HttpReport;

  constructor(report: ErrorReport, http: HttpReport) {
    super(report);
    this.http = http;
  }
}

/** The 400 for a request that breaks a rule. */
export function refuse(code: string, { rule, value, remedy, param, wireCode }: Refusal): RequestError {
  return new RequestError(
    { code, action: 'serve the request', rule, remedy, ...(value === undefined ? {} : { value }) },
    { status: 400, ...(param === undefined ? {} : { param }), ...(wireCode === undefined ? {} : { wireCode }) },
  );
}

/** The 400 for what another room refused, with the parameter that it came from. */
export function refusalOf(error: UsageError, param: string): RequestError {
  const [, action = 'serve the request', rule = error.message] = /^Cannot (.+?) as (.+)$/s.exec(error.message) ?? [];
  return new RequestError({ code: error.code, action, rule, remedy: error.remedy }, { status: 400, param });
}

interface Refusal {
  readonly rule: string;
  readonly value?: string;
  readonly remedy: string;
  readonly param?: string;
  readonly wireCode?: string;
}

const TYPES: { readonly [status: number]: string } = {
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  503: 'service_unavailable_error',
};

/** The type of error that goes with a status. */
function errorType(status: number): string {
  return TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
}

/** Status, headers and body for anything that was thrown while a request was served. */
export function errorAnswer(error: unknown): {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
} {
  if (error instanceof RequestError) {
    const { status, param, wireCode, retryAfter } = error.http;
    return {
      status,
      headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
      body: envelope(status, `${error.message}. ${error.remedy}`, {
        code: wireCode ?? error.code,
        ...(param === undefined ? {} : { param }),
      }),
    };
  }
  if (error instanceof UsageError)
    return { status: 400, headers: {}, body: envelope(400, `${error.message}. ${error.remedy}`, { code: error.code }) };
  // The model's fault, which whoever asked can do nothing about but should know.
  if (error instanceof WeftError && error.code === 'WEFT_GENERATE_NOT_FINITE')
    return { status: 500, headers: {}, body: envelope(500, `${error.message}. ${error.remedy}`, { code: error.code }) };
  const fromFastify = FASTIFY[(error as { code?: string } | null)?.code ?? ''];
  if (fromFastify !== undefined)
    return { status: fromFastify.status, headers: {}, body: envelope(fromFastify.status, fromFastify.message, { code: fromFastify.code }) };
  const status = (error as { statusCode?: number } | null)?.statusCode;
  if (error instanceof Error && status !== undefined && status >= 400 && status < 500) {
    return { status, headers: {}, body: envelope(status, error.message, { code: 'WEFT_SERVE_BODY' }) };
  }
  return {
    status: 500,
    headers: {},
    body: envelope(500, 'The server failed. Its log has the reason under this x-request-id.', { code: 'WEFT_SERVE_FAILED' }),
  };
}

/** An error in OpenAI's envelope. */
export function envelope(status: number, message: string, { code, param }: { readonly code: string; readonly param?: string }): ErrorBody {
  return { error: { message, type: errorType(status), param: param ?? null, code } };
}

/** Fastify's own complaints about a request, in our words. */
const FASTIFY: { readonly [code: string]: { readonly status: number; readonly code: string; readonly message: string } } = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    status: 413,
    code: 'WEFT_SERVE_BODY_LARGE',
    message: 'Cannot read the request as its body is too large. Send a shorter prompt, or start the server with a higher body limit.',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: {
    status: 400,
    code: 'WEFT_SERVE_BODY',
    message: 'Cannot read the request as its body is not JSON. Send a JSON object.',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    status: 400,
    code: 'WEFT_SERVE_BODY',
    message: 'Cannot read the request as its body is empty. Send a JSON object.',
  },
  FST_ERR_BAD_URL: {
    status: 400,
    code: 'WEFT_SERVE_ROUTE',
    message: 'Cannot serve the request as its address is malformed. Write a percent sign in it as %25.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    code: 'WEFT_SERVE_BODY',
    message: 'Cannot read the request as its body is not JSON. Send it with content-type: application/json.',
  },
};
