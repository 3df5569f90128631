/**
 * Grammars of JSON schemas: all values that a schema allows, as JSON on one line.
 *
 * Decided: what can't be followed exactly is refused with the place and the keyword, never followed by half. Each place of the
 * schema is a rule, by the objects that hold there together, so that schemas may refer to themselves. Source: JSON Schema 2020-12.
 */

import { type UsageError, checkOptions } from '../../core/index.ts';
import { compileGrammar } from './compile-grammar.ts';
import { areDisjoint } from './disjoint-schemas.ts';
import { type Expression, NEVER, choice, literal, rule } from './expression.ts';
import type { Grammar } from './grammar.ts';
import { addAnyValue } from './json-values.ts';
import { arrayOf } from './schema-arrays.ts';
import { schemaRefusal } from './schema-error.ts';
import { type JsonKind, assertions, kindsOf, requireKnownKeywords } from './schema-keywords.ts';
import { type SchemaNode, type SchemaPlace, createSchemaNodes, listOf } from './schema-nodes.ts';
import { type ValueOf, objectOf } from './schema-objects.ts';
import { listedExpression, listedValues, numberOf, stringOf } from './schema-scalars.ts';

/** Options of {@link jsonSchemaGrammar}. */
export interface JsonSchemaOptions {
  /**
   * Whether an object may have further properties where its schema lists some and does not say: true, the default, is the standard;
   * false keeps models that ramble to what is listed.
   */
  readonly additionalProperties?: boolean;
}

/** Rules of one schema at most. */
const MOST_RULES = 20_000;
/** Alternatives of alternatives, all at one place. */
const DEEPEST_ALTERNATIVES = 64;

/**
 * The grammar of the values that a JSON schema allows.
 *
 * Followed are `type` (also a list, and `nullable`), `enum`, `const`, `anyOf`, `oneOf` of schemas that exclude each other, `allOf`, `$ref` into
 * the schema itself, `properties`, `required`, `additionalProperties`, `items`, `prefixItems`, `minItems`, `maxItems`, `minLength`,
 * `maxLength`, `pattern`, `format` (date-time, date, time, duration, uuid, email, hostname, ipv4, ipv6, uri, int32, int64, float, double),
 * `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` and whole `multipleOf`. Annotations are ignored, everything else is
 * refused. Properties come in the order of the schema; after a colon or comma there may be one space, and none elsewhere.
 *
 * @param schema - as JSON.parse gives it
 * @throws UsageError `WEFT_GENERATE_SCHEMA` when it has what can't be followed, is too large, or allows no value
 *
 * @example
 * ```ts
 * import { createConstraint, createTokenTrie, jsonSchemaGrammar } from 'weft/generate';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const grammar = jsonSchemaGrammar({
 *   type: 'object',
 *   properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
 *   required: ['name'],
 *   additionalProperties: false,
 * });
 * const tokenizer = await trainTokenizer(['{"name": "Ada"}'], { vocabSize: 257 });
 * const constraint = createConstraint(grammar, createTokenTrie(tokenizer));
 * for (const id of tokenizer.encode('{"name": "Ada", "age": ')) constraint.accept(id);
 * const [minus = 0] = tokenizer.encode('-');
 * console.log(constraint.allows(minus)); // false
 * ```
 */
