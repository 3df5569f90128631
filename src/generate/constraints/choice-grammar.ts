/** Grammars of texts that are given whole. */

import { UsageError } from '../../core/index.ts';
import { compileGrammar } from './compile-grammar.ts';
import { literals } from './expression.ts';
import type { Grammar } from './grammar.ts';

/** Bytes of all texts together: with these, their states fit a grammar whatever they share. */
const MOST_BYTES = 90_000;

/**
 * The grammar of the given texts alone. Beginnings that they share are one path, so that what comes next is never ambiguous.
 *
 * @param texts - at least one, at most 90 000 bytes of UTF-8 in all
 * @throws UsageError `WEFT_GENERATE_CHOICE` for none, for longer ones, and for half a surrogate pair
 *
 * @example
 * ```ts
 * import { choiceGrammar, createConstraint, createTokenTrie } from 'weft/generate';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['yes or no'], { vocabSize: 257 });
 * const constraint = createConstraint(choiceGrammar(['yes', 'no (*)']), createTokenTrie(tokenizer));
 * for (const id of tokenizer.encode('no (*')) constraint.accept(id);
 * console.log(constraint.complete); // false
 * for (const id of tokenizer.encode(')')) constraint.accept(id);
 * console.log(constraint.complete); // true
 * ```
 */
export function choiceGrammar(texts: readonly string[]): Grammar {
  if (texts.length === 0) throw choiceRefusal('there must be at least one', 'none');
  const broken = texts.find((text) => /\p{Surrogate}/u.test(text));
  if (broken !== undefined) throw choiceRefusal('they must be whole characters', JSON.stringify(broken).slice(0, 80));
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MOST_BYTES) throw choiceRefusal(`they must not be longer than ${MOST_BYTES} bytes in all`, `${bytes} bytes`);
  return compileGrammar(new Map([['the choices', literals(texts)]]), 'the choices', choiceRefusal);
}

function choiceRefusal(rule: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_CHOICE',
    action: 'follow choices',
    rule,
    value,
    remedy: 'Give fewer or shorter texts, e.g. a number for each.',
  });
}
