/** Strings, numbers and listed values of a JSON schema. */

import { type CharacterAutomaton, automatonExpression, bothAutomata, characterAutomaton, lengthAutomaton } from './character-automaton.ts';
import { type Bound, decimalRange } from './decimal-range.ts';
import { type Expression, NEVER, choice, literals } from './expression.ts';
import { integerRange } from './integer-range.ts';
import { jsonString, spelledString } from './json-strings.ts';
import { ANY_INTEGER, ANY_NUMBER, jsonValue } from './json-values.ts';
import { readPattern, searchExpression } from './read-pattern.ts';
import { schemaRefusal } from './schema-error.ts';
import { type JsonKind, NUMBER_FORMATS, assertions, countsOf, kindsOf, numbersOf, pathOf } from './schema-keywords.ts';
import type { SchemaNode } from './schema-nodes.ts';
import { STRING_FORMATS, stringFormat } from './string-formats.ts';

/** The strings that all `nodes` allow. */
export function stringOf(nodes: readonly SchemaNode[]): Expression {
  const { min, max } = countsOf(nodes, 'minLength', 'maxLength');
  const contents = new Map<string, Expression>();
  for (const { json, path } of nodes) {
    const { pattern, format } = json;
    if (pattern !== undefined) {
      if (typeof pattern !== 'string') throw schemaRefusal('pattern must be a text', `${path}/pattern`);
      contents.set(`pattern ${pattern}`, searchExpression(patternOf(pattern, `${path}/pattern`)));
    }
    if (format !== undefined && !NUMBER_FORMATS.has(format as string)) {
      const content = typeof format === 'string' ? stringFormat(format) : undefined;
      if (content === undefined) throw schemaRefusal(`format must be of ${STRING_FORMATS.join(', ')}`, `${path}/format`);
      contents.set(`format ${format as string}`, content);
    }
  }
  if (min > max) return NEVER;
  const [first, ...others] = contents.values();
  const isAnyLength = min === 0 && max === Infinity;
  if (first === undefined) return jsonString(min, max);
  if (others.length === 0 && isAnyLength) return spelledString(first);
  const automata = [...[first, ...others].map(characterAutomaton), ...(isAnyLength ? [] : [lengthAutomaton(min, max)])];
  const all = automata.reduce((a, b) => (a === undefined || b === undefined ? undefined : bothAutomata(a, b)));
  return spelledString(automatonExpression(all ?? tooMuch(nodes, ['pattern', 'format'])));
}

function patternOf(pattern: string, path: string): ReturnType<typeof readPattern> {
  try {
    return readPattern(pattern);
  } catch (error) {
    throw schemaRefusal(
      error instanceof Error ? `the pattern can't be followed (${error.message})` : 'the pattern can not be followed',
      path,
    );
  }
}

function tooMuch(nodes: readonly SchemaNode[], keywords: readonly string[]): CharacterAutomaton {
  throw schemaRefusal('what holds together must not take too many states', pathOf(nodes, keywords));
}

/** The numbers that all `nodes` allow; whole ones alone when `whole` is set. */
export function numberOf(nodes: readonly SchemaNode[], whole: boolean): Expression {
  const bounds = boundsOf(nodes);
  const factors = numbersOf(nodes, 'multipleOf', { holds: (value) => value > 0 && Number.isFinite(value), words: 'a number above 0' });
  const fraction = factors.find((factor) => !Number.isSafeInteger(factor));
  if (fraction !== undefined) throw schemaRefusal('multipleOf must be a whole number here', pathOf(nodes, ['multipleOf']));
  if (!whole && factors.length === 0) {
    if (bounds.min === undefined && bounds.max === undefined) return ANY_NUMBER;
    const decimals = decimalRange(bounds.min, bounds.max);
    if (decimals === undefined) throw schemaRefusal('bounds must not have more than 15 digits', pathOf(nodes, BOUNDS));
    return decimals;
  }
  const multipleOf = factors.reduce((all, factor) => leastCommonMultiple(all, BigInt(factor)), 1n);
  const sized = nodes.flatMap(({ json }) => NUMBER_FORMATS.get(json['format'] as string) ?? []);
  const min = largest([...(bounds.min === undefined ? [] : [wholeFrom(bounds.min)]), ...sized.filter((size) => size < 0n)]);
  const max = smallest([...(bounds.max === undefined ? [] : [wholeTo(bounds.max)]), ...sized.filter((size) => size >= 0n)]);
  if (min === undefined && max === undefined && multipleOf === 1n) return ANY_INTEGER;
  const integers = integerRange({ min, max, multipleOf });
  if (integers === undefined) throw schemaRefusal('multipleOf must be smaller', pathOf(nodes, ['multipleOf']));
  return integers;
}

const BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];

function boundsOf(nodes: readonly SchemaNode[]): { readonly min: Bound | undefined; readonly max: Bound | undefined } {
  const read = (inclusive: string, exclusive: string): readonly Bound[] => [
    ...numbersOf(nodes, inclusive).map((value) => ({ value, exclusive: false })),
    ...numbersOf(nodes, exclusive).map((value) => ({ value, exclusive: true })),
  ];
  /** The one that leaves less, seen from below (1) or from above (-1). */
  const tightest = (bounds: readonly Bound[], side: 1 | -1): Bound | undefined => {
    return [...bounds].sort((a, b) => side * (b.value - a.value) || Number(b.exclusive) - Number(a.exclusive))[0];
  };
  return {
    min: tightest(read('minimum', 'exclusiveMinimum'), 1),
    max: tightest(read('maximum', 'exclusiveMaximum'), -1),
  };
}

function wholeFrom({ value, exclusive }: Bound): bigint {
  const least = BigInt(Math.ceil(value));
  return exclusive && Number.isInteger(value) ? least + 1n : least;
}

function wholeTo({ value, exclusive }: Bound): bigint {
  const most = BigInt(Math.floor(value));
  return exclusive && Number.isInteger(value) ? most - 1n : most;
}

function largest(values: readonly bigint[]): bigint | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => (a > b ? a : b));
}

function smallest(values: readonly bigint[]): bigint | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => (a < b ? a : b));
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** The values that `enum` and `const` of all `nodes` list; undefined when none lists any. */
export function listedValues(nodes: readonly SchemaNode[]): readonly unknown[] | undefined {
  let values: ReadonlyMap<string, unknown> | undefined;
  for (const { json, path } of nodes) {
    const lists: (readonly unknown[])[] = [];
    if (json['const'] !== undefined) lists.push([json['const']]);
    if (json['enum'] !== undefined) {
      if (!Array.isArray(json['enum'])) throw schemaRefusal('enum must be a list', `${path}/enum`);
      lists.push(json['enum']);
    }
    for (const list of lists) {
      const own = new Map(list.map((value) => [keyOf(value), value]));
      values = values === undefined ? own : new Map([...values].filter(([key]) => own.has(key)));
    }
  }
  return values === undefined ? undefined : [...values.values()];
}

/** What listed values may stand beside: they are tested against these themselves. */
const TESTED = new Set(['enum', 'const', 'type', 'nullable', 'minLength', 'maxLength', ...BOUNDS, '$ref', 'allOf']);

/** Those of the listed values that fulfil the rest of `nodes`. */
export function listedExpression(values: readonly unknown[], nodes: readonly SchemaNode[]): Expression {
  for (const node of nodes) {
    const other = assertions(node).find((keyword) => !TESTED.has(keyword));
    if (other !== undefined) throw schemaRefusal('the keyword must not stand beside enum or const', `${node.path}/${other}`);
  }
  const kinds = kindsOf(nodes);
  const lengths = countsOf(nodes, 'minLength', 'maxLength');
  const { min, max } = boundsOf(nodes);
  const fits = (value: unknown): boolean => {
    if (!isOfKind(value, kinds)) return false;
    if (typeof value === 'string') return [...value].length >= lengths.min && [...value].length <= lengths.max;
    if (typeof value !== 'number') return true;
    const isAbove = min === undefined || value > min.value || (value === min.value && !min.exclusive);
    return isAbove && (max === undefined || value < max.value || (value === max.value && !max.exclusive));
  };
  const kept = values.filter(fits);
  const scalars = kept.filter((value) => typeof value !== 'object' || value === null).map((value) => JSON.stringify(value));
  const others = kept.filter((value) => typeof value === 'object' && value !== null).map(jsonValue);
  return choice(...(scalars.length > 0 ? [literals(scalars)] : []), ...others);
}

function isOfKind(value: unknown, kinds: ReadonlySet<JsonKind>): boolean {
  if (value === null) return kinds.has('null');
  if (Array.isArray(value)) return kinds.has('array');
  if (typeof value === 'number') return kinds.has('number') || (kinds.has('integer') && Number.isInteger(value));
  return kinds.has(typeof value as JsonKind);
}

/** The same text for values that JSON holds to be equal: the order of properties does not matter. */
export function keyOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
