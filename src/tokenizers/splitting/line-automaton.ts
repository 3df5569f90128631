/**
 * What the automata of GPT-4's and GPT-4o's splittings share: digits, signs with the line ends behind them, and white space.
 *
 *     [^\r\n\p{L}\p{N}]?WORD | \p{N}{1,3} | ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+
 */

import { ENDS_BEFORE_LAST, ENDS_HERE, ENDS_TWICE, GIVE_UP, GO_ON, type Move, TAKE_BACK } from './automaton.ts';
import { type SymbolKind, kindOf } from './symbols.ts';

export const START = 0;
/** The piece is whole: whatever follows begins the next one. */
export const DONE = 1;
/** One, two or three digits. */
const DIGITS = 2;
/** One sign, which may lead a word; more, or one after a space; line ends behind. */
export const ONE_SIGN = 5;
export const SIGNS = 6;
const SIGN_LINES = 7;
/** White space that ends with a line end. */
const LINES = 8;
/** White space without a line end: one space, one blank, or more that end with a space or with a blank. */
const ONE_SPACE = 9;
const ONE_BLANK = 10;
const SPACES = 11;
const BLANKS = 12;
/** The same after a line end: if another line end follows, the piece did not end with the first one. */
const AFTER_LINE = 4;
/** States from here on are the splitting's own. */
export const FIRST_OWN_STATE = 17;

/** Whether the last end may be taken back in this state. */
export function isTentative(state: number): boolean {
  return state > BLANKS && state < FIRST_OWN_STATE;
}

/** What differs between the splittings. */
export interface LineSymbol {
  /** State in a word that this character begins, also after a leading character; undefined where it is no letter. */
  readonly word: number | undefined;
  /** State that it leads to at the beginning of a piece, where that is special. */
  readonly first: number | undefined;
  /** Digits of a piece at most, 1 or 3. */
  readonly digits: number;
  /** Whether it may follow signs and their line ends. */
  readonly isTrailing: boolean;
}

/** What a character does in a state below {@link FIRST_OWN_STATE}. */
export function lineStep(state: number, symbol: number, { word, first, digits, isTrailing }: LineSymbol): Move {
  const kind = kindOf(symbol);
  const isSign = kind === 'sign' || kind === 'mark';
  const isTentativeState = isTentative(state);
  if (kind === 'wide') return [START, isTentativeState ? TAKE_BACK : GIVE_UP];
  const start = first ?? firstState(symbol);
  const ends: Move = [start, ENDS_HERE];
  const after = isTentativeState ? AFTER_LINE : 0;
  switch (state - after) {
    case START:
      return [start, GO_ON];
    case ONE_SIGN:
      if (word !== undefined) return [word, GO_ON];
      if (isSign) return [SIGNS, GO_ON];
      return kind === 'line' ? [SIGN_LINES, GO_ON] : ends;
    case SIGNS:
      if (isSign) return [SIGNS, GO_ON];
      return kind === 'line' ? [SIGN_LINES, GO_ON] : ends;
    case SIGN_LINES:
      return isTrailing ? [SIGN_LINES, GO_ON] : ends;
    case LINES:
      if (kind === 'line') return [LINES, GO_ON];
      if (kind === 'space') return [ONE_SPACE + AFTER_LINE, ENDS_HERE];
      return kind === 'blank' ? [ONE_BLANK + AFTER_LINE, ENDS_HERE] : ends;
    case ONE_SPACE:
    case ONE_BLANK:
    case SPACES:
    case BLANKS:
      if (kind === 'line') return after > 0 ? [START, TAKE_BACK] : [LINES, GO_ON];
      if (kind === 'space') return [SPACES + after, GO_ON];
      if (kind === 'blank') return [BLANKS + after, GO_ON];
      return leadStep(state - after, { word, start, isSign });
    default:
      if (kind === 'number' && state >= DIGITS && state < DIGITS + digits - 1) return [state + 1, GO_ON];
      return ends;
  }
}

/** What a letter, sign or digit does after white space, whose last character may lead it. */
function leadStep(
  state: number,
  { word, start, isSign }: { readonly word: number | undefined; readonly start: number; readonly isSign: boolean },
): Move {
  const isOne = state === ONE_SPACE || state === ONE_BLANK;
  if (word !== undefined) return [word, isOne ? GO_ON : ENDS_BEFORE_LAST];
  if (isSign && (state === ONE_SPACE || state === SPACES)) return [SIGNS, isOne ? GO_ON : ENDS_BEFORE_LAST];
  return [start, isOne ? ENDS_HERE : ENDS_TWICE];
}

function firstState(symbol: number): number {
  const states: Partial<Record<SymbolKind, number>> = { number: DIGITS, space: ONE_SPACE, blank: ONE_BLANK, line: LINES };
  return states[kindOf(symbol)] ?? ONE_SIGN;
}
