import { describe, expect, it } from 'vitest';

import { scoringWindows } from './scoring-windows.ts';

describe('the windows of scoring', () => {
  it('score every token but the first once, with at least half a context before it', () => {
    for (const contextLength of [2, 3, 8, 9]) {
      for (let length = 0; length < 60; length++) {
        const windows = scoringWindows(length, contextLength);
        const scored = windows.flatMap((window) => Array.from({ length: window.end - window.scored }, (_, index) => window.scored + index));
        expect(scored).toEqual(Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1));
        for (const { begin, scored: first, end } of windows) {
          expect(end - begin).toBeLessThanOrEqual(contextLength);
          expect(first - begin).toBeGreaterThanOrEqual(begin === 0 ? 1 : Math.floor(contextLength / 2));
        }
      }
    }
  });
});
