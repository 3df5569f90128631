/** How a corpus is divided: by whole documents where there are enough, else by a span of every document. */

import { UsageError } from '../../core/index.ts';
import type { Document } from '../corpus.ts';
import { contentFraction } from './content-hash.ts';

/** The rule that says what is held out. */
export type SplitPlan =
  /** Documents of at most `longest` bytes whose fraction is at most `threshold`. */
  { readonly by: 'documents'; readonly threshold: number; readonly longest: number } | { readonly by: 'spans' };

/** Held-out part and seed. */
export interface SplitRule {
  /** Part of the corpus that is held out, by bytes. */
  readonly heldOut: number;
  readonly seed: number;
}

/** Held-out documents at least, for a split by documents to be fair. */
const FEWEST_DOCUMENTS = 4;

/**
 * Reads the corpus once and plans its division.
 *
 * Documents are held out in the order of their seeded fractions until there are enough bytes. Those that alone would be more than
 * half of what is wanted are never held out, so that one long document doesn't make the part several times too large.
 */
export async function planSplit(corpus: AsyncIterable<Document>, { heldOut, seed }: SplitRule): Promise<SplitPlan> {
  const fractions: number[] = [];
  const sizes: number[] = [];
  let bytes = 0;
  for await (const document of corpus) {
    fractions.push(contentFraction(document.text, seed));
    sizes.push(document.bytes);
    bytes += document.bytes;
  }
  const wanted = bytes * heldOut;
  const longest = wanted / 2;
  const eligible = fractions.map((_, index) => index).filter((index) => (sizes[index] ?? 0) <= longest);
  eligible.sort((a, b) => (fractions[a] ?? 0) - (fractions[b] ?? 0));
  let sum = 0;
  for (const [count, index] of eligible.entries()) {
    sum += sizes[index] ?? 0;
    if (sum < wanted) continue;
    // Enough eligible documents must be left over, so that the seed has a choice.
    if (count + 1 >= FEWEST_DOCUMENTS && count + 1 <= (eligible.length * (1 + heldOut)) / 2) {
      return { by: 'documents', threshold: fractions[index] ?? 0, longest };
    }
    break;
  }
  return { by: 'spans' };
}

/** The error for a text that can't be divided. */
export function tooSmallToSplit(bytes: number): UsageError {
  return new UsageError({
    code: 'WEFT_DATA_TOO_SMALL',
    action: 'hold text out',
    rule: 'the text is too short to be divided',
    value: `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`,
    remedy: 'Give more text.',
  });
}
