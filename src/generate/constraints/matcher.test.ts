import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { codePoints } from './code-point-ranges.ts';
import { compileGrammar } from './compile-grammar.ts';
import { acceptor, allowedIds, trieOf } from './constraints.fixture.ts';
import { createConstraint } from './create-constraint.ts';
import { type Expression, choice, literal, literals, repeat, rule, sequence, shared } from './expression.ts';
import type { Grammar } from './grammar.ts';
import { createMatcher } from './matcher.ts';
import { recogniseNaively } from './naive-recogniser.fixture.ts';
import type { Rules } from './non-empty.ts';

const refuse = (broken: string, value: string): Error => new Error(`${broken}: ${value}`);
const compile = (rules: Rules): Grammar => compileGrammar(rules, 'root', refuse);
const compileOne = (expression: Expression): Grammar => compile(new Map([['root', expression]]));
const utf8 = new TextEncoder();

/** Characters of one to four bytes that share their first ones. */
const ALPHABET = ['a', 'b', 'é', 'è', '中', '丮', '😀', '😁'];

const setArbitrary: fc.Arbitrary<Expression> = fc
  .subarray(ALPHABET, { minLength: 1 })
  .map((letters) => ({ kind: 'characters', set: codePoints(letters.map((c) => [c.codePointAt(0)!, c.codePointAt(0)!])) }));
const textArbitrary = fc.array(fc.constantFrom(...ALPHABET), { minLength: 1, maxLength: 3 }).map((letters) => letters.join(''));

const { expression: expressionArbitrary } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    setArbitrary,
    textArbitrary.map(literal),
    fc.array(textArbitrary, { minLength: 1, maxLength: 4 }).map(literals),
    fc.array(tie('expression'), { maxLength: 3 }).map((parts) => sequence(...parts)),
    fc.array(tie('expression'), { minLength: 1, maxLength: 3 }).map((options) => choice(...options)),
    fc.tuple(tie('expression'), fc.nat(3), fc.constantFrom(0, 1, 2, 5, Infinity)).map(([body, min, more]) => repeat(body, min, min + more)),
    tie('expression').map(shared),
    fc.constant(rule('inner')),
    // Behind a character a rule may call itself.
    setArbitrary.map((set) => sequence(set, repeat(rule('root'), 0, 1), literal('b'))),
  ),
}));

const tokensArbitrary = fc
  .array(textArbitrary, { minLength: 4, maxLength: 20 })
  .chain((texts) =>
    fc.array(
      fc.tuple(fc.constantFrom(...texts), fc.nat(3), fc.nat(3)).map(([text, from, cut]) => {
        const bytes = utf8.encode(text);
        return bytes.slice(Math.min(from, bytes.length - 1), Math.max(1, bytes.length - cut));
      }),
      { minLength: 4, maxLength: 30 },
    ),
  )
  .map((tokens) => tokens.filter(({ length }) => length > 0));

