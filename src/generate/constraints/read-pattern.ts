/**
 * Regular expressions of ECMAScript as expressions of a grammar.
 *
 * Decided: @eslint-community/regexpp reads them, and classes mean what JavaScript's engine says. What a grammar can't follow is
 * refused: looking around, back references, word boundaries, and anchors anywhere but at the ends of an alternative. A pattern
 * is read with the flag `u`, as JSON Schema recommends, and where it isn't valid so, without.
 */

import { type AST, RegExpParser } from '@eslint-community/regexpp';

import { UsageError } from '../../core/index.ts';
import { ALL_CODE_POINTS, type CodePointRange, type CodePoints, codePoints, complemented } from './code-point-ranges.ts';
import { EMPTY, type Expression, characters, choice, repeat, sequence } from './expression.ts';

/** An alternative of a pattern, and whether it says where it must stand. */
export interface PatternAlternative {
  readonly expression: Expression;
  readonly fromStart: boolean;
  readonly toEnd: boolean;
}

/** Characters of a pattern, and groups within each other, at most. */
const LONGEST = 10_000;
const DEEPEST = 100;

/**
 * The alternatives of a pattern.
 *
 * @throws UsageError `WEFT_GENERATE_PATTERN` when it is no regular expression, too long, or has what a grammar can't follow
 */
export function readPattern(source: string): readonly PatternAlternative[] {
  if (source.length > LONGEST) throw patternRefusal(`it must not be longer than ${LONGEST} characters`, `${source.length} characters`);
  requireShallow(source);
  return alternativesOf(parse(source).alternatives);
}

/** What holds for a text that has the pattern anywhere in it. */
export function searchExpression(alternatives: readonly PatternAlternative[]): Expression {
  const anything = repeat(characters(ALL_CODE_POINTS), 0, Infinity);
  return choice(
    ...alternatives.map(({ expression, fromStart, toEnd }) => {
      return sequence(fromStart ? EMPTY : anything, expression, toEnd ? EMPTY : anything);
    }),
  );
}

/** The error of a pattern. */
export function patternRefusal(rule: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_PATTERN',
    action: 'follow a regular expression',
    rule,
    value,
    remedy: 'Write it with literals, classes, groups, alternatives and quantifiers alone.',
  });
}

function parse(source: string): AST.Pattern {
  const parser = new RegExpParser({ ecmaVersion: 2025 });
  try {
    return parser.parsePattern(source, 0, source.length, { unicode: true });
  } catch (error) {
    // Without the flag, halves of surrogate pairs would be characters of their own.
    if (!/[\uD800-\uDFFF]/.test(source)) {
      try {
        return parser.parsePattern(source, 0, source.length, { unicode: false });
      } catch {
        // The error with the flag says more.
      }
    }
    throw patternRefusal('it must be valid', error instanceof Error ? error.message : String(error));
  }
}

/** The parser calls itself for every group: a pattern is not to decide how deep. */
function requireShallow(source: string): void {
  let depth = 0;
  let inClass = false;
  for (let at = 0; at < source.length; at++) {
    const character = source[at];
    if (character === '\\') at++;
    else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    if (depth > DEEPEST) throw patternRefusal(`groups must not be deeper than ${DEEPEST}`, source.slice(0, 40));
  }
}

function alternativesOf(alternatives: readonly AST.Alternative[]): readonly PatternAlternative[] {
  return alternatives.flatMap(({ elements }) => {
    // An alternative that is one group is what is in it.
    const [only] = elements;
    if (elements.length === 1 && (only?.type === 'CapturingGroup' || (only?.type === 'Group' && only.modifiers === null))) {
      return alternativesOf(only.alternatives);
    }
    let [from, to] = [0, elements.length];
    while (from < to && isAnchor(elements[from], 'start')) from++;
    while (to > from && isAnchor(elements[to - 1], 'end')) to--;
    return [{ expression: elementsOf(elements.slice(from, to)), fromStart: from > 0, toEnd: to < elements.length }];
  });
}

function isAnchor(element: AST.Element | undefined, kind: 'start' | 'end'): boolean {
  return element?.type === 'Assertion' && element.kind === kind;
}

