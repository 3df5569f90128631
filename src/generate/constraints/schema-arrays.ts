/** Arrays of a JSON schema: the first items by their place, the others alike, and how many there may be. */

import { type AutomatonState, type Expression, NEVER, choice, literal, repeat, sequence } from './expression.ts';
import { COMMA } from './json-values.ts';
import { schemaRefusal } from './schema-error.ts';
import { countsOf } from './schema-keywords.ts';
import { type SchemaNode, type SchemaPlace, listOf } from './schema-nodes.ts';
import type { ValueOf } from './schema-objects.ts';

/** The arrays that all `nodes` allow. */
export function arrayOf(nodes: readonly SchemaNode[], valueOf: ValueOf): Expression {
  const { min, max } = countsOf(nodes, 'minItems', 'maxItems');
  const prefixes = nodes.map(({ json, path }) => listOf(json, 'prefixItems', path));
  const rests = nodes.map(({ json, path }): SchemaPlace => {
    if (Array.isArray(json['items'])) throw schemaRefusal('items must be one schema; prefixItems lists several', `${path}/items`);
    return { json: json['items'] ?? true, path: `${path}/items` };
  });
  const firsts: Expression[] = [];
  let most = max;
  for (let index = 0; index < Math.min(most, Math.max(...prefixes.map(({ length }) => length))); index++) {
    const item = valueOf(prefixes.map((list, at) => list[index] ?? (rests[at] as SchemaPlace)));
    if (item === undefined) most = index;
    else firsts.push(item);
  }
  const rest = most > firsts.length ? valueOf(rests) : undefined;
  if (rest === undefined) most = Math.min(most, firsts.length);
  const repeated = nodes.find(({ json }) => json['uniqueItems'] === true);
  if (repeated !== undefined && most > 1) {
    throw schemaRefusal('uniqueItems can be followed in arrays of one item only', `${repeated.path}/uniqueItems`);
  }
  if (min > most) return NEVER;
  return sequence(literal('['), items({ firsts, rest, min, max: most }), literal(']'));
}

interface Items {
  readonly firsts: readonly Expression[];
  readonly rest: Expression | undefined;
  readonly min: number;
  readonly max: number;
}

function items({ firsts, rest, min, max }: Items): Expression {
  if (firsts.length === 0) {
    if (rest === undefined || max === 0) return sequence();
    const some = sequence(rest, repeat(sequence(COMMA, rest), Math.max(0, min - 1), max - 1));
    return min === 0 ? choice(some, sequence()) : some;
  }
  // State i is behind i items; behind the last of the first ones, all others are one edge.
  const states: AutomatonState[] = firsts.map((item, index) => ({
    accepts: index >= min,
    edges: [{ on: index === 0 ? item : sequence(COMMA, item), to: index + 1 }],
  }));
  const end = firsts.length + 1;
  const others = rest === undefined ? sequence() : repeat(sequence(COMMA, rest), Math.max(0, min - firsts.length), max - firsts.length);
  states.push({ accepts: false, edges: [{ on: others, to: end }] });
  states.push({ accepts: true, edges: [] });
  return { kind: 'automaton', states };
}
