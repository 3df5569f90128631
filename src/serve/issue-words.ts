/** What does not fit a schema, in words of our own: Zod's are those of its code. */

import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};
const UNITS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ['character', 'characters'],
  array: ['item', 'items'],
  object: ['entry', 'entries'],
};

/**
 * The issue that says what is wrong, with its whole path: of a union, that of the branch that was meant. That is the one whose
 * `type` fits, or that got furthest; none where the value is of no branch's kind.
 */
export function innermostIssue(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const branches = issue.errors.map((branch) => branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
  const isAt = (inner: Issue, depth: number): boolean => inner.path.length === issue.path.length + depth;
  const ofKind = branches.filter(([first]) => first !== undefined && !(isOneOf(first) && isAt(first, 0)));
  const tagOf = (branch: readonly Issue[]): Issue | undefined =>
    branch.find((inner) => inner.code === 'invalid_value' && isAt(inner, 1) && inner.path.at(-1) === 'type');
  const meant = ofKind.filter((branch) => tagOf(branch) === undefined);
  const [furthest] = meant.flatMap(([first]) => first ?? []).toSorted((a, b) => b.path.length - a.path.length);
  if (furthest !== undefined) return innermostIssue(furthest);
  const tags = ofKind.flatMap((branch) => tagOf(branch) ?? []);
  if (tags[0] === undefined) return issue;
  return { code: 'invalid_union', message: issue.message, path: tags[0].path, errors: tags.map((tag) => [tag]) };
}

function isOneOf({ code }: Issue): boolean {
  return code === 'invalid_type' || code === 'invalid_value';
}

/** An innermost issue in words; what a schema says itself stays as it is. */
export function issueWords(issue: Issue): string {
  const { code } = issue;
  if (code === 'invalid_type' || code === 'invalid_value' || code === 'invalid_union') {
    const all = alternatives(issue);
    return all.length === 0 ? issue.message : `expected ${[...new Set(all)].join(' or ')}`;
  }
  if (code === 'too_small') return bound(issue.inclusive === false ? 'more than' : 'at least', issue.minimum, issue.origin);
  if (code === 'too_big') return bound(issue.inclusive === false ? 'less than' : 'at most', issue.maximum, issue.origin);
  if (code === 'invalid_key' && issue.issues[0] !== undefined) return `its name: ${issueWords(issue.issues[0])}`;
  if (code === 'invalid_format' && issue.format === 'url') return 'expected an address that begins with http:// or https://';
  return issue.message;
}

/** What may stand in a place. */
function alternatives(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_type') return [KINDS[issue.expected] ?? issue.expected];
  if (issue.code === 'invalid_value') return issue.values.map(quoted);
  if (issue.code !== 'invalid_union') return [];
  return [...(issue.inclusive === false ? [] : (issue.options ?? []).map(quoted)), ...issue.errors.flat().flatMap(alternatives)];
}

function quoted(value: unknown): string {
  return typeof value === 'bigint' || typeof value === 'symbol' ? String(value) : JSON.stringify(value);
}

function bound(words: string, limit: number | bigint, origin: string): string {
  const unit = UNITS[origin];
  if (unit === undefined) return `expected ${words} ${limit}`;
  if (words === 'at most' && limit === 0) return `expected no ${unit[1]}`;
  return `expected ${words} ${limit} ${limit === 1 ? unit[0] : unit[1]}`;
}

/** What stands at a place; undefined where nothing does. */
export function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as { readonly [key: PropertyKey]: unknown } | null | undefined)?.[key], body);
}
