/** Prices, estimates and the point from which a machine of one's own is cheaper. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { countWords } from './count-words.ts';
import type { HostedPrice } from './price-table.ts';
import { PRICES } from './prices.ts';
import { readPriceTable } from './read-price-table.ts';
import { breakEven, estimateTokens, hostedPrice, machineMonth } from './token-cost.ts';

describe('the prices that are built in', () => {
  test('pass their own checks, with month and source', () => {
    const read = readPriceTable(JSON.parse(JSON.stringify(PRICES)), { base: { hosted: [], selfHosted: [] } });
    expect(read).toEqual(PRICES);
    for (const { asOf, source } of [...PRICES.hosted, ...PRICES.selfHosted]) expect([asOf.length, source.length > 5]).toEqual([7, true]);
  });
});

describe('prices.json', () => {
  test('changes what it names, adds what is new, and leaves the rest', () => {
    const added: HostedPrice = {
      model: 'ours',
      provider: 'us',
      tokenizer: 'o200k_base',
      input: 1,
      output: 2,
      asOf: '2026-02',
      source: 'contract',
    };
    const read = readPriceTable({
      hosted: [{ model: 'gpt-4o', input: 0 }, added],
      selfHosted: [{ model: 'own-llama-3.1-8b', dollarsPerHour: 1.2 }],
    });
    expect(read.hosted.find(({ model }) => model === 'gpt-4o')).toEqual({
      ...PRICES.hosted.find(({ model }) => model === 'gpt-4o'),
      input: 0,
      asOf: 'unknown',
      source: 'prices.json',
    });
    expect(read.hosted.at(-1)).toEqual(added);
    expect(read.hosted).toHaveLength(PRICES.hosted.length + 1);
    expect(read.selfHosted[0]).toMatchObject({ dollarsPerHour: 1.2, hardware: '1 H100 80 GB' });
    expect(readPriceTable({})).toEqual(PRICES);
  });

  const entry = { model: 'm', provider: 'p', tokenizer: 'o200k_base', input: 1, output: 2, asOf: '2026-02', source: 's' };
  test.each([
    ['no object', []],
    ['null', null],
    ['an unknown list', { models: [] }],
    ['no list', { hosted: {} }],
    ['no entry', { hosted: [3] }],
    ['no model', { hosted: [{ input: 1 }] }],
    ['a model that lacks fields', { hosted: [{ model: 'm', input: 1 }] }],
    ['a typing error', { hosted: [{ ...entry, imput: 2 }] }],
    ['a negative price', { hosted: [{ ...entry, input: -1 }] }],
    ['a price as text', { hosted: [{ ...entry, input: '1' }] }],
    ['a price that is no number', { hosted: [{ ...entry, input: Number.NaN }] }],
    ['a month that is none', { hosted: [{ ...entry, asOf: '2026-13' }] }],
    ['a model twice', { hosted: [entry, entry] }],
    ['a model that is both', { hosted: [{ ...entry, model: 'own-llama-3.1-8b' }] }],
    ['an estimate without source', { hosted: [{ ...entry, tokenizer: { charactersPerToken: 4 } }] }],
    ['an estimate without default', { hosted: [{ ...entry, tokenizer: { like: 'o200k_base', factors: { en: 1 }, source: 's' } }] }],
    ['a factor of zero', { hosted: [{ ...entry, tokenizer: { like: 'o200k_base', factors: { default: 0 }, source: 's' } }] }],
    ['a machine that is busy longer than always', { selfHosted: [{ model: 'own-llama-3.1-8b', utilisation: 1.5 }] }],
    ['a machine that does nothing', { selfHosted: [{ model: 'own-llama-3.1-8b', outputTokensPerSecond: 0 }] }],
    ['too many', { hosted: Array.from({ length: 1001 }, (_, index) => ({ ...entry, model: `m${index}` })) }],
    ['a prototype', { hosted: [JSON.parse('{"model":"m","__proto__":{"input":1}}')] }],
  ])('%s is refused', (_, json) => {
    expect(() => readPriceTable(json)).toThrow(expect.objectContaining({ code: 'WEFT_COST_PRICES' }) as Error);
  });
});

describe('estimates', () => {
  test('each language has its factor; names of prototypes are languages without one', () => {
    const estimate = { like: 'o200k_base', factors: { default: 2, en: 1 }, source: 's' };
    const part = (language: string): number => estimateTokens(estimate, [{ language, tokens: 10, characters: 40 }]);
    expect([part('en'), part('de'), part('toString'), part('__proto__')]).toEqual([10, 20, 20, 20]);
    expect(estimateTokens(estimate, [])).toBe(0);
  });
});

describe('a machine of one’s own', () => {
  const month = (utilisation: number) =>
    machineMonth(
      { dollarsPerHour: 2, inputTokensPerSecond: 1000, outputTokensPerSecond: 100, utilisation },
      { inputTokens: 1000, outputTokens: 100 },
    );

  test('costs the same however busy it is, and answers what its time allows', () => {
    // A request takes a second to read and one to write: at half use 365.25 hours of seconds, two a request.
    expect(month(0.5)).toMatchObject({ dollars: 1461, requests: 657_450 });
    expect(month(1).requests).toBe(2 * 657_450);
    expect(month(0.5).perRequest.total * month(0.5).requests).toBeCloseTo(1461, 6);
  });

  test('is cheaper from the volume at which the bills are equal, if it can carry that', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1, noNaN: true }), fc.double({ min: 0.05, max: 1, noNaN: true }), (price, utilisation) => {
        const machine = month(utilisation);
        const from = breakEven(price, machine);
        if (from === undefined) {
          expect(price * machine.requests).toBeLessThan(machine.dollars * (1 + 1e-9));
          return;
        }
        expect(from).toBeLessThanOrEqual(Math.ceil(machine.requests));
        expect(from * price).toBeGreaterThanOrEqual(machine.dollars * (1 - 1e-9));
        expect((from - 1) * price).toBeLessThan(machine.dollars * (1 + 1e-9));
      }),
      { seed: 45 },
    );
    expect(breakEven(0, month(0.5))).toBeUndefined();
  });

  test('hosted prices are by the million tokens', () => {
    expect(hostedPrice({ input: 2.5, output: 10 }, { inputTokens: 1_000_000, outputTokens: 100_000 })).toEqual({
      input: 2.5,
      output: 1,
      total: 3.5,
    });
  });
});

describe('words', () => {
  test.each([
    ['', 0],
    [' \n\t', 0],
    ['one two, three!', 3],
    ['don’t stop', 2],
    ['naïve façade', 2],
    ['東京に行く。', 3],
    ['👍 👍🏽', 0],
    ['\ud800 x', 1],
  ])('%j has %i', (text, words) => {
    expect(countWords(text)).toBe(words);
  });

  test('long texts are cut between words', () => {
    const text = 'wörter und zahlen 12 '.repeat(5000);
    expect(countWords(text)).toBe(20_000);
    expect(countWords('a'.repeat(100_000))).toBe(Math.ceil(100_000 / 4096));
    expect(countWords('👍'.repeat(10_000))).toBe(0);
  });
});
