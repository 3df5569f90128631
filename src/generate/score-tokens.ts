/** The probability that a model gives to each token of a text. */

import type { Sequence } from './decoder.ts';
import { requireNumbers } from './sampling/probabilities.ts';

/** What {@link scoreTokens} runs on. */
export interface ScoringSource {
  readonly startSequence: () => Sequence;
  readonly contextLength: number;
}

/** The windows in which a text is read: each scores its tokens from `scored` on, given those from `begin` on. */
export function scoringWindows(
  length: number,
  contextLength: number,
): readonly { readonly begin: number; readonly scored: number; readonly end: number }[] {
  const windows = [];
  const stride = Math.max(1, Math.floor(contextLength / 2));
  for (let begin = 0, scored = 1; scored < length; begin += stride) {
    const end = Math.min(length, begin + contextLength);
    windows.push({ begin, scored, end });
    scored = end;
  }
  return windows;
}

/** `ln p(ids[i] | ids[< i])`; the first is NaN. */
export async function scoreTokens(
  { startSequence, contextLength }: ScoringSource,
  ids: Uint32Array,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const logProbabilities = new Float32Array(ids.length).fill(NaN);
  for (const { begin, scored, end } of scoringWindows(ids.length, contextLength)) {
    const sequence = startSequence();
    try {
      // The last token's scores are of what follows it: it need not be read.
      await sequence.readEach(ids.subarray(begin, end - 1), {
        from: scored - 1 - begin,
        visit: (row, index) => {
          requireNumbers(row);
          const target = begin + index + 1;
          logProbabilities[target] = row[ids[target] as number] as number;
        },
        signal,
      });
    } finally {
      sequence.release();
    }
  }
  return logProbabilities;
}
