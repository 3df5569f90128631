/** What is wrong with a value, in words of our own: Zod's are those of its code. */

import type { z } from 'zod';

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

/** A kind of value in words. */
export function kindWords(kind: string): string {
  return KINDS[kind] ?? kind;
}

/** An issue in words; what a schema says itself stays as it is. */
export function issueWords(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `expected ${kindWords(issue.expected)}`;
  if (issue.code === 'too_small') return bound(issue.inclusive === false ? 'more than' : 'at least', issue.minimum, issue.origin);
  if (issue.code === 'too_big') return bound(issue.inclusive === false ? 'less than' : 'at most', issue.maximum, issue.origin);
  if (issue.code === 'invalid_value') return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  return issue.message;
}

function bound(words: string, limit: number | bigint, origin: string): string {
  const unit = UNITS[origin];
  return `expected ${words} ${limit}${unit === undefined ? '' : ` ${limit === 1 ? unit[0] : unit[1]}`}`;
}
