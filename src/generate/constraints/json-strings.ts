/**
 * Strings of JSON: every character by itself, and as the one spelling that JSON.stringify gives it.
 *
 * Decided: a string that may be anything may be spelled in any way that JSON has, but for halves of surrogate pairs, which are
 * no character. Where its characters matter (names of properties, patterns, listed values) each is spelled in one way, so that
 * what is told of the spelling is told of the string. Source: RFC 8259, section 7.
 */

import { type CodePoints, codePoints, complemented, hasCodePoint, intersected } from './code-point-ranges.ts';
import { type Expression, characters, choice, literal, repeat, sequence, shared } from './expression.ts';

const QUOTE = literal('"');

/** What stands for itself in a string. */
const PLAIN: CodePoints = complemented(
  codePoints([
    [0, 0x1f],
    [0x22, 0x22],
    [0x5c, 0x5c],
  ]),
);

/** What must be escaped. */
const ESCAPED: readonly number[] = [...Array.from({ length: 0x20 }, (_, point) => point), 0x22, 0x5c];

const setOf = (text: string): Expression => {
  return characters(codePoints([...text].map((character) => [character.codePointAt(0) as number, character.codePointAt(0) as number])));
};
const HEX = setOf('0123456789abcdefABCDEF');
const FIRST_OF_SURROGATES = setOf('dD');

/** Any character, in any spelling. */
export const JSON_CHARACTER: Expression = choice(
  characters(PLAIN),
  shared(
    sequence(
      literal('\\'),
      choice(
        setOf('"\\/bfnrt'),
        sequence(
          literal('u'),
          choice(
            sequence(setOf('0123456789abcefABCEF'), HEX, HEX, HEX),
            sequence(FIRST_OF_SURROGATES, setOf('01234567'), HEX, HEX),
            sequence(FIRST_OF_SURROGATES, setOf('89abAB'), HEX, HEX, literal('\\u'), FIRST_OF_SURROGATES, setOf('cdefCDEF'), HEX, HEX),
          ),
        ),
      ),
    ),
  ),
);

/** A string of so many characters (code points). */
export function jsonString(min: number = 0, max: number = Infinity): Expression {
  return sequence(QUOTE, repeat(JSON_CHARACTER, min, max), QUOTE);
}

/** A string whose characters are those of `content`, each in its one spelling. */
export function spelledString(content: Expression): Expression {
  return sequence(QUOTE, spelled(content), QUOTE);
}

const spellings = new WeakMap<CodePoints, Expression>();

/** A character of `set`, in its one spelling. */
export function spelledCharacter(set: CodePoints): Expression {
  const known = spellings.get(set);
  if (known !== undefined) return known;
  const escaped = ESCAPED.filter((point) => hasCodePoint(set, point));
  const plain = characters(intersected(set, PLAIN));
  const spelling = escaped.length === 0 ? plain : choice(plain, escapesOf(escaped));
  spellings.set(set, spelling);
  return spelling;
}

/** Most sets have all characters that must be escaped, or all but one. */
const escapes = new Map<string, Expression>();
const MOST_ESCAPES = 1000;

function escapesOf(points: readonly number[]): Expression {
  const key = points.join(' ');
  let expression = escapes.get(key);
  if (expression === undefined) {
    if (escapes.size >= MOST_ESCAPES) escapes.clear();
    expression = shared(choice(...points.map((point) => literal(escapeOf(String.fromCodePoint(point))))));
    escapes.set(key, expression);
  }
  return expression;
}

/** `expression` with every character in its one spelling. */
export function spelled(expression: Expression): Expression {
  switch (expression.kind) {
    case 'characters':
      return spelledCharacter(expression.set);
    case 'literal':
      return literal(escapeOf(expression.text));
    case 'sequence':
      return { ...expression, parts: expression.parts.map(spelled) };
    case 'choice':
      return { ...expression, options: expression.options.map(spelled) };
    case 'repeat':
    case 'shared':
      return { ...expression, body: spelled(expression.body) };
    case 'rule':
      return expression;
    case 'automaton':
      return {
        ...expression,
        states: expression.states.map((state) => ({ ...state, edges: state.edges.map(({ on, to }) => ({ on: spelled(on), to })) })),
      };
  }
}

/** A text as it stands in a string. */
export function escapeOf(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** A string that is none of `names`, in the one spelling. */
export function stringBesides(names: readonly string[]): Expression {
  interface Node {
    isName: boolean;
    readonly next: Map<number, number>;
  }
  const nodes: Node[] = [{ isName: false, next: new Map() }];
  for (const name of names) {
    let at = 0;
    for (const character of name) {
      const { next } = nodes[at] as Node;
      const point = character.codePointAt(0) as number;
      at = next.get(point) ?? nodes.push({ isName: false, next: new Map() }) - 1;
      next.set(point, at);
    }
    (nodes[at] as Node).isName = true;
  }
  // Once it differs from every name, anything may follow.
  const free = nodes.length;
  const known = new Map<string, CodePoints>();
  const besides = (points: readonly number[]): CodePoints => {
    const key = points.join(' ');
    let set = known.get(key);
    if (set === undefined) known.set(key, (set = complemented(codePoints(points.map((point) => [point, point])))));
    return set;
  };
  const states = nodes.map(({ isName, next }) => ({
    accepts: !isName,
    edges: [
      ...Array.from(next, ([point, to]) => ({ on: literal(escapeOf(String.fromCodePoint(point))), to })),
      { on: spelledCharacter(besides([...next.keys()].sort((a, b) => a - b))), to: free },
    ],
  }));
  const any = { accepts: true, edges: [{ on: spelledCharacter(besides([])), to: free }] };
  return sequence(QUOTE, { kind: 'automaton', states: [...states, any] }, QUOTE);
}
