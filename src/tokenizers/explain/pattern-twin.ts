/**
 * Patterns of a `tokenizer.json` (Oniguruma's syntax) as regular expressions of JavaScript, rewritten where the two differ and where
 * the tokenizers of large models need it. What is left over is no error of the pattern: it is then not explained.
 *
 * A possessive quantifier becomes a greedy one, which matches the same in the patterns that are in use.
 */

import { NotExplained } from './not-explained.ts';

const CLASSES: ReadonlyMap<string, string> = new Map([
  ['s', String.raw`\p{White_Space}`],
  ['S', String.raw`\P{White_Space}`],
  ['d', String.raw`\p{Nd}`],
  ['D', String.raw`\P{Nd}`],
  ['w', String.raw`[\p{L}\p{M}\p{N}\p{Pc}]`],
  ['h', '[0-9a-fA-F]'],
  ['A', '^'],
  ['z', '$'],
]);

/** A regular expression, global and with the flag `u`. */
export function toRegExp(pattern: string): RegExp {
  let source = '';
  let inClass = false;
  let quantified = false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? '';
    const next = pattern[at + 1] ?? '';
    const property = /^\\[pP]\{[^}]*\}/.exec(pattern.slice(at, at + 40))?.[0];
    const quantifier = inClass ? undefined : /^(?:[*+?]|\{\d+,?\d*\})/.exec(pattern.slice(at, at + 20))?.[0];
    if (quantifier !== undefined) {
      // Behind a quantifier, `+` makes it possessive and `?` lazy.
      if (!quantified || quantifier !== '+') source += quantifier;
      quantified = !quantified && pattern[at - 1] !== '(';
      at += quantifier.length - 1;
      continue;
    }
    quantified = false;
    if (property !== undefined) {
      source += property;
      at += property.length - 1;
    } else if (character === '\\') {
      const known = CLASSES.get(next);
      const bare = inClass && known?.startsWith('[') === true ? known.slice(1, -1) : known;
      // Under the flag `u` only signs of the syntax may be escaped.
      source += bare ?? (/[a-zA-Z0-9/^$\\.*+?()[\]{}|-]/.test(next) ? `\\${next}` : next);
      at++;
    } else if (!inClass && pattern.startsWith('(?i:', at)) {
      const end = pattern.indexOf(')', at);
      source += `(?:${withoutCase(pattern.slice(at + 4, end))})`;
      at = end;
    } else {
      if (character === '[') inClass = true;
      if (character === ']') inClass = false;
      source += character;
    }
  }
  try {
    return new RegExp(source, 'gu');
  } catch {
    throw new NotExplained(`the pattern ${pattern}`);
  }
}

/** Letters in both cases; ſ (U+017F) folds to s and K (U+212A) to k. */
function withoutCase(text: string): string {
  return text.replaceAll(/(?<!\\)[a-z]/gi, (letter) => {
    const folded = new Map([
      ['s', 'ſ'],
      ['k', '\u212a'],
    ]).get(letter.toLowerCase());
    return `[${letter.toLowerCase()}${letter.toUpperCase()}${folded ?? ''}]`;
  });
}
