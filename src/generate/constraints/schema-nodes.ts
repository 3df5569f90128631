/**
 * The parts of a JSON schema that hold at one place together: a schema, what its `$ref` names, and what its `allOf` lists.
 *
 * Decided: nothing is merged in the text of the schema. What holds at a place is a list of its objects, each known by identity, and
 * every keyword is read from all of them, so that schemas that refer to themselves end and no object is copied.
 */

import { schemaRefusal } from './schema-error.ts';

/** An object of JSON. */
export type JsonObject = { readonly [key: string]: unknown };

/** A schema that is no boolean, and where it stands. */
export interface SchemaNode {
  readonly json: JsonObject;
  readonly path: string;
}

/** A schema as it is met: perhaps a boolean, perhaps nothing that is a schema. */
export interface SchemaPlace {
  readonly json: unknown;
  readonly path: string;
}

/** Reads places of one schema. */
export interface SchemaNodes {
  /**
   * All that holds where `places` hold together; undefined when nothing can, as one of them is `false`.
   *
   * @throws UsageError `WEFT_GENERATE_SCHEMA` when a place is no schema or a `$ref` leads nowhere, or to itself
   */
  gather(places: readonly SchemaPlace[]): readonly SchemaNode[] | undefined;
  /** A number that belongs to an object of the schema. */
  idOf(node: SchemaNode): number;
}

/** Values of a schema, depth, characters of all texts, and schemas that hold at one place, at most. */
const MOST_VALUES = 50_000;
const DEEPEST = 128;
const MOST_CHARACTERS: number = 1 << 18;
const MOST_AT_ONCE = 256;
/** Places that are looked at for one schema at most: alternatives of alternatives multiply. */
const MOST_LOOKS = 100_000;

/** See {@link SchemaNodes}. */
export function createSchemaNodes(root: unknown): SchemaNodes {
  requireMeasure(root);
  const ids = new Map<JsonObject, number>();
  let looks = 0;

  const gather = (places: readonly SchemaPlace[]): readonly SchemaNode[] | undefined => {
    const found = new Map<JsonObject, SchemaNode>();
    /** The places before this one that led here. */
    const add = ({ json, path }: SchemaPlace, above: readonly unknown[]): boolean => {
      if (++looks > MOST_LOOKS) throw schemaRefusal('it must not have too many combinations of schemas', path);
      if (json === true) return true;
      if (json === false) return false;
      if (!isObject(json)) throw schemaRefusal('a schema must be an object or a boolean', path);
      if (above.includes(json)) throw schemaRefusal('a $ref must not lead to itself', path);
      if (above.length + found.size > MOST_AT_ONCE) throw schemaRefusal(`no more than ${MOST_AT_ONCE} schemas may hold together`, path);
      if (found.has(json)) return true;
      found.set(json, { json, path });
      const here = [...above, json];
      if (json['$ref'] !== undefined && !add(resolve(root, json['$ref'], `${path}/$ref`), here)) return false;
      return listOf(json, 'allOf', path).every((place) => add(place, here));
    };
    return places.every((place) => add(place, [])) ? [...found.values()] : undefined;
  };
  return {
    gather,
    idOf({ json }) {
      const id = ids.get(json) ?? ids.size;
      ids.set(json, id);
      return id;
    },
  };
}

/** Whether a value is an object of JSON. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schemas that a keyword lists; none where it is left out. */
export function listOf(json: JsonObject, keyword: string, path: string): readonly SchemaPlace[] {
  const list = json[keyword];
  if (list === undefined) return [];
  if (!Array.isArray(list) || list.length === 0) throw schemaRefusal(`${keyword} must be a list of schemas`, `${path}/${keyword}`);
  return list.map((inner: unknown, index) => ({ json: inner, path: `${path}/${keyword}/${index}` }));
}

/** The schemas that a keyword has by name; none where it is left out. */
export function mapOf(json: JsonObject, keyword: string, path: string): ReadonlyMap<string, SchemaPlace> {
  const map = json[keyword];
  if (map === undefined) return new Map();
  if (!isObject(map)) throw schemaRefusal(`${keyword} must be an object of schemas`, `${path}/${keyword}`);
  return new Map(Object.entries(map).map(([name, inner]) => [name, { json: inner, path: `${path}/${keyword}/${escapePointer(name)}` }]));
}

/** What a `$ref` names: a JSON pointer (RFC 6901) into the schema itself. */
function resolve(root: unknown, reference: unknown, path: string): SchemaPlace {
  if (typeof reference !== 'string' || !(reference === '#' || reference.startsWith('#/'))) {
    throw schemaRefusal('a $ref must be a JSON pointer into the schema, such as #/$defs/name', path);
  }
  let at: unknown = root;
  for (const part of decoded(reference, path).split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const next: unknown = typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as JsonObject)[key] : undefined;
    if (next === undefined) throw schemaRefusal('a $ref must name a part of the schema', path);
    at = next;
  }
  return { json: at, path: reference };
}

function decoded(reference: string, path: string): string {
  try {
    return decodeURIComponent(reference);
  } catch {
    throw schemaRefusal('a $ref must be a valid address', path);
  }
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Refuses a schema that is too large or too deep, or that has itself as a part, before anything recurs on it. */
function requireMeasure(root: unknown): void {
  const waiting: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  let values = 0;
  let characters = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, depth } = next;
    if (++values > MOST_VALUES) throw schemaRefusal(`it must not have more than ${MOST_VALUES} values`, '#');
    if (depth > DEEPEST) throw schemaRefusal(`it must not be deeper than ${DEEPEST}`, '#');
    if (typeof value === 'string') characters += value.length;
    if (typeof value === 'object' && value !== null) {
      const parts: readonly unknown[] = Object.values(value);
      if (values + parts.length > MOST_VALUES) throw schemaRefusal(`it must not have more than ${MOST_VALUES} values`, '#');
      if (!Array.isArray(value)) for (const key of Object.keys(value)) characters += key.length;
      for (const part of parts) waiting.push({ value: part, depth: depth + 1 });
    }
    if (characters > MOST_CHARACTERS) throw schemaRefusal(`its texts must not be longer than ${MOST_CHARACTERS} characters`, '#');
  }
}
