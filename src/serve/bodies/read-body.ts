/**
 * Request bodies, checked: unknown parameters are named, and parameters that OpenAI's API knows but this server does not
 * carry out are refused unless they say nothing (`presence_penalty: 0`), so that no wish is dropped in silence.
 */

import type { z } from 'zod';

import { issueWords, kindWords } from '../issue-words.ts';
import { refuse } from '../request-error.ts';
import type { RequestError } from '../request-error.ts';
import { UNSUPPORTED } from './unsupported.ts';
import type { Unsupported } from './unsupported.ts';

/** More than any route has. */
const MOST_PARAMETERS = 200;

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
  if (Object.keys(body).length > MOST_PARAMETERS) {
    throw refuse('WEFT_SERVE_BODY', {
      rule: `its body has more than ${MOST_PARAMETERS} parameters`,
      value: String(Object.keys(body).length),
      remedy: 'Send those that the route has.',
    });
  }
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (value === null) continue;
    const neutral = Object.hasOwn(unsupported, name) ? unsupported[name] : undefined;
    if (neutral === undefined) given[name] = value;
    else if (!neutral(value, body as Readonly<Record<string, unknown>>)) throw notCarriedOut(name, value);
  }
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const param = pathText([...issue.path, issue.keys[0] ?? '']);
    throw refuse('WEFT_SERVE_PARAMETER_UNKNOWN', {
      rule: 'a parameter is unknown',
      value: param,
      remedy: 'Check its spelling, or leave it out.',
      param,
    });
  }
  const path = issue?.path ?? [];
  const param = pathText(path);
  if (Object.hasOwn(unsupported, param)) throw notCarriedOut(param, valueAt(given, path));
  if (valueAt(given, path) === undefined) {
    throw refuse('WEFT_SERVE_PARAMETER', { rule: 'a parameter is missing', value: param, remedy: 'Give it.', param });
  }
  throw refuse('WEFT_SERVE_PARAMETER', {
    rule: `the parameter ${param} does not fit`,
    value: issueText(issue),
    remedy: 'Give a value of the named kind and range.',
    param,
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

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as { readonly [key: PropertyKey]: unknown } | null | undefined)?.[key], body);
}

/** What is wrong in words; of a union, that of the branch whose kind fits and that got furthest, or the kinds of all. */
function issueText(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== 'invalid_union' || issue.errors.length === 0) return issue === undefined ? 'invalid' : issueWords(issue);
  const branches = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
  const fitting = branches.filter((branch) => branch.code !== 'invalid_type' || branch.path.length > 0);
  const furthest = fitting.toSorted((a, b) => b.path.length - a.path.length || Number(b.path[0]) - Number(a.path[0]))[0];
  if (furthest !== undefined)
    return furthest.path.length === 0 ? issueText(furthest) : `${pathText(furthest.path)}: ${issueText(furthest)}`;
  const kinds = branches.flatMap((branch) => (branch.code === 'invalid_type' ? [kindWords(branch.expected)] : []));
  return `expected ${[...new Set(kinds)].join(' or ')}`;
}
