/** Scripts as SentencePiece tells them apart when it forbids pieces of several scripts. Source: `IsValidSentencePiece` in trainer_interface.cc. */

import { scriptTable } from '../pipeline/unicode-scripts.ts';

/** The character takes the script of what is before it, such as a combining accent. */
export const INHERITED: number = -1;
/** The character goes with any script. */
export const ANY_SCRIPT: number = -2;

/** The script of each code point; Hiragana and Katakana are Han, and unassigned characters are common ones. */
export function scriptsOf(characters: ArrayLike<number>): Int32Array {
  const table = scriptTable();
  const of = (example: string): number => table[example.codePointAt(0) as number] as number;
  const [common, inherited, han, hiragana, katakana] = ['!', '\u0300', '一', 'あ', 'ア'].map(of);
  return Int32Array.from(characters, (character) => {
    const script = table[character];
    if (script === inherited) return INHERITED;
    if (script === 0) return common as number;
    // The long vowel sound of Katakana is common to both.
    return script === hiragana || script === katakana || character === 0x30fc ? (han as number) : (script as number);
  });
}

/** A digit, by SentencePiece: of ASCII or full width. */
export function isDigit(character: number): boolean {
  return (character >= 0x30 && character <= 0x39) || (character >= 0xff10 && character <= 0xff19);
}