function elementsOf(elements: readonly AST.Element[]): Expression {
  return sequence(...elements.map(expressionOf));
}

function expressionOf(element: AST.Element): Expression {
  switch (element.type) {
    case 'Character':
    case 'CharacterSet':
    case 'CharacterClass':
      return characters(setOf(element));
    case 'Group':
    case 'CapturingGroup':
      if (element.type === 'Group' && element.modifiers !== null) throw patternRefusal('it must not change its flags', element.raw);
      return choice(...element.alternatives.map(({ elements }) => elementsOf(elements)));
    case 'Quantifier':
      // Whether a quantifier is greedy decides what a match is, not whether there is one.
      return repeat(expressionOf(element.element), element.min, element.max);
    case 'Assertion': {
      const isAtEnds = element.kind === 'start' || element.kind === 'end';
      throw patternRefusal(isAtEnds ? 'an anchor must stand at an end of an alternative' : 'it must not look around', element.raw);
    }
    case 'Backreference':
      throw patternRefusal('it must not refer back to a group', element.raw);
    case 'ExpressionCharacterClass':
      throw patternRefusal('classes must be plain', element.raw);
  }
}

type ClassElement = AST.Character | AST.CharacterSet | AST.CharacterClass | AST.CharacterClassElement;

function setOf(element: ClassElement): CodePoints {
  switch (element.type) {
    case 'Character':
      return codePoints([[element.value, element.value]]);
    case 'CharacterClassRange':
      return codePoints([[element.min.value, element.max.value]]);
    case 'CharacterClass': {
      const set = codePoints(element.elements.flatMap((inner) => setOf(inner)));
      return element.negate ? complemented(set) : set;
    }
    case 'CharacterSet': {
      if (element.kind === 'any') return complemented(codePoints(LINE_ENDS.map((point) => [point, point])));
      const set = namedSet(element);
      return element.negate ? complemented(set) : set;
    }
    case 'ClassStringDisjunction':
    case 'ExpressionCharacterClass':
      throw patternRefusal('classes must be plain', element.raw);
  }
}

/** What `.` does not match. ECMA-262, section 12.3. */
const LINE_ENDS = [0x0a, 0x0d, 0x2028, 0x2029];
const DIGITS = codePoints([[0x30, 0x39]]);
const WORD = codePoints([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);

function namedSet(element: Exclude<AST.CharacterSet, AST.AnyCharacterSet>): CodePoints {
  if (element.kind !== 'property') return element.kind === 'digit' ? DIGITS : element.kind === 'word' ? WORD : matching(String.raw`\s`);
  if (element.strings) throw patternRefusal('classes must be of single characters', element.raw);
  const property = element.value === null ? element.key : `${element.key}=${element.value}`;
  return matching(String.raw`\p{${property}}`);
}

/** Classes that were asked of the engine, a few of the latest. */
const asked = new Map<string, CodePoints>();
const MOST_ASKED = 32;

/** The code points that a class of JavaScript matches, found by looking for runs of them among all. */
function matching(name: string): CodePoints {
  const known = asked.get(name);
  if (known !== undefined) return known;
  const ranges = Array.from(everyCharacter().matchAll(new RegExp(`(?:${name})+`, 'gu')), ([run]): CodePointRange => {
    const last = run.codePointAt(run.length - 2) as number;
    return [run.codePointAt(0) as number, last > 0xffff ? last : run.charCodeAt(run.length - 1)];
  });
  const set = codePoints(ranges);
  if (asked.size >= MOST_ASKED) asked.clear();
  asked.set(name, set);
  return set;
}

let every: string | undefined;

function everyCharacter(): string {
  if (every === undefined) {
    const units = new Uint16Array(0x1_0000 - 0x800 + 2 * 0x10_0000);
    let size = 0;
    for (const [first, last] of ALL_CODE_POINTS) {
      for (let point = first; point <= last; point++) {
        if (point > 0xffff) units[size++] = 0xd800 + ((point - 0x1_0000) >> 10);
        units[size++] = point > 0xffff ? 0xdc00 + (point & 0x3ff) : point;
      }
    }
    every = new TextDecoder('utf-16le', { ignoreBOM: true }).decode(units);
  }
  return every;
}
