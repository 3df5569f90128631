/**
 * Whether no value fulfils two schemas at once, as far as can be told without trying values.
 *
 * `oneOf` wants exactly one of its schemas to hold. Where they exclude each other, that is `anyOf`, which a grammar can follow.
 */

import { assertions, kindsOf } from './schema-keywords.ts';
import { type SchemaNode, type SchemaNodes, type SchemaPlace, mapOf } from './schema-nodes.ts';
import { keyOf, listedValues } from './schema-scalars.ts';

/** Properties within properties that are looked at. */
const DEEPEST = 8;

/** Whether the two exclude each other for certain. */
export function areDisjoint(nodes: SchemaNodes, pair: readonly [SchemaPlace, SchemaPlace], depth = 0): boolean {
  const [a, b] = [nodes.gather([pair[0]]), nodes.gather([pair[1]])];
  if (a === undefined || b === undefined) return true;
  const [left, right] = [valuesOf(a), valuesOf(b)];
  if (left !== undefined && right !== undefined) return [...left].every((key) => !right.has(key));
  const [kinds, others] = [certainKinds(a), certainKinds(b)];
  const shared = [...kinds].filter(
    (kind) => others.has(kind) || (kind === 'integer' && others.has('number')) || (kind === 'number' && others.has('integer')),
  );
  if (shared.length === 0) return true;
  if (shared.some((kind) => kind !== 'object') || depth >= DEEPEST) return false;
  // Both are objects: a property that both must have and that can't be the same tells them apart.
  const [first, second] = [mustHave(a), mustHave(b)];
  return [...first].some(([name, place]) => {
    const other = second.get(name);
    return other !== undefined && areDisjoint(nodes, [place, other], depth + 1);
  });
}

function valuesOf(nodes: readonly SchemaNode[]): ReadonlySet<string> | undefined {
  const values = listedValues(nodes);
  return values === undefined ? undefined : new Set(values.map(keyOf));
}

/** The kinds that values may have, by what is listed or else by type. */
function certainKinds(nodes: readonly SchemaNode[]): ReadonlySet<string> {
  const values = listedValues(nodes);
  if (values !== undefined) {
    return new Set(values.map((value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : (typeof value as string))));
  }
  return kindsOf(nodes.filter((node) => assertions(node).length > 0));
}

function mustHave(nodes: readonly SchemaNode[]): ReadonlyMap<string, SchemaPlace> {
  const required = new Set(nodes.flatMap(({ json }) => (Array.isArray(json['required']) ? (json['required'] as unknown[]) : [])));
  return new Map(nodes.flatMap((node) => [...mapOf(node.json, 'properties', node.path)].filter(([name]) => required.has(name))));
}
