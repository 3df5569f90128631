/** What the components of a pipeline ask of characters, as Hugging Face's library answers it. */

import { type CodePointSet, createCodePointSet } from './code-points.ts';
import { ACCENTS, CONTROLS, MARKS, NUMERALS, PUNCTUATION, UNCASED, WORDS } from './tables.ts';

/** `\w` of the Rust crate regex. */
export const isWord: CodePointSet = createCodePointSet(WORDS);
/** General category P of Unicode 8.0, and ASCII's signs. */
export const isPunctuation: CodePointSet = createCodePointSet(PUNCTUATION);
/** General category N. */
export const isNumeral: CodePointSet = createCodePointSet(NUMERALS);
/** What BERT's `clean_text` removes. */
export const isControl: CodePointSet = createCodePointSet(CONTROLS);
/** General category Mn of Unicode 8.0. */
export const isAccent: CodePointSet = createCodePointSet(ACCENTS);
/** General category M of Unicode 9.0. */
export const isMark: CodePointSet = createCodePointSet(MARKS);

const isUncased = createCodePointSet(UNCASED);

/** Whether BERT puts spaces around it. Source: huggingface/tokenizers, `normalizers/bert.rs`. */
export const isChinese: CodePointSet = (code) =>
  (code >= 0x4e00 && code <= 0x9fff) ||
  (code >= 0x3400 && code <= 0x4dbf) ||
  (code >= 0x2_0000 && code <= 0x2_a6df) ||
  (code >= 0x2_a700 && code <= 0x2_b81f) ||
  (code >= 0x2_b920 && code <= 0x2_ceaf) ||
  (code >= 0xf900 && code <= 0xfaff) ||
  (code >= 0x2_f800 && code <= 0x2_fa1f);

/** Lower case of one character, wherever it stands: a sigma at the end of a word is no final one. */
export function lowerCharacter(character: string): string {
  return isUncased(character.codePointAt(0) as number) ? character : character.toLowerCase();
}

/** Lower case of every character for itself. */
export function lowerText(text: string): string {
  if (UNCASED !== '') return text.replace(/\P{Lowercase}/gu, lowerCharacter);
  const lower = text.toLowerCase();
  // JavaScript gives a final sigma at ends of words.
  return text.includes('Σ')
    ? text
        .split('Σ')
        .map((part) => part.toLowerCase())
        .join('σ')
    : lower;
}
