/** Counts a text that grows: what can't change any more is counted once. */

import type { TokenizerEngine } from './engine.ts';
import type { TokenCounter } from './tokenizer.ts';

/** A counter of an empty text. `extra` ids are counted from the start. */
export function createTokenCounter(engine: TokenizerEngine, special: boolean, extra: number): TokenCounter {
  const countOf = (text: string): number => engine.count?.(text, special) ?? engine.encode(text, special).length;
  let settled = extra;
  let tail = '';
  let count = extra;
  return {
    get count() {
      return count;
    },
    append(text) {
      tail += text;
      const end = engine.stableEnd?.(tail, special) ?? 0;
      if (end > 0) {
        settled += countOf(tail.slice(0, end));
        tail = tail.slice(end);
      }
      count = settled + countOf(tail);
      return count;
    },
  };
}