describe('masks', () => {
  it('allow what the slow twin says, token by token, whatever the tokens are', () => {
    const property = fc.property(
      expressionArbitrary,
      textArbitrary,
      tokensArbitrary,
      fc.array(fc.nat(), { maxLength: 8 }),
      (root, inner, tokens, choices) => {
        const rules: Rules = new Map([
          ['root', root],
          ['inner', repeat(literal(inner), 0, 1)],
        ]);
        let grammar: Grammar;
        try {
          grammar = compile(rules);
        } catch (error) {
          // An empty expression before a call of itself begins with itself.
          fc.pre(!String(error).includes('begin with itself'));
          throw error;
        }
        const trie = trieOf(tokens);
        const constraint = createConstraint(grammar, trie);
        let text: number[] = [];
        for (const pick of [...choices, 0]) {
          const expected = trie.texts.inside.flatMap((bytes, id) => {
            return recogniseNaively(rules, Uint8Array.from([...text, ...bytes!])).isBeginning ? [id] : [];
          });
          const { isComplete } = recogniseNaively(rules, Uint8Array.from(text));
          expect(constraint.complete).toBe(isComplete);
          expect(allowedIds(constraint.mask())).toEqual(isComplete ? [...expected, trie.endTokens[0]] : expected);
          const id = expected[pick % Math.max(1, expected.length)];
          if (id === undefined) return;
          expect(constraint.allows(id)).toBe(true);
          constraint.accept(id);
          text = [...text, ...trie.texts.inside[id]!];
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 200 });
  });

  it('are the same far from the ends of counts, and exact near them', () => {
    const letter = literal('a');
    const trie = trieOf([utf8.encode('aaaa'), utf8.encode('aaab'), utf8.encode('b')]);
    const constraint = createConstraint(compileOne(sequence(repeat(letter, 50, 100), literal('b'))), trie);
    const long = 256;
    const a = 'a'.charCodeAt(0);
    const first = constraint.mask();
    for (let count = 0; count < 20; count++) constraint.accept(a);
    expect(constraint.mask()).toBe(first);
    for (let count = 20; count < 49; count++) constraint.accept(a);
    expect(constraint.allows(258)).toBe(false);
    expect(constraint.allows(257)).toBe(true);
    for (let count = 49; count < 97; count++) constraint.accept(a);
    expect(constraint.allows(long)).toBe(false);
    expect(allowedIds(constraint.mask())).toEqual([a, 'b'.charCodeAt(0), 257, 258]);
  });
});

describe('grammars', () => {
  it('count without writing out', () => {
    const grammar = compileOne(repeat(sequence(repeat(literal('x'), 1, 1_000_000), literal('y')), 2, 1_000_000));
    expect(grammar.states.length).toBeLessThan(10);
    const accepts = acceptor(grammar);
    expect(accepts(`${'x'.repeat(1000)}yxy`)).toBe(true);
    expect(accepts('xy')).toBe(false);
  });

  it('take (x{1,3}){2,4} for x{2,12}', () => {
    const accepts = acceptor(compileOne(repeat(repeat(literal('x'), 1, 3), 2, 4)));
    expect(Array.from({ length: 15 }, (_, count) => accepts('x'.repeat(count)))).toEqual(
      Array.from({ length: 15 }, (_, count) => count >= 2 && count <= 12),
    );
  });

  it.each([
    ['itself', new Map([['root', sequence(rule('root'), literal('a'))]]), 'root > root'],
    ['itself behind nothing', new Map([['root', sequence(repeat(literal('a'), 0, 1), rule('root'))]]), 'root > root'],
    [
      'each other',
      new Map([
        ['root', choice(rule('b'), literal('x'))],
        ['b', sequence(rule('root'), literal('y'))],
      ]),
      'root > b > root',
    ],
  ])('refuse rules that begin with %s', (_, rules, cycle) => {
    expect(() => compile(rules)).toThrow(cycle);
  });

  it('refuse rules that are missing, that can never end, or that are too many', () => {
    expect(() => compileOne(rule('gone'))).toThrow('every rule that is used must be there: gone');
    expect(() => compileOne(sequence(literal('a'), rule('root')))).toThrow('none can end');
    expect(() => compileOne(literal('a'.repeat(200_000)))).toThrow('too large');
  });

  it('lead into no place without a way on', () => {
    const rules = new Map([
      ['root', choice(literal('ab'), sequence(literal('ac'), rule('never')))],
      ['never', sequence(literal('x'), rule('never'))],
    ]);
    const constraint = createConstraint(compile(rules), trieOf([utf8.encode('ac')]));
    constraint.accept('a'.charCodeAt(0));
    expect(allowedIds(constraint.mask())).toEqual(['b'.charCodeAt(0)]);
  });

  it('follow chains of any length, empty ones too', () => {
    const rules = new Map<string, Expression>([['root', repeat(rule('r0'), 0, Infinity)]]);
    for (let index = 0; index < 3000; index++) rules.set(`r${index}`, repeat(rule(`r${index + 1}`), 0, 1));
    rules.set('r3000', literal('x'));
    expect(acceptor(compile(rules))('xxx')).toBe(true);
  });
});

describe('a matcher', () => {
  it('goes on where it was after what it knew is freed', () => {
    const grammar = compileOne(sequence(repeat(literal('a'), 5, 1_000_000), literal('b')));
    const matcher = createMatcher(grammar, { reach: 1, canEnd: new Uint8Array(grammar.states.length).fill(1) });
    let position = matcher.start();
    let freed = 0;
    for (let count = 0; count < 20_000; count++) {
      if (matcher.tidy()) freed++;
      position = matcher.step(matcher.renew(position), 'a'.charCodeAt(0))!;
    }
    expect(freed).toBeGreaterThan(0);
    expect(matcher.step(matcher.renew(position), 'b'.charCodeAt(0))?.complete).toBe(true);
  });

  it('refuses texts with too many readings', () => {
    const some = repeat(literal('a'), 1, 1000);
    const grammar = compileOne(sequence(repeat(sequence(some, repeat(literal('b'), 0, 1), some), 0, 1000), literal('c')));
    expect(() => acceptor(grammar)('a'.repeat(3000))).toThrow(/too many readings/);
  });
});
