/** Any JSON object: what OpenAI's API calls the response format `json_object`. */

import { UsageError } from '../../core/index.ts';
import { compileGrammar } from './compile-grammar.ts';
import type { Expression } from './expression.ts';
import type { Grammar } from './grammar.ts';
import { addAnyValue } from './json-values.ts';

/** Made when first asked for, and one for all, so that what is learnt of it is shared. */
let made: Grammar | undefined;

/**
 * The grammar of any JSON object on one line, nested up to 32 deep. Names may come twice, as JSON allows.
 *
 * @example
 * ```ts
 * import { createConstraint, createTokenTrie, jsonObjectGrammar } from 'weft/generate';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['{"a": 1}'], { vocabSize: 257 });
 * const constraint = createConstraint(jsonObjectGrammar(), createTokenTrie(tokenizer));
 * for (const id of tokenizer.encode('{"a": [true]')) constraint.accept(id);
 * console.log(constraint.complete); // false
 * for (const id of tokenizer.encode('}')) constraint.accept(id);
 * console.log(constraint.complete); // true
 * ```
 */
export function jsonObjectGrammar(): Grammar {
  if (made === undefined) {
    const rules = new Map<string, Expression>();
    const { object } = addAnyValue(rules);
    made = compileGrammar(rules, object, (rule, value) => {
      return new UsageError({ code: 'WEFT_GENERATE_GRAMMAR', action: 'read a grammar', rule, value, remedy: 'Report it.' });
    });
  }
  return made;
}
