import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { choiceGrammar } from './choice-grammar.ts';
import { acceptor, allowedIds, trieOf } from './constraints.fixture.ts';
import { createConstraint } from './create-constraint.ts';

const text = fc.string({ unit: fc.constantFrom(...'aabc.*|\\(é中😀\n'), maxLength: 6 });

describe('a choice', () => {
  it('is each of its texts and no other', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), fc.array(text), (texts, others) => {
        const accepts = acceptor(choiceGrammar(texts));
        for (const one of [...texts, ...others, ...texts.map((whole) => whole.slice(0, -1)).filter((cut) => !/\p{Surrogate}/u.test(cut))])
          expect([one, accepts(one)]).toEqual([one, texts.includes(one)]);
      }),
      { seed: 1 },
    );
  });

  it('leaves open what its texts share, and no more', () => {
    const trie = trieOf([]);
    const constraint = createConstraint(choiceGrammar(['cat', 'car', 'ca']), trie);
    const letters = (): string => String.fromCharCode(...allowedIds(constraint.mask()).filter((id) => id < 256));
    expect(letters()).toBe('c');
    for (const letter of 'ca') constraint.accept(letter.charCodeAt(0));
    expect([letters(), constraint.complete]).toEqual(['rt', true]);
  });

  it('of many characters is made in a moment, of more refused in words of choices', () => {
    const texts = Array.from({ length: 900 }, (_, index) => `${index}${'中a '.repeat(40)}`.slice(0, 60));
    expect(Buffer.byteLength(texts.join(''))).toBeGreaterThan(80_000);
    const accepts = acceptor(choiceGrammar(texts));
    expect([accepts(texts[899] ?? ''), accepts('899')]).toEqual([true, false]);
    expect(() => choiceGrammar(['a'.repeat(89_999), 'é'])).toThrow(
      'Cannot follow choices as they must not be longer than 90000 bytes in all: 90001 bytes',
    );
    // Nothing that is let in is too large for a grammar.
    for (const one of ['a', '😀']) choiceGrammar([one.repeat(90_000 / Buffer.byteLength(one))]);
  });

  it.for([
    [[], 'there must be at least one'],
    [['a', '\uD83D'], 'they must be whole characters'],
  ] as const)('%j is refused', ([texts, rule]) => {
    expect(() => choiceGrammar(texts)).toThrow(rule);
  });
});
