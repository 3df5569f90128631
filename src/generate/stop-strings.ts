/**
 * Stop texts, found in a text that arrives in pieces.
 *
 * Decided: the stop text that is complete first ends the text, and of two that end at the same character the longer, so that
 * the outcome does not depend on where tokens end. What may be the beginning of a stop text is held back.
 */

/** Watches a text for stop texts. */
export interface StopScanner {
  /** Takes the next piece; gives what can be shown now, and whether a stop text ended the text. */
  push(piece: string): { readonly text: string; readonly stopped: boolean };
  /** What was held back, when the text ends without a stop text. */
  end(): string;
}

/** A scanner for `stops`, none of them empty. */
export function createStopScanner(stops: readonly string[]): StopScanner {
  let held = '';
  return {
    push(piece) {
      if (stops.length === 0) return { text: piece, stopped: false };
      held += piece;
      const found = firstStop(held, stops);
      if (found !== undefined) {
        const text = held.slice(0, found);
        held = '';
        return { text, stopped: true };
      }
      const safe = held.length - longestBeginning(held, stops);
      const text = held.slice(0, safe);
      held = held.slice(safe);
      return { text, stopped: false };
    },
    end() {
      const text = held;
      held = '';
      return text;
    },
  };
}

/** Where the stop text begins that is complete first. */
function firstStop(text: string, stops: readonly string[]): number | undefined {
  let best: { readonly start: number; readonly end: number } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start < 0) continue;
    const end = start + stop.length;
    if (best === undefined || end < best.end || (end === best.end && start < best.start)) best = { start, end };
  }
  return best?.start;
}

/** Length of the longest end of `text` that a stop text begins with. */
function longestBeginning(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}
