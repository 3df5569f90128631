/**
 * Which expressions may be the empty text, and the same expressions without it.
 *
 * What is repeated must take at least a byte, or a loop could go round without end; so X* is compiled as (X without the empty
 * text)*, which has the same texts.
 */

import { type Automaton, EMPTY, type Expression, NEVER, choice, repeat, rule } from './expression.ts';

/** The rules of a grammar by name. */
export type Rules = ReadonlyMap<string, Expression>;

/** Answers for the rules of one grammar. */
export interface EmptyTexts {
  /** Whether the empty text is one of the expression's. */
  isNullable(expression: Expression): boolean;
  /** The expression's texts without the empty one. It may call rules that {@link EmptyTexts.extraRules} has. */
  withoutEmpty(expression: Expression): Expression;
  /** Rules that were made for {@link EmptyTexts.withoutEmpty}, each once. */
  extraRules(): readonly (readonly [name: string, expression: Expression])[];
}

/** See {@link EmptyTexts}. */
export function createEmptyTexts(rules: Rules): EmptyTexts {
  const nullable = nullableRules(rules);
  const isNullable = (expression: Expression): boolean => canBeEmpty(expression, (name) => nullable.has(name));
  const made = new Set<string>();
  const asked: (readonly [name: string, of: string])[] = [];

  const withoutEmpty = (expression: Expression): Expression => {
    if (!isNullable(expression)) return expression;
    switch (expression.kind) {
      case 'characters':
      case 'literal':
        return expression.kind === 'literal' && expression.text === '' ? NEVER : expression;
      case 'sequence':
        return automatonWithoutEmpty(chainOf(expression.parts), isNullable, withoutEmpty);
      case 'choice':
        return choice(...expression.options.map(withoutEmpty));
      case 'repeat':
        return expression.max === 0 ? NEVER : repeat(withoutEmpty(expression.body), 1, expression.max);
      case 'rule': {
        const name = `${expression.name} without the empty text`;
        if (!made.has(name)) {
          made.add(name);
          asked.push([name, expression.name]);
        }
        return rule(name);
      }
      case 'shared':
        return withoutEmpty(expression.body);
      case 'automaton':
        return automatonWithoutEmpty(expression, isNullable, withoutEmpty);
    }
  };
  return {
    isNullable,
    withoutEmpty,
    extraRules() {
      const fresh: [string, Expression][] = [];
      // One rule may ask for the next, in a chain of any length.
      for (let next = asked.pop(); next !== undefined; next = asked.pop()) {
        fresh.push([next[0], withoutEmpty(rules.get(next[1]) ?? EMPTY)]);
      }
      return fresh;
    },
  };
}

/** A sequence as an automaton. */
function chainOf(parts: readonly Expression[]): Automaton {
  const states = parts.map((on, index) => ({ accepts: false, edges: [{ on, to: index + 1 }] }));
  return { kind: 'automaton', states: [...states, { accepts: true, edges: [] }] };
}

/** Each state twice: as long as nothing was taken, and after. */
function automatonWithoutEmpty(
  { states }: Automaton,
  isNullable: (expression: Expression) => boolean,
  withoutEmpty: (expression: Expression) => Expression,
): Automaton {
  const before = states.map(({ edges }) => ({
    accepts: false,
    edges: edges.flatMap(({ on, to }) => [
      { on: withoutEmpty(on), to: to + states.length },
      ...(isNullable(on) ? [{ on: EMPTY, to }] : []),
    ]),
  }));
  const after = states.map(({ accepts, edges }) => ({
    accepts,
    edges: edges.map(({ on, to }) => ({ on, to: to + states.length })),
  }));
  return { kind: 'automaton', states: [...before, ...after] };
}

/** The rules that may be empty: again and again, until no further one is found, but only those that call one just found. */
function nullableRules(rules: Rules): ReadonlySet<string> {
  const nullable = new Set<string>();
  const callers = new Map<string, string[]>();
  for (const [name, expression] of rules) {
    for (const callee of new Set(calledBy(expression))) {
      const known = callers.get(callee);
      if (known === undefined) callers.set(callee, [name]);
      else known.push(name);
    }
  }
  const waiting = [...rules.keys()];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (nullable.has(name) || !canBeEmpty(rules.get(name) as Expression, (other) => nullable.has(other))) continue;
    nullable.add(name);
    for (const caller of callers.get(name) ?? []) waiting.push(caller);
  }
  return nullable;
}

/** The names of the rules that an expression has in it. */
export function calledBy(expression: Expression): readonly string[] {
  switch (expression.kind) {
    case 'characters':
    case 'literal':
      return [];
    case 'sequence':
      return expression.parts.flatMap(calledBy);
    case 'choice':
      return expression.options.flatMap(calledBy);
    case 'repeat':
    case 'shared':
      return calledBy(expression.body);
    case 'rule':
      return [expression.name];
    case 'automaton':
      return expression.states.flatMap(({ edges }) => edges.flatMap(({ on }) => calledBy(on)));
  }
}

function canBeEmpty(expression: Expression, isRuleNullable: (name: string) => boolean): boolean {
  const recur = (inner: Expression): boolean => canBeEmpty(inner, isRuleNullable);
  switch (expression.kind) {
    case 'characters':
      return false;
    case 'literal':
      return expression.text === '';
    case 'sequence':
      return expression.parts.every(recur);
    case 'choice':
      return expression.options.some(recur);
    case 'repeat':
      return expression.min === 0 || recur(expression.body);
    case 'rule':
      return isRuleNullable(expression.name);
    case 'shared':
      return recur(expression.body);
    case 'automaton': {
      const reached = new Set([0]);
      for (const at of reached) {
        const state = expression.states[at];
        if (state?.accepts === true) return true;
        for (const { on, to } of state?.edges ?? []) if (!reached.has(to) && recur(on)) reached.add(to);
      }
      return false;
    }
  }
}
