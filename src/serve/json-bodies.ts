/**
 * JSON bodies as they are sent and no deeper than is sensible: what is nested a hundred thousand times would break whatever walks
 * it later, and is read by nobody. The depth is counted before anything is parsed.
 *
 * Decided: JSON is UTF-8 (https://www.rfc-editor.org/rfc/rfc8259#section-8.1) and comes uncompressed, as a small body could grow
 * beyond every limit. Both are seen in the headers, before the body is read. Names that could reach the prototype of an object
 * are refused by name.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { pathText } from './bodies/read-body.ts';
import { RequestError, refuse } from './request-error.ts';

/** Most arrays and objects within each other. */
const DEEPEST = 64;

const [QUOTE, BACKSLASH, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/** Has the application read JSON bodies that are plain UTF-8 and no deeper than is sensible. */
export function readJsonBodies(app: FastifyInstance): void {
  app.addHook('preParsing', async (request, reply) => {
    if (!request.is404) requirePlain(request, reply);
  });
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (isDeeper(text, DEEPEST)) done(tooDeep());
    else void parse(request, text, (error, value?: unknown) => (error === null ? done(null, value) : done(forbiddenName(text) ?? error)));
  });
}

/** @throws RequestError 415 for a body that is compressed, or text of another encoding */
function requirePlain({ headers }: FastifyRequest, reply: FastifyReply): void {
  const coding = headers['content-encoding'] ?? '';
  if (!coding.split(',').every((one) => ['', 'identity'].includes(one.trim().toLowerCase()))) {
    // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16
    void reply.header('accept-encoding', 'identity');
    throw encoded('its body is compressed', `content-encoding: ${coding}`, 'Send it as it is, without content-encoding.');
  }
  for (const [, charset = ''] of (headers['content-type'] ?? '').matchAll(/;\s*charset\s*=\s*"?([^";]*)/gi)) {
    if (/^(?:utf-?8|us-ascii)$/i.test(charset.trim())) continue;
    throw encoded('its body is not in UTF-8', `charset=${charset}`, 'Send it in UTF-8, with content-type: application/json.');
  }
}

function encoded(rule: string, value: string, remedy: string): RequestError {
  return new RequestError(
    { code: 'WEFT_SERVE_BODY_ENCODING', action: 'read the request', rule, value: value.slice(0, 80), remedy },
    { status: 415 },
  );
}

/** The refusal of a name that could reach an object's prototype, when that is why a text was refused. */
function forbiddenName(text: string): RequestError | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
  const path = findForbidden(body);
  if (path === undefined) return undefined;
  const param = pathText(path);
  return refuse('WEFT_SERVE_BODY', { rule: 'its body has a name that none may have', value: param, remedy: 'Leave it out.', param });
}

/** Where `__proto__` stands, or a `constructor` that has a `prototype`; what is walked is not deep. */
function findForbidden(value: unknown): readonly PropertyKey[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, '__proto__')) return ['__proto__'];
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    if (name === 'constructor' && typeof inner === 'object' && inner !== null && Object.hasOwn(inner, 'prototype')) return [name];
    const within = findForbidden(inner);
    if (within !== undefined) return [Array.isArray(value) ? Number(name) : name, ...within];
  }
  return undefined;
}

/** Whether a JSON text nests deeper than `most`; of a text that is no JSON, anything. */
export function isDeeper(text: string, most: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      if (++depth > most) return true;
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
  }
  return false;
}

function tooDeep(): RequestError {
  return new RequestError(
    {
      code: 'WEFT_SERVE_BODY_DEEP',
      action: 'read the request',
      rule: `its body nests more than ${DEEPEST} arrays and objects`,
      remedy: 'Send a flatter one.',
    },
    { status: 400 },
  );
}
