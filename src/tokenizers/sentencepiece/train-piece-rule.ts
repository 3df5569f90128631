/** What a piece may be: `IsValidSentencePiece` of SentencePiece 0.1.97 (trainer_interface.cc), symbol by symbol. */

import { ANY_SCRIPT, INHERITED, isDigit, scriptsOf } from './train-scripts.ts';
import { FIRST_CHARACTER, MARK, type TrainingWords } from './train-words.ts';

/** Which pieces there may be. */
export interface PieceLimits {
  /** Characters of a piece at most. */
  readonly maxPieceLength: number;
  /** Whether scripts are kept apart. */
  readonly splitByScript: boolean;
  /** Whether digits and letters are kept apart. */
  readonly splitByNumber: boolean;
  /** Whether every digit is a piece of its own. */
  readonly splitDigits: boolean;
}

/** A piece can't go on so. */
export const CLOSED: number = -3;
/** The piece is complete: a digit that stays alone. */
const COMPLETE = -4;

/**
 * Whether a piece may go on with a symbol: given its length and the script of what it has so far ({@link ANY_SCRIPT} when there is
 * none), the script that it has then, or {@link CLOSED}. What goes on from a piece that may not be may not be either.
 */
export type PieceRule = (symbol: number, length: number, script: number) => number;

/** The rule for the symbols of `words`. */
export function createPieceRule(
  { characters }: Pick<TrainingWords, 'characters'>,
  { maxPieceLength, splitByScript, splitByNumber, splitDigits }: PieceLimits,
): PieceRule {
  const scripts = scriptsOf(characters);
  const digits = Uint8Array.from(characters, (character) => (isDigit(character) ? 1 : 0));
  const mark = FIRST_CHARACTER + characters.indexOf(MARK.codePointAt(0) as number);
  return (symbol, length, script) => {
    if (symbol < FIRST_CHARACTER || length >= maxPieceLength || script === COMPLETE) return CLOSED;
    if (symbol === mark) return length === 0 ? script : CLOSED;
    const index = symbol - FIRST_CHARACTER;
    if (splitDigits && digits[index] === 1) return length > 0 ? CLOSED : COMPLETE;
    if (!splitByScript) return ANY_SCRIPT;
    let own = scripts[index] as number;
    if (own === INHERITED) own = script;
    if (!splitByNumber && digits[index] === 1) own = ANY_SCRIPT;
    return own !== ANY_SCRIPT && script !== ANY_SCRIPT && own !== script ? CLOSED : own;
  };
}
