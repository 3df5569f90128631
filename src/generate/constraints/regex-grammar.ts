/** Grammars of regular expressions. */

import { compileGrammar } from './compile-grammar.ts';
import { choice } from './expression.ts';
import type { Grammar } from './grammar.ts';
import { patternRefusal, readPattern } from './read-pattern.ts';

/**
 * The grammar of the texts that a regular expression of ECMAScript matches from beginning to end.
 *
 * Known are literals, classes (`\d \w \s \p{…}` too), groups, alternatives and quantifiers. `^` and `$` may stand at the ends of an
 * alternative and say what holds anyway. A dot is any character but the end of a line.
 *
 * @param pattern - its source, without slashes and flags
 * @throws UsageError `WEFT_GENERATE_PATTERN` when it is not valid, too large, or looks around or back
 *
 * @example
 * ```ts
 * import { createConstraint, createTokenTrie, regexGrammar } from 'weft/generate';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['2024-05-06'], { vocabSize: 257 });
 * const constraint = createConstraint(regexGrammar(String.raw`\d{4}-\d{2}-\d{2}`), createTokenTrie(tokenizer));
 * for (const id of tokenizer.encode('1999-12-31')) constraint.accept(id);
 * console.log(constraint.complete); // true
 * ```
 */
export function regexGrammar(pattern: string): Grammar {
  const whole = choice(...readPattern(pattern).map(({ expression }) => expression));
  return compileGrammar(new Map([['the pattern', whole]]), 'the pattern', patternRefusal);
}
