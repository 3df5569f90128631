/**
 * Numbers, given values, and values of any kind of JSON.
 *
 * Decided: white space is at most one space behind a colon or a comma, as models write JSON on one line, and as a model that
 * may write white space without end sometimes does. Numbers that nothing bounds have so many digits that every 64-bit integer
 * and every double has a spelling, and none that is read as infinite.
 */

import { codePoints } from './code-point-ranges.ts';
import { type Expression, characters, choice, literal, optional, repeat, rule, sequence } from './expression.ts';
import { jsonString } from './json-strings.ts';

export const COMMA: Expression = sequence(literal(','), optional(literal(' ')));
export const COLON: Expression = sequence(literal(':'), optional(literal(' ')));

/** How deep a value of any kind may be nested. */
const DEEPEST = 32;

/** Digits of an integer, and of a number before and behind its point, that nothing bounds. */
export const INTEGER_DIGITS = 19;
const WHOLE_DIGITS = 21;
const FRACTION_DIGITS = 25;

const range = (first: string, last: string): Expression => {
  return characters(codePoints([[first.codePointAt(0) as number, last.codePointAt(0) as number]]));
};
export const DIGIT: Expression = range('0', '9');
const MINUS = optional(literal('-'));
const FROM_ONE = range('1', '9');
const WHOLE = choice(literal('0'), sequence(FROM_ONE, repeat(DIGIT, 0, WHOLE_DIGITS - 1)));
const FRACTION = optional(sequence(literal('.'), repeat(DIGIT, 1, FRACTION_DIGITS)));
/** Digits behind the point of the largest double, 1.7976931348623157 × 10^308, and of those below that begin with 1. */
const LARGEST_FRACTION = '7976931348623157';
const FRACTION_OF_LARGEST = choice(
  ...Array.from(LARGEST_FRACTION, (digit, index) => {
    const below = digit === '0' ? [] : [sequence(range('0', String(Number(digit) - 1)), repeat(DIGIT, 0, FRACTION_DIGITS))];
    return sequence(literal(LARGEST_FRACTION.slice(0, index)), choice(...below, literal(digit)));
  }),
);
const E = choice(literal('e'), literal('E'));
const PLUS = optional(literal('+'));

/** Any whole number. */
export const ANY_INTEGER: Expression = choice(literal('0'), sequence(MINUS, FROM_ONE, repeat(DIGIT, 0, INTEGER_DIGITS - 1)));

/** Any number, up to the largest double. */
export const ANY_NUMBER: Expression = sequence(
  MINUS,
  choice(
    sequence(WHOLE, FRACTION, optional(sequence(E, optional(choice(literal('+'), literal('-'))), repeat(DIGIT, 1, 2)))),
    sequence(
      DIGIT,
      FRACTION,
      E,
      choice(
        sequence(PLUS, range('1', '2'), DIGIT, DIGIT),
        sequence(PLUS, literal('30'), range('0', '7')),
        sequence(literal('-'), repeat(DIGIT, 3, 3)),
      ),
    ),
    sequence(literal('1'), optional(sequence(literal('.'), FRACTION_OF_LARGEST)), E, PLUS, literal('308')),
  ),
);

/** A given value; what stands between its parts is as free as elsewhere. */
export function jsonValue(value: unknown): Expression {
  if (Array.isArray(value)) return sequence(literal('['), ...joined(value.map(jsonValue)), literal(']'));
  if (typeof value !== 'object' || value === null) return literal(JSON.stringify(value));
  const properties = Object.entries(value).map(([name, inner]) => sequence(literal(JSON.stringify(name)), COLON, jsonValue(inner)));
  return sequence(literal('{'), ...joined(properties), literal('}'));
}

function joined(parts: readonly Expression[]): readonly Expression[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [COMMA, part]));
}

/** The rules of a value of any kind; the names of those for it, and for an object of any kind. */
export function addAnyValue(rules: Map<string, Expression>): { readonly value: string; readonly object: string } {
  const [value, object] = [nameOf('value', DEEPEST), nameOf('object', DEEPEST)];
  if (rules.has(value)) return { value, object };
  rules.set('any string', jsonString());
  rules.set('any number', ANY_NUMBER);
  for (let depth = 0; depth <= DEEPEST; depth++) {
    const inner = rule(nameOf('value', depth - 1));
    const property = sequence(rule('any string'), COLON, inner);
    const scalars = [rule('any string'), rule('any number'), literal('true'), literal('false'), literal('null')];
    if (depth > 0) {
      rules.set(nameOf('object', depth), sequence(literal('{'), optional(list(property)), literal('}')));
      rules.set(nameOf('array', depth), sequence(literal('['), optional(list(inner)), literal(']')));
    }
    const nested = depth > 0 ? [rule(nameOf('object', depth)), rule(nameOf('array', depth))] : [];
    rules.set(nameOf('value', depth), choice(...scalars, ...nested));
  }
  return { value, object };
}

function nameOf(kind: string, depth: number): string {
  return `any ${kind} of depth ${depth}`;
}

/** One or more, with commas between. */
function list(part: Expression): Expression {
  return sequence(part, repeat(sequence(COMMA, part), 0, Infinity));
}
