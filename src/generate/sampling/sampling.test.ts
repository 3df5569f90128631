import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createRandom } from '../../core/index.ts';
import { fastExp } from './fast-exp.ts';
import { fillSampling } from './options.ts';
import type { SamplingOptions } from './options.ts';
import { cutAtMass, likeliest } from './order.ts';
import type { Masses } from './order.ts';
import { requireNumbers, topAlternatives } from './probabilities.ts';
import { createSampler, drawUniform } from './sampler.ts';

const RUNS = { seed: 1, numRuns: 300 } as const;

/** The probabilities that a choice is drawn from, as the papers and Hugging Face's processors say it: by sorting. */
function slowDistribution(logits: Float32Array, options: SamplingOptions, seen: readonly number[]): readonly number[] {
  const { temperature, topK, topP, minP, repetitionPenalty } = fillSampling(options);
  const penalised = Float32Array.from(logits, (x, id) => (seen.includes(id) ? (x < 0 ? x * repetitionPenalty : x / repetitionPenalty) : x));
  const order = Array.from(penalised.keys()).toSorted((a, b) => penalised[b]! - penalised[a]! || a - b);
  if (temperature === 0) return Array.from(penalised, (_, id) => (id === order[0] ? 1 : 0));
  const max = penalised[order[0]!]!;
  let kept = topK === 0 ? order : order.slice(0, topK);
  const mass = (id: number): number => Math.exp((penalised[id]! - max) / temperature);
  const total = kept.reduce((sum, id) => sum + mass(id), 0);
  let before = 0;
  kept = kept.filter((id) => {
    const keeps = before < topP * total;
    before += mass(id);
    return keeps && mass(id) >= minP;
  });
  const left = kept.reduce((sum, id) => sum + mass(id), 0);
  return Array.from(penalised, (_, id) => (kept.includes(id) ? mass(id) / left : 0));
}

function randomLogits(size: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: size }, () => 3 * random.normal());
}

/** Logits and their log-softmax. */
function scores(logits: Float32Array): { readonly logits: Float32Array; readonly logProbabilities: Float32Array } {
  const max = logits.reduce((best, x) => Math.max(best, x), -Infinity);
  const total = max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0));
  return { logits, logProbabilities: logits.map((x) => x - total) };
}

const logitsArbitrary = fc
  .array(fc.oneof(fc.float({ min: -20, max: 20, noNaN: true }), fc.constantFrom(0, 1, -1, -Infinity)), { minLength: 1, maxLength: 300 })
  .map((values) => Float32Array.from([...values, 0.5]));
const optionsArbitrary: fc.Arbitrary<SamplingOptions> = fc.record(
  {
    temperature: fc.constantFrom(0, 0.3, 0.7, 1, 2),
    topK: fc.constantFrom(0, 1, 2, 7, 65, 100, 1000),
    topP: fc.constantFrom(0.01, 0.31, 0.73, 0.951, 1),
    minP: fc.constantFrom(0, 0.013, 0.21, 1),
    repetitionPenalty: fc.constantFrom(1, 1.3, 0.8),
  },
  { requiredKeys: [] },
);

describe('the choice of a token', () => {
  it('agrees with sorting the vocabulary, whatever the options', () => {
    fc.assert(
      fc.property(
        logitsArbitrary,
        optionsArbitrary,
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        fc.array(fc.nat(), { maxLength: 5 }),
        (logits, options, uniform, places) => {
          const seen = [...new Set(places.map((place) => place % logits.length))];
          const distribution = slowDistribution(logits, options, seen);
          const chosen = createSampler(logits.length, fillSampling(options)).choose({ ...scores(logits), seen, uniform });
          const before = distribution.slice(0, chosen).reduce((sum, p) => sum + p, 0);
          expect(distribution[chosen]).toBeGreaterThan(0);
          expect(uniform).toBeGreaterThanOrEqual(before - 1e-5);
          expect(uniform).toBeLessThanOrEqual(before + distribution[chosen]! + 1e-5);
        },
      ),
      RUNS,
    );
  });

  it('draws tokens as often as their probabilities say', () => {
    const logits = Float32Array.from([2, 1, 0.5, 0, -1, -2, 3, 0.1]);
    for (const options of [{}, { temperature: 0.7 }, { topK: 4 }, { topP: 0.8 }, { minP: 0.1 }, { temperature: 1.5, topK: 6, topP: 0.9 }]) {
      const expected = slowDistribution(logits, options, []);
      const sampler = createSampler(logits.length, fillSampling(options));
      const row = scores(logits);
      const draws = 20_000;
      const counts = new Array<number>(logits.length).fill(0);
      for (let index = 0; index < draws; index++) counts[sampler.choose({ ...row, seen: [], uniform: drawUniform(7, index) })]!++;
      let chiSquare = 0;
      for (const [id, p] of expected.entries()) {
        if (p === 0) expect(counts[id]).toBe(0);
        else chiSquare += (counts[id]! - draws * p) ** 2 / (draws * p);
      }
      expect(chiSquare).toBeLessThan(24.3); // 0.999 quantile of the distribution with 7 degrees of freedom
    }
  });

  it('takes the first of equally likely tokens at temperature 0', () => {
    const sampler = createSampler(4, fillSampling({ temperature: 0 }));
    expect(sampler.choose({ ...scores(Float32Array.from([1, 5, 5, 2])), seen: [], uniform: 0.99 })).toBe(1);
  });

  it('divides positive and multiplies negative logits of tokens that occurred', () => {
    const sampler = createSampler(3, fillSampling({ temperature: 0, repetitionPenalty: 2 }));
    expect(sampler.choose({ ...scores(Float32Array.from([4, 3, -9])), seen: [0], uniform: 0 })).toBe(1);
    expect(sampler.choose({ ...scores(Float32Array.from([-3, -4, -9])), seen: [0], uniform: 0 })).toBe(1);
  });

  it('leaves the logits as they are', () => {
    const logits = randomLogits(100, 3);
    const before = logits.slice();
    createSampler(100, fillSampling({ temperature: 0.5, topK: 10, topP: 0.5, repetitionPenalty: 1.5 })).choose({
      ...scores(logits),
      seen: [1, 2],
      uniform: 0.4,
    });
    expect(logits).toEqual(before);
  });

  it('gives the same number for the same seed and place, and others for others', () => {
    expect(drawUniform(1, 5)).toBe(drawUniform(1, 5));
    const numbers = new Set([0, 1, 2, 2 ** 40].flatMap((seed) => Array.from({ length: 50 }, (_, index) => drawUniform(seed, index))));
    expect(numbers.size).toBe(200);
    for (const number of numbers) expect(number >= 0 && number < 1).toBe(true);
  });
});