export function jsonSchemaGrammar(schema: unknown, options: JsonSchemaOptions = {}): Grammar {
  checkOptions('follow a JSON schema', options, ['additionalProperties']);
  const isOpen = options.additionalProperties ?? true;
  const nodes = createSchemaNodes(schema);
  const rules = new Map<string, Expression>();
  const waiting: { readonly name: string; readonly found: readonly SchemaNode[]; readonly done: ReadonlySet<string> }[] = [];

  /** The rule of what holds together; `done` are the lists of alternatives of which one was taken. */
  const valueOf = (places: readonly SchemaPlace[], done: ReadonlySet<string> = NONE): Expression | undefined => {
    const gathered = nodes.gather(places);
    if (gathered === undefined) return undefined;
    const found = gathered.filter((node) => assertions(node).some((keyword) => keyword !== '$ref' && keyword !== 'allOf'));
    if (found.length === 0) {
      // What is ignored must be known to be so.
      gathered.forEach(requireKnownKeywords);
      return rule(addAnyValue(rules).value);
    }
    const here = new Set(found.map(nodes.idOf));
    const open = [...done].filter((key) => here.has(Number.parseInt(key, 10)));
    const name = `#${[...here].sort((a, b) => a - b).join(' ')} ${open.sort().join(' ')}`;
    if (!rules.has(name)) {
      if (rules.size >= MOST_RULES) throw schemaRefusal('it must not have too many combinations of schemas', found[0]?.path ?? '#');
      rules.set(name, NEVER);
      waiting.push({ name, found, done: new Set(open) });
    }
    return rule(name);
  };
  const founded = new Set<SchemaNode['json']>();
  /** Refuses alternatives one of which is the schema itself: whether they hold would depend on whether they hold. */
  const requireFounded = (node: SchemaNode, above: readonly SchemaNode['json'][]): void => {
    if (founded.has(node.json)) return;
    if (above.includes(node.json)) throw schemaRefusal('a $ref must not lead to itself', node.path);
    if (above.length >= DEEPEST_ALTERNATIVES) throw schemaRefusal('alternatives must not be too deep', node.path);
    for (const branch of ['anyOf', 'oneOf'].flatMap((keyword) => listOf(node.json, keyword, node.path))) {
      for (const inner of nodes.gather([branch]) ?? []) requireFounded(inner, [...above, node.json]);
    }
    founded.add(node.json);
  };
  const alternativesOf = (found: readonly SchemaNode[], done: ReadonlySet<string>): Expression | undefined => {
    for (const node of found) {
      for (const keyword of ['anyOf', 'oneOf']) {
        const key = `${nodes.idOf(node)} ${keyword}`;
        if (node.json[keyword] === undefined || done.has(key)) continue;
        requireFounded(node, []);
        const branches = listOf(node.json, keyword, node.path);
        if (keyword === 'oneOf') requireDisjoint(nodes, branches, node);
        // A schema that is nothing but alternatives need not be carried along.
        const isAlternativesOnly = assertions(node).every((other) => other === keyword || other === '$ref' || other === 'allOf');
        const rest = isAlternativesOnly ? found.filter((other) => other !== node) : found;
        const options = branches.flatMap((branch) => valueOf([...rest, branch], new Set([...done, key])) ?? []);
        return choice(...options);
      }
    }
    return undefined;
  };

  const root = valueOf([{ json: schema, path: '#' }]);
  if (root?.kind !== 'rule') throw schemaRefusal('there must be a value that it allows', '#');
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { name, found, done } = next;
    found.forEach(requireKnownKeywords);
    rules.set(name, alternativesOf(found, done) ?? plainValue(found, valueOf, isOpen));
  }
  return compileGrammar(rules, root.name, (broken, value) => refusalOf(broken, value));
}

const NONE: ReadonlySet<string> = new Set();

function refusalOf(broken: string, value: string): UsageError {
  // The names of rules mean nothing outside.
  return schemaRefusal(
    broken === 'a rule must not begin with itself' ? 'a $ref must not lead to itself' : broken,
    value.startsWith('#') ? '#' : value,
  );
}

/** The values of schemas without alternatives. */
function plainValue(found: readonly SchemaNode[], valueOf: ValueOf, isOpen: boolean): Expression {
  const values = listedValues(found);
  if (values !== undefined) return listedExpression(values, found);
  const ofKind: Readonly<Record<JsonKind, () => Expression>> = {
    null: () => literal('null'),
    boolean: () => choice(literal('true'), literal('false')),
    string: () => stringOf(found),
    integer: () => numberOf(found, true),
    number: () => numberOf(found, false),
    array: () => arrayOf(found, valueOf),
    object: () => objectOf(found, valueOf, isOpen),
  };
  return choice(...Array.from(kindsOf(found), (kind) => ofKind[kind]()));
}

function requireDisjoint(nodes: ReturnType<typeof createSchemaNodes>, branches: readonly SchemaPlace[], node: SchemaNode): void {
  branches.forEach((branch, index) => {
    for (const other of branches.slice(index + 1)) {
      if (!areDisjoint(nodes, [branch, other])) {
        throw schemaRefusal(
          'the schemas of oneOf must exclude each other, by their types or by a property that both require',
          `${node.path}/oneOf`,
        );
      }
    }
  });
}
