import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { acceptor, trieOf } from './constraints.fixture.ts';
import { createConstraint } from './create-constraint.ts';
import { bothAutomata, automatonExpression, characterAutomaton, lengthAutomaton } from './character-automaton.ts';
import { compileGrammar } from './compile-grammar.ts';
import { choice } from './expression.ts';
import { readPattern, searchExpression } from './read-pattern.ts';
import { regexGrammar } from './regex-grammar.ts';

const PATTERNS = [
  'abc',
  'yes|no|',
  'a*b+c?',
  '(?:ab){2,3}',
  '(a|b)*a(a|b){3}',
  '[^a-c]{1,2}',
  String.raw`\d{3}-\d{2,4}`,
  String.raw`\w+@\w+\.(?:com|org)`,
  String.raw`\s\S\D\W`,
  '.{2}',
  '[é中😀a-b]+',
  String.raw`\u{1F600}|\u00e9|\x41|\cA`,
  String.raw`\p{Lu}\p{Script=Greek}*\P{L}?`,
  String.raw`[\d\s_-]*`,
  '(?<year>a{4})-?(b|(c|(d)))',
  'a*?b+?',
  '(a*)*',
  '((a?){3}){2}',
  '(a|ab)(c|bcd)(d*)',
  '^a|b$',
  '(^a$|^b)',
  '[]|a',
  String.raw`[\b]\/\-?`,
];
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'aabbcd-1_ .@A\n\u0001\b/'),
    fc.constantFrom('é', '中', '😀', 'Ω', 'Ä'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 10,
});

/** The engine's own reading, with the flag `u` where the pattern is valid with it. */
function engine(pattern: string, search: boolean): RegExp {
  const source = search ? pattern : `^(?:${pattern})$`;
  try {
    return new RegExp(source, 'u');
  } catch {
    return new RegExp(source);
  }
}

describe('a regular expression', () => {
  it.each(PATTERNS)('%s is what JavaScript says, on its own texts and on others', (pattern) => {
    const accepts = acceptor(regexGrammar(pattern));
    const expected = engine(pattern, false);
    // The engine takes exponential time for long texts of the second kind.
    const own =
      pattern.includes('^') || pattern.includes('*)*') || pattern.includes('[\\b') || pattern.includes('[]')
        ? text
        : fc.stringMatching(expected);
    fc.assert(
      fc.property(
        fc.oneof(
          own,
          text,
          fc.tuple(own, text).map((parts) => parts.join('')),
        ),
        (given) => {
          expect(accepts(given), JSON.stringify(given)).toBe(expected.test(given));
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  });

  it.each(PATTERNS)('%s is found in a text as JavaScript finds it, within a length too', (pattern) => {
    const expression = searchExpression(readPattern(pattern));
    const refuse = (): Error => new Error('refused');
    const found = acceptor(compileGrammar(new Map([['root', expression]]), 'root', refuse));
    const both = bothAutomata(characterAutomaton(expression)!, lengthAutomaton(1, 8)!)!;
    const within = acceptor(compileGrammar(new Map([['root', automatonExpression(both)]]), 'root', refuse));
    const expected = engine(pattern, true);
    fc.assert(
      fc.property(text, (given) => {
        expect(found(given)).toBe(expected.test(given));
        expect(within(given)).toBe(expected.test(given) && [...given].length >= 1 && [...given].length <= 8);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('is read without the flag u where it is valid only so', () => {
    expect(acceptor(regexGrammar(String.raw`\d{3}\-\d`))('123-4')).toBe(true);
  });

  it.each([
    ['a(?=b)', 'look around'],
    ['(?<!a)b', 'look around'],
    [String.raw`a\b`, 'look around'],
    [String.raw`(a)\1`, 'refer back'],
    ['a^b', 'anchor'],
    ['(a|^b)c', 'anchor'],
    ['(?i:a)', 'flags'],
    ['(', 'valid'],
    ['a{2,1}', 'valid'],
    ['[b-a]', 'valid'],
    ['[]', 'none can end'],
    [`${'('.repeat(101)}${')'.repeat(101)}`, 'deeper'],
  ])('%s is refused', (pattern, reason) => {
    expect(() => regexGrammar(pattern)).toThrow(
      expect.objectContaining({ code: 'WEFT_GENERATE_PATTERN', message: expect.stringContaining(reason) }),
    );
  });

  it('that is very long is refused', () => {
    expect(() => regexGrammar('a'.repeat(20_000))).toThrow('longer');
  });

  it('that counts very far works within bounds, or is refused when it is met', () => {
    for (const pattern of ['[a-z]{1,1000000}', '(x{1,1000000}y){1,1000000}', '((a{0,1000}){0,1000}){0,1000}', '(a|b)*a(a|b){60}']) {
      const constraint = createConstraint(regexGrammar(pattern), trieOf([]));
      for (let count = 0; count < 50; count++) constraint.accept(pattern.startsWith('(x') ? 120 : 97);
      expect(constraint.mask().length).toBeGreaterThan(0);
    }
    const ambiguous = regexGrammar('(a{1,500}b?a{1,500}){1,500}c');
    const constraint = createConstraint(ambiguous, trieOf([]));
    const start = performance.now();
    expect(() => {
      for (let count = 0; count < 5000; count++) constraint.accept(97);
    }).toThrow(expect.objectContaining({ code: 'WEFT_GENERATE_CONSTRAINT' }));
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('whose automaton would be too large has none', () => {
    expect(characterAutomaton(choice(...readPattern('((a{1,100}){1,100}){1,100}').map(({ expression }) => expression)))).toBeUndefined();
    expect(lengthAutomaton(0, 1_000_000)).toBeUndefined();
  });
});