describe('the order of tokens', () => {
  it('is cut where a sorted list says', () => {
    const question = (logits: Float32Array): Masses => ({
      logits,
      ids: Uint32Array.from(logits.keys()),
      max: logits.reduce((best, x) => Math.max(best, x), -Infinity),
      bucketsPerUnit: logits.length % 2 === 0 ? 8 : 1e-3,
      scratch: new Uint32Array(logits.length),
    });
    fc.assert(
      fc.property(logitsArbitrary, fc.double({ min: 0.001, max: 1.1, noNaN: true }), (logits, share) => {
        const order = Array.from(logits.keys()).toSorted((a, b) => (logits[a] === logits[b] ? a - b : logits[b]! - logits[a]!));
        const count = Math.max(1, Math.round(share * logits.length));
        expect(cutAtMass(question(logits), count)).toBe(order[Math.min(count, order.length) - 1]);
        const masses = Float64Array.from(logits, (_, id) => (id * 7) % 5); // whole numbers: sums are exact in any order
        const total = masses.reduce((sum, mass) => sum + mass, 0);
        const target = Math.max(1, Math.floor(share * total));
        let reached = 0;
        const slow = order.find((id) => (reached += masses[id]!) >= target) ?? order.at(-1);
        expect(cutAtMass({ ...question(logits), masses }, target)).toBe(slow);
        expect([...likeliest(logits, count)]).toEqual(order.slice(0, count));
      }),
      RUNS,
    );
  });
});

describe('probabilities', () => {
  it('name the likeliest tokens in order', () => {
    const logs = Float32Array.from([0.125, 0.5, 0.25, 0.125], Math.log);
    expect(topAlternatives(logs, 2).map(({ id, logProbability }) => [id, Math.exp(logProbability).toFixed(3)])).toEqual([
      [1, '0.500'],
      [2, '0.250'],
    ]);
    expect(topAlternatives(logs, 9)).toHaveLength(4);
    expect(topAlternatives(logs, 0)).toHaveLength(0);
  });

  it('are refused when the model gives none', () => {
    expect(() => requireNumbers(Float32Array.from([NaN, NaN]))).toThrow(expect.objectContaining({ code: 'WEFT_GENERATE_NOT_FINITE' }));
    expect(() => requireNumbers(Float32Array.from([-Infinity, 0]))).not.toThrow();
  });
});

describe('the fast exponential', () => {
  it('agrees with the slow one', () => {
    for (let index = 0; index <= 20_000; index++) {
      const x = -index / 28.3;
      expect(Math.abs(fastExp(x) / Math.exp(x) - 1)).toBeLessThan(1e-12);
    }
    expect([0, -0, -1e-300].map(fastExp)).toEqual([1, 1, 1]);
    expect([-800, -1e9, -Infinity].map(fastExp)).toEqual([0, 0, 0]);
  });
});

describe('options', () => {
  it('are checked', () => {
    expect(() => fillSampling({ temperature: -1 })).toThrow('Cannot generate as temperature must be a number of at least 0: -1');
    for (const options of [
      { temperature: NaN },
      { topK: 1.5 },
      { topK: -1 },
      { topP: 0 },
      { topP: 1.1 },
      { minP: -0.1 },
      { repetitionPenalty: 0 },
      { seed: 0.5 },
      { maxTokens: -1 },
      { alternatives: -2 },
      { stop: ['a', ''] },
    ]) {
      expect(() => fillSampling(options)).toThrow(expect.objectContaining({ code: 'WEFT_GENERATE_OPTION' }));
    }
    expect(() => fillSampling({ temprature: 1 } as SamplingOptions)).toThrow(
      expect.objectContaining({ code: 'WEFT_OPTION_UNKNOWN', remedy: 'Did you mean temperature?' }),
    );
    expect(fillSampling({ topK: undefined } as unknown as SamplingOptions).topK).toBe(0);
  });
});
