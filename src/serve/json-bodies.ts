/**
 * JSON bodies that are not too deep: what is nested a hundred thousand times would break whatever walks it later, and is read
 * by nobody. The depth is counted before anything is parsed.
 */

import type { FastifyInstance } from 'fastify';

import { RequestError } from './request-error.ts';

/** Most arrays and objects within each other. */
const DEEPEST = 64;

const [QUOTE, BACKSLASH, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/** Has the application read JSON bodies that are no deeper than is sensible. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (isDeeper(text, DEEPEST)) done(tooDeep());
    else void parse(request, text, done);
  });
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
