/**
 * Request bodies, checked: unknown parameters are named, and parameters that OpenAI's API knows but this server does not
 * carry out are refused unless they say nothing (`presence_penalty: 0`), so that no wish is dropped in silence.
 */

import { z } from 'zod';

import { nearestTo } from '../../core/index.ts';
import { innermostIssue, issueWords, valueAt } from '../issue-words.ts';
import { refuse } from '../request-error.ts';
import type { RequestError } from '../request-error.ts';
import { UNSUPPORTED } from './unsupported.ts';
import type { Unsupported } from './unsupported.ts';

/** More than any route has. */
const MOST_PARAMETERS = 200;
/** More entries than any parameter may have: each that does not fit is slow to tell. */
const MOST_ENTRIES = 2000;
/** Unknown parameters that are named. */
const MOST_NAMED = 3;

/**
 * The checked body. A parameter that is null counts as not given, as in OpenAI's API.
 *
 * @throws RequestError 400 that names the parameter
 */
export function readBody<T>(schema: z.ZodType<T>, body: unknown, unsupported: Unsupported = UNSUPPORTED): T {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw refuse('WEFT_SERVE_BODY', {
      rule: 'its body is not a JSON object',
      remedy: 'Send a JSON object with content-type: application/json.',
    });
  }
  const names = Object.keys(body);
  if (names.length > MOST_PARAMETERS) {
    throw refuse('WEFT_SERVE_BODY', {
      rule: `its body has more than ${MOST_PARAMETERS} parameters`,
      value: `${names.length}, ${names.slice(0, MOST_NAMED).join(', ').slice(0, 200)} among them`,
      remedy: 'Send those that the route has.',
    });
  }
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (value === null) continue;
    if (typeof value === 'object' && !Array.isArray(value) && Object.keys(value as object).length > MOST_ENTRIES) throw tooMany(name);
    const neutral = Object.hasOwn(unsupported, name) ? unsupported[name] : undefined;
    if (neutral === undefined) given[name] = value;
    else if (!neutral(value, body as Readonly<Record<string, unknown>>)) throw notCarriedOut(name, value);
  }
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const issue = first === undefined ? undefined : innermostIssue(first);
  if (issue?.code === 'unrecognized_keys') throw unknown(issue, schema instanceof z.ZodObject ? Object.keys(schema.shape) : []);
  const path = issue?.path ?? [];
  const param = pathText(path);
  if (Object.hasOwn(unsupported, param)) throw notCarriedOut(param, valueAt(given, path));
  if (valueAt(given, path) === undefined) {
    throw refuse('WEFT_SERVE_PARAMETER', { rule: 'a parameter is missing', value: param, remedy: 'Give it.', param });
  }
  throw refuse('WEFT_SERVE_PARAMETER', {
    rule: `the parameter ${param} does not fit`,
    value: issue === undefined ? 'invalid' : issueWords(issue),
    remedy: 'Give a value of the named kind and range.',
    param,
  });
}

function tooMany(param: string): RequestError {
  return refuse('WEFT_SERVE_PARAMETER', {
    rule: `the parameter ${param} has more than ${MOST_ENTRIES} entries`,
    remedy: 'Give fewer.',
    param,
  });
}

/** The nearest of the names that a body may have; of a name of a letter or two anything is near. */
function nearest({ path, keys }: z.core.$ZodIssueUnrecognizedKeys, names: readonly string[]): string | undefined {
  const [key = ''] = keys;
  return path.length === 0 && keys.length === 1 && key.length > 2 && key.length < 40 ? nearestTo(key, names) : undefined;
}

function unknown(issue: z.core.$ZodIssueUnrecognizedKeys, known: readonly string[]): RequestError {
  const { path, keys } = issue;
  const meant = nearest(issue, known);
  const names = keys.slice(0, MOST_NAMED).map((key) => pathText([...path, key]).slice(0, 200));
  const others = keys.length - names.length;
  return refuse('WEFT_SERVE_PARAMETER_UNKNOWN', {
    rule: keys.length === 1 ? 'a parameter is unknown' : 'parameters are unknown',
    value: `${names.join(', ')}${others === 0 ? '' : ` and ${others} more`}`,
    remedy:
      meant !== undefined
        ? `Did you mean ${meant}? Else leave it out.`
        : keys.length === 1
          ? 'Check its spelling, or leave it out.'
          : 'Check their spelling, or leave them out.',
    ...(names[0] === undefined ? {} : { param: names[0] }),
  });
}

function notCarriedOut(param: string, value: unknown): RequestError {
  return refuse('WEFT_SERVE_PARAMETER_UNSUPPORTED', {
    rule: `this server does not carry out ${param}`,
    value: JSON.stringify(value).slice(0, 80),
    remedy: 'Leave the parameter out.',
    param,
  });
}

/** A path as OpenAI writes it: `messages[0].role`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`)).join('');
}
