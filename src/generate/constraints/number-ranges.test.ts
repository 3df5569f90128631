import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { compileGrammar } from './compile-grammar.ts';
import { acceptor } from './constraints.fixture.ts';
import { type Bound, decimalRange } from './decimal-range.ts';
import { type Expression, choice, literal } from './expression.ts';
import { integerRange } from './integer-range.ts';
import { ANY_INTEGER, ANY_NUMBER } from './json-values.ts';

/** Reads with the grammar of an expression, which may have no text at all. */
function reader(expression: Expression): (text: string) => boolean {
  const whole = choice(expression, literal('none'));
  return acceptor(compileGrammar(new Map([['root', whole]]), 'root', (rule) => new Error(rule)));
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

describe('whole numbers', () => {
  it('within bounds, and multiples, are exactly those', () => {
    const bound = fc.option(fc.integer({ min: -1200, max: 1200 }), { nil: undefined });
    fc.assert(
      fc.property(bound, bound, fc.integer({ min: 1, max: 40 }), (min, max, factor) => {
        const big = (value: number | undefined): bigint | undefined => (value === undefined ? undefined : BigInt(value));
        const accepts = reader(integerRange({ min: big(min), max: big(max), multipleOf: BigInt(factor) })!);
        for (let value = -1300; value <= 1300; value++) {
          const expected = value >= (min ?? -Infinity) && value <= (max ?? Infinity) && value % factor === 0;
          expect(accepts(String(value)), `${value} in ${min} … ${max} by ${factor}`).toBe(expected);
        }
        expect(['-0', '00', '01', '', '-', '+1', '1.0', '1e1'].filter((text) => accepts(text))).toEqual([]);
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  it('may be as large as 64 bits hold', () => {
    const accepts = reader(integerRange({ min: -(2n ** 63n), max: 2n ** 63n - 1n })!);
    expect(['9223372036854775807', '-9223372036854775808', '0'].every((text) => accepts(text))).toBe(true);
    expect(['9223372036854775808', '-9223372036854775809'].some((text) => accepts(text))).toBe(false);
    expect(reader(ANY_INTEGER)('-9223372036854775808')).toBe(true);
  });

  it('are refused where there would be too many states', () => {
    expect(integerRange({ multipleOf: 19_999n })).toBeUndefined();
    expect(integerRange({ multipleOf: 10n ** 18n })).toBeUndefined();
  });
});

describe('decimals', () => {
  const decimal = fc.tuple(fc.integer({ min: -30_000, max: 30_000 }), fc.nat(4)).map(([digits, places]) => digits / 10 ** places);
  const bound = fc.option(fc.record({ value: decimal, exclusive: fc.boolean() }), { nil: undefined });
  const holds = (value: number, min: Bound | undefined, max: Bound | undefined): boolean =>
    (min === undefined || value > min.value || (value === min.value && !min.exclusive)) &&
    (max === undefined || value < max.value || (value === max.value && !max.exclusive));

  it('within bounds are exactly those, as they are written and as they are read', () => {
    const text = fc.oneof(
      decimal.map(String),
      fc
        .tuple(decimal, fc.constantFrom('0', '00', '001'))
        .map(([value, more]) => (Number.isInteger(value) ? `${value}.${more}` : `${value}${more}`)),
      fc.string({ unit: fc.constantFrom(...'-0123456789.'), maxLength: 6 }),
    );
    fc.assert(
      fc.property(bound, bound, fc.array(text, { minLength: 20, maxLength: 40 }), fc.nat(9), (min, max, texts, digit) => {
        const accepts = reader(decimalRange(min, max)!);
        const near = [min, max].flatMap((one) =>
          one === undefined ? [] : [String(one.value), Number.isInteger(one.value) ? `${one.value}.0` : `${one.value}${digit}`],
        );
        for (const given of [...texts, ...near]) {
          // A minus sign before 0 is not written.
          const isNumber = JSON_NUMBER.test(given) && !(given.startsWith('-') && Number(given) === 0);
          expect(accepts(given), `${given} in ${JSON.stringify([min, max])}`).toBe(isNumber && holds(Number(given), min, max));
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('stay on their side of a bound however many digits they have', () => {
    const accepts = reader(decimalRange({ value: 0.1, exclusive: true }, undefined)!);
    expect(accepts('0.10000000000001')).toBe(true);
    // So many digits are read as 0.1 itself.
    expect(accepts('0.10000000000000000001')).toBe(false);
    expect(decimalRange({ value: 1e-20, exclusive: false }, undefined)).toBeUndefined();
    expect(decimalRange({ value: 1e22, exclusive: false }, undefined)).toBeUndefined();
  });
});

describe('any number', () => {
  const accepts = reader(ANY_NUMBER);
  it('is every double, as JavaScript writes it, and none that is read as infinite', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(accepts(JSON.stringify(value))).toBe(true);
      }),
      { seed: 1, numRuns: 2000 },
    );
    expect(
      [1e21, 1e-7, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 123456789012345680000].map((value) => accepts(JSON.stringify(value))),
    ).not.toContain(false);
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 22 });
    const large = fc
      .tuple(digits, digits, fc.integer({ min: 280, max: 330 }))
      .map(([whole, fraction, power]) => [`${whole}.${fraction}e${power}`, `${whole[0]}.${fraction}e+${power}`, `1.79${fraction}e308`]);
    fc.assert(
      fc.property(large, (texts) => {
        for (const text of texts) expect(accepts(text) && !Number.isFinite(Number(text)), text).toBe(false);
      }),
      { seed: 2, numRuns: 2000 },
    );
  });
});
