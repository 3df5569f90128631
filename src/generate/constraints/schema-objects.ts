/**
 * Objects of a JSON schema.
 *
 * Decided: the declared properties come in the order in which the schema has them, and further ones behind them, as OpenAI's
 * structured outputs do. A declared property comes at most once, and a further one never has the name of a declared one. Names
 * are spelled as JSON.stringify spells them.
 */

import { type AutomatonState, EMPTY, type Expression, NEVER, literal, sequence } from './expression.ts';
import { stringBesides } from './json-strings.ts';
import { COLON, COMMA } from './json-values.ts';
import { schemaRefusal } from './schema-error.ts';
import { type SchemaNode, type SchemaPlace, mapOf } from './schema-nodes.ts';

/** Gives the values that fulfil all `places`; undefined for none. */
export type ValueOf = (places: readonly SchemaPlace[]) => Expression | undefined;

/** The objects that all `nodes` allow. `isOpen` says whether properties may be added where a schema that has some doesn't say. */
export function objectOf(nodes: readonly SchemaNode[], valueOf: ValueOf, isOpen: boolean): Expression {
  const declared = nodes.map((node) => mapOf(node.json, 'properties', node.path));
  const required = new Set(nodes.flatMap(requiredOf));
  const names = new Set([...declared.flatMap((map) => [...map.keys()]), ...required]);
  const further = nodes.map(({ json, path }): SchemaPlace => ({
    json: json['additionalProperties'] ?? true,
    path: `${path}/additionalProperties`,
  }));
  const properties: { readonly on: Expression; readonly isRequired: boolean }[] = [];
  for (const name of names) {
    const value = valueOf(declared.map((map, index) => map.get(name) ?? (further[index] as SchemaPlace)));
    const isRequired = required.has(name);
    if (value !== undefined) properties.push({ on: sequence(literal(JSON.stringify(name)), COLON, value), isRequired });
    else if (isRequired) return NEVER;
  }
  // Schemas that hold together close what none of them lists, not what another lists.
  const isSilent = ({ json }: SchemaNode): boolean => json['properties'] !== undefined && json['additionalProperties'] === undefined;
  const others = !isOpen && nodes.some(isSilent) ? undefined : valueOf(further);
  return sequence(literal('{'), propertyList(properties, others && sequence(stringBesides([...names]), COLON, others)), literal('}'));
}

function requiredOf({ json, path }: SchemaNode): readonly string[] {
  const { required } = json;
  if (required === undefined) return [];
  if (!Array.isArray(required) || !required.every((name) => typeof name === 'string')) {
    throw schemaRefusal('required must be a list of names', `${path}/required`);
  }
  return required;
}

/**
 * Properties in their order, some of which may be left out, and others behind them any number of times.
 *
 * State 2 i is before property i when none came yet, state 2 i + 1 when a comma is due.
 */
function propertyList(
  properties: readonly { readonly on: Expression; readonly isRequired: boolean }[],
  others: Expression | undefined,
): Expression {
  const states: AutomatonState[] = properties.flatMap(({ on, isRequired }, index) => {
    const after = 2 * (index + 1);
    const skip = (to: number): AutomatonState['edges'] => (isRequired ? [] : [{ on: EMPTY, to }]);
    return [
      { accepts: false, edges: [{ on, to: after + 1 }, ...skip(after)] },
      { accepts: false, edges: [{ on: sequence(COMMA, on), to: after + 1 }, ...skip(after + 1)] },
    ];
  });
  const last = 2 * properties.length + 1;
  states.push({ accepts: true, edges: others === undefined ? [] : [{ on: others, to: last }] });
  states.push({ accepts: true, edges: others === undefined ? [] : [{ on: sequence(COMMA, others), to: last }] });
  return { kind: 'automaton', states };
}
