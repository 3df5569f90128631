/** Which keywords of JSON Schema are followed, which say nothing about a value, and reading the plain ones. */

import { schemaRefusal } from './schema-error.ts';
import type { SchemaNode } from './schema-nodes.ts';

/** What a value may be. */
export type JsonKind = 'null' | 'boolean' | 'string' | 'integer' | 'number' | 'array' | 'object';

/** Keywords that speak of one kind of value only. */
const KIND_KEYWORDS: Readonly<Record<string, readonly JsonKind[]>> = {
  properties: ['object'],
  required: ['object'],
  additionalProperties: ['object'],
  minLength: ['string'],
  maxLength: ['string'],
  pattern: ['string'],
  minimum: ['number'],
  maximum: ['number'],
  exclusiveMinimum: ['number'],
  exclusiveMaximum: ['number'],
  multipleOf: ['number'],
  items: ['array'],
  prefixItems: ['array'],
  minItems: ['array'],
  maxItems: ['array'],
  uniqueItems: ['array'],
};

/** Keywords that any value may have to follow. */
const OTHERS: readonly string[] = ['type', 'nullable', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', '$ref', 'format'];

/** Keywords that describe and do not restrict; what the two lists hold is read where a `$ref` names it. */
const ANNOTATIONS: ReadonlySet<string> = new Set(
  (
    'title description default examples example deprecated readOnly writeOnly $schema $id id $comment $anchor $vocabulary $defs definitions ' +
    'externalDocs xml contentMediaType contentEncoding contentSchema'
  ).split(' '),
);

/** Formats of numbers, as OpenAPI names them, and the integers that they hold. */
export const NUMBER_FORMATS: ReadonlyMap<string, readonly [min: bigint, max: bigint] | undefined> = new Map([
  ['int32', [-(2n ** 31n), 2n ** 31n - 1n]],
  ['int64', [-(2n ** 63n), 2n ** 63n - 1n]],
  ['float', undefined],
  ['double', undefined],
]);

/** The keywords of a schema that restrict a value. */
export function assertions({ json }: SchemaNode): readonly string[] {
  return Object.keys(json).filter((keyword) => json[keyword] !== undefined && !ANNOTATIONS.has(keyword) && !keyword.startsWith('x-'));
}

/**
 * Refuses keywords that are not followed.
 *
 * @throws UsageError `WEFT_GENERATE_SCHEMA` naming the first
 */
export function requireKnownKeywords(node: SchemaNode): void {
  for (const keyword of assertions(node)) {
    if (Object.hasOwn(KIND_KEYWORDS, keyword) || OTHERS.includes(keyword)) continue;
    // With these values they ask for nothing.
    if ((keyword === 'minProperties' || keyword === 'minContains') && node.json[keyword] === 0) continue;
    throw schemaRefusal('the keyword is not followed here', `${node.path}/${keyword}`);
  }
}

const KINDS: readonly JsonKind[] = ['null', 'boolean', 'string', 'integer', 'number', 'array', 'object'];
const EVERY_KIND: readonly JsonKind[] = KINDS.filter((kind) => kind !== 'integer');

/** The kinds of value that all `nodes` allow. Where none names one, keywords of one kind alone mean that kind. */
export function kindsOf(nodes: readonly SchemaNode[]): ReadonlySet<JsonKind> {
  let kinds: ReadonlySet<JsonKind> = new Set(EVERY_KIND);
  let named = false;
  for (const { json, path } of nodes) {
    if (json['type'] === undefined) continue;
    named = true;
    const list: readonly unknown[] = Array.isArray(json['type']) ? json['type'] : [json['type']];
    const own = new Set(
      list.map((kind) => {
        if (!KINDS.includes(kind as JsonKind)) throw schemaRefusal(`type must be of ${KINDS.join(', ')}`, `${path}/type`);
        return kind as JsonKind;
      }),
    );
    if (json['nullable'] === true) own.add('null');
    kinds = new Set(bothKinds(kinds, own));
  }
  if (named || nodes.some(({ json }) => json['enum'] !== undefined || json['const'] !== undefined)) return kinds;
  const meant = new Set(nodes.flatMap((node) => assertions(node).flatMap((keyword) => KIND_KEYWORDS[keyword] ?? [])));
  if (nodes.some(({ json }) => typeof json['format'] === 'string')) {
    for (const { json } of nodes)
      if (json['format'] !== undefined) meant.add(NUMBER_FORMATS.has(json['format'] as string) ? 'number' : 'string');
  }
  return meant.size === 1 ? meant : kinds;
}

function bothKinds(a: ReadonlySet<JsonKind>, b: ReadonlySet<JsonKind>): readonly JsonKind[] {
  return KINDS.filter((kind) => {
    const inA = a.has(kind) || (kind === 'integer' && a.has('number'));
    const inB = b.has(kind) || (kind === 'integer' && b.has('number'));
    // Whole numbers are numbers already.
    return inA && inB && !(kind === 'integer' && a.has('number') && b.has('number'));
  });
}

/** A number that a keyword gives, from each node that has it. */
export function numbersOf(nodes: readonly SchemaNode[], keyword: string, rule: NumberRule = FINITE): readonly number[] {
  return nodes.flatMap(({ json, path }) => {
    const value = json[keyword];
    if (value === undefined) return [];
    if (typeof value !== 'number' || !rule.holds(value)) throw schemaRefusal(`${keyword} must be ${rule.words}`, `${path}/${keyword}`);
    return [value];
  });
}

/** What a number must be. */
export interface NumberRule {
  readonly holds: (value: number) => boolean;
  readonly words: string;
}

const FINITE: NumberRule = { holds: Number.isFinite, words: 'a number' };
/** A count of characters, items or properties. */
export const COUNT: NumberRule = { holds: (value) => Number.isSafeInteger(value) && value >= 0, words: 'a whole number of at least 0' };

/** A range of counts: the largest of the least, and the least of the most. */
export function countsOf(nodes: readonly SchemaNode[], least: string, most: string): { readonly min: number; readonly max: number } {
  return { min: Math.max(0, ...numbersOf(nodes, least, COUNT)), max: Math.min(Infinity, ...numbersOf(nodes, most, COUNT)) };
}

/** The first node that has a keyword, as the path to it. */
export function pathOf(nodes: readonly SchemaNode[], keywords: readonly string[]): string {
  for (const { json, path } of nodes) for (const keyword of keywords) if (json[keyword] !== undefined) return `${path}/${keyword}`;
  return nodes[0]?.path ?? '#';
}
