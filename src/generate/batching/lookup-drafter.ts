/**
 * Guesses what comes next from what came after the same words before. Saxena 2023, "Prompt Lookup Decoding"; Yang et al. 2023,
 * "Inference with Reference".
 */

import { FREE_GUESSES } from './guessing.ts';
import type { GuessingCost } from './guessing.ts';

/** Guesses the tokens that follow a text. A guess costs little to check, and one that is right is a step less. */
export interface Drafter {
  /** What its guesses cost. */
  readonly cost: GuessingCost;
  /**
   * The next tokens by guess, at most `most`; none where it has no idea.
   *
   * @param text prompt and what was written so far; it only ever grows
   */
  propose(text: readonly number[], most: number): Promise<readonly number[]> | readonly number[];
  /** The text is over. */
  release?(): void;
}

/** Places of a pair of tokens that are looked at, the latest first. */
const PLACES = 4;

/** A drafter that copies what followed the last occurrence of the text's end, the longest that occurred. */
export function createLookupDrafter(): Drafter {
  /** Where the second token of each pair stands, the latest last. */
  const places = new Map<string, number[]>();
  let indexed = 0;
  return {
    cost: FREE_GUESSES,
    propose(text, most) {
      const last = text.length - 1;
      // The pair at the end itself is not among those that it is looked up in.
      for (let place = Math.max(1, indexed); place < last; place++) {
        const key = `${text[place - 1]} ${text[place]}`;
        const known = places.get(key);
        if (known === undefined) places.set(key, [place]);
        else {
          known.push(place);
          if (known.length > PLACES) known.shift();
        }
      }
      indexed = Math.max(indexed, last);
      let best: { readonly place: number; readonly matched: number } | undefined;
      for (const place of places.get(`${text[last - 1]} ${text[last]}`)?.toReversed() ?? []) {
        let matched = 2;
        while (matched <= place && text[place - matched] === text[last - matched]) matched++;
        if (best === undefined || matched > best.matched) best = { place, matched };
      }
      if (best === undefined) return [];
      // What follows ends where the text does: from there on the guess copies itself, as a text that goes round would.
      const guesses: number[] = [];
      for (let from = best.place + 1; guesses.length < most; from++) guesses.push(text[from] ?? (guesses[from - text.length] as number));
      return guesses;
    },
  };
}
