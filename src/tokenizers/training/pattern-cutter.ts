/** Pieces of texts to train on, by a regular expression. */

import { UsageError } from '../../core/index.ts';
import { wellFormed } from '../pipeline/code-points.ts';
import { createPatternFinder } from '../splitting/pattern.ts';

/**
 * Cuts texts into the matches of a pattern and what stands between them.
 *
 * @throws UsageError `WEFT_TOKENIZER_OPTION` when it is no regular expression that is known here
 */
export function createPatternCutter(pattern: string): (text: string) => readonly string[] {
  const find = createPatternFinder(pattern, (rule) => {
    throw new UsageError({
      code: 'WEFT_TOKENIZER_OPTION',
      action: 'train a tokenizer',
      rule: `pattern is a regular expression in Oniguruma's syntax: ${rule}`,
      value: pattern,
      remedy: 'Correct the pattern, or give the name of a splitting instead.',
    });
  });
  return (text) => {
    const formed = wellFormed(text);
    const pieces: string[] = [];
    let last = 0;
    for (const border of [...find(formed), formed.length]) {
      if (border > last) pieces.push(formed.slice(last, border));
      last = border;
    }
    return pieces;
  };
}
