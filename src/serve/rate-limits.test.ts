import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createRateLimits } from './rate-limits.ts';

/** Limits on a clock that tests turn. */
function limits() {
  let seconds = 1000;
  return { ...createRateLimits(() => seconds), pass: (time: number) => void (seconds += time) };
}

describe('a key’s limits', () => {
  test('so many requests at once, then as they come back', () => {
    const { take, pass } = limits();
    const key = { name: 'a', requestsPerMinute: 3 };
    expect([1, 2, 3, 4].map(() => take(key))).toEqual([
      { retryAfter: 0, requests: 2 },
      { retryAfter: 0, requests: 1 },
      { retryAfter: 0, requests: 0 },
      { refused: 'requests', retryAfter: 20, requests: 0 },
    ]);
    pass(19);
    expect(take(key)).toMatchObject({ refused: 'requests', retryAfter: 1 });
    pass(1);
    expect(take(key)).toEqual({ retryAfter: 0, requests: 0 });
  });

  test('tokens are owed: whoever took too many waits until they are paid', () => {
    const { take, charge, pass } = limits();
    const key = { name: 'a', tokensPerMinute: 60 };
    expect(take(key)).toEqual({ retryAfter: 0, tokens: 60 });
    charge(key, 90);
    expect(take(key)).toEqual({ refused: 'tokens', retryAfter: 31, tokens: 0 });
    pass(31);
    expect(take(key)).toEqual({ retryAfter: 0, tokens: 1 });
  });

  test('each key has its own, and one without limits none', () => {
    const { take } = limits();
    expect([take({ name: 'a', requestsPerMinute: 1 }), take({ name: 'b', requestsPerMinute: 1 })]).toMatchObject([
      { retryAfter: 0 },
      { retryAfter: 0 },
    ]);
    expect(take({ name: 'c' })).toEqual({ retryAfter: 0 });
  });

  test('a limit that is raised or lowered keeps what was used', () => {
    const { take } = limits();
    void take({ name: 'a', requestsPerMinute: 2 });
    expect(take({ name: 'a', requestsPerMinute: 10 })).toEqual({ retryAfter: 0, requests: 8 });
    expect(take({ name: 'a', requestsPerMinute: 1 })).toMatchObject({ refused: 'requests' });
  });

  test('over any time a key gets a burst and its rate, and no more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { maxLength: 200 }),
        (rate, waits) => {
          const { take, pass } = limits();
          let [admitted, time] = [0, 0];
          for (const wait of waits) {
            pass(wait);
            time += wait;
            if (!('refused' in (take({ name: 'a', requestsPerMinute: rate }) as object))) admitted++;
          }
          expect(admitted).toBeLessThanOrEqual(rate + (time * rate) / 60 + 1e-6);
        },
      ),
      { seed: 1 },
    );
  });
});
