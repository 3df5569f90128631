import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createStopScanner } from './stop-strings.ts';

/** Reads pieces to the end: what was shown, and whether a stop text ended it. */
function scan(pieces: readonly string[], stops: readonly string[]): { text: string; stopped: boolean } {
  const scanner = createStopScanner(stops);
  let text = '';
  for (const piece of pieces) {
    const step = scanner.push(piece);
    text += step.text;
    if (step.stopped) return { text, stopped: true };
  }
  return { text: text + scanner.end(), stopped: false };
}

/** The rule, character by character. */
function slowScan(text: string, stops: readonly string[]): { text: string; stopped: boolean } {
  for (let end = 1; end <= text.length; end++) {
    const found = stops.filter((stop) => text.slice(0, end).endsWith(stop)).toSorted((a, b) => b.length - a.length)[0];
    if (found !== undefined) return { text: text.slice(0, end - found.length), stopped: true };
  }
  return { text, stopped: false };
}

describe('stop texts', () => {
  it('end the text at the same place however it is cut into pieces', () => {
    const few = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
    const stop = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(few, { maxLength: 8 }), fc.array(stop, { maxLength: 3 }), (pieces, stops) => {
        expect(scan(pieces, stops)).toEqual(slowScan(pieces.join(''), stops));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('hold back only what may be the beginning of one', () => {
    const scanner = createStopScanner(['\n\nUser:']);
    expect(scanner.push('Hello\n')).toEqual({ text: 'Hello', stopped: false });
    expect(scanner.push('there\n\nUs')).toEqual({ text: '\nthere', stopped: false });
    expect(scanner.push('e')).toEqual({ text: '', stopped: false });
    expect(scanner.push(' me')).toEqual({ text: '\n\nUse me', stopped: false });
    expect(scanner.push('\n\nUser: x')).toEqual({ text: '', stopped: true });
  });
});
