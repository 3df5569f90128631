/**
 * Splitting by an automaton: one table lookup a character, and no branch where a piece ends, which a processor could not predict.
 *
 * A splitting says what each character does in each state. Where a piece's end depends on more than the last two characters, the
 * automaton gives up and the plain splitter takes that piece, from its beginning.
 */

import { EVERY_KIND, WARM_UPS } from './every-kind.ts';
import type { BatchSplitter, Splitter } from './runs.ts';
import { CASELESS, LOWER, MARK, NUMBER, SPACE, UPPER, classOf } from './unicode-classes.ts';

/** A character as the automaton sees it: an ASCII byte, or the class of another character. */
export const WIDE_SPACE = 0x80;
export const WIDE_NUMBER = 0x81;
export const WIDE_MARK = 0x82;
export const WIDE_UPPER = 0x83;
export const WIDE_LOWER = 0x84;
export const WIDE_CASELESS = 0x85;
export const WIDE_SIGN = 0x86;
/** U+017F, which is an s where case does not matter. */
export const LONG_S = 0x87;
const SYMBOLS = 0x88;

/** Nothing ends here. */
export const GO_ON = 0;
/** A piece ends before this character. */
export const ENDS_HERE = 1;
/** A piece ends before the last character, which is of ASCII. */
export const ENDS_BEFORE_LAST = 2;
/** Both. */
export const ENDS_TWICE = 3;
/** The plain splitter takes over from the last end. */
export const GIVE_UP = 4;
/** The last end was none; the plain splitter takes over from the one before it. */
export const TAKE_BACK = 5;

/** What a character does: the next state, and what ends. */
export type Move = readonly [state: number, action: number];

/** An automaton. State 0 is the beginning of a piece. */
export interface Automaton {
  readonly states: number;
  readonly step: (state: number, symbol: number) => Move;
  /** Whether the last end may be taken back in this state. */
  readonly isTentative: (state: number) => boolean;
  /** Splits as the automaton does, one piece at a time. */
  readonly split: Splitter;
}

const STATE = 0xff00;
const ACTION = 7;
const TENTATIVE = 8;

/** A splitter that runs an automaton; its table is made when it is first called. */
export function createAutomatonSplitter(automaton: Automaton): BatchSplitter {
  let table: Uint16Array | undefined;
  const { split } = automaton;
  return (bytes, start, end, ends) => {
    table ??= prepare(automaton);
    return run(table, split, { bytes, start, end, ends });
  };
}

function prepare(automaton: Automaton): Uint16Array {
  const text = new TextEncoder().encode(`${EVERY_KIND}\0`);
  const end = text.length - 1;
  for (let round = 0; round < WARM_UPS; round++) for (let at = 0; at < end;) at = automaton.split(text, at, end);
  const table = createTable(automaton);
  // V8 does not inline what is not always the same function: the loop stays small, and compiles in a few milliseconds.
  const ends = new Int32Array(4);
  for (const split of [automaton.split, () => 1]) run(table, split, { bytes: text, start: 0, end: 1, ends });
  return table;
}

function createTable({ states, step, isTentative }: Automaton): Uint16Array {
  const table = new Uint16Array(states << 8);
  for (let state = 0; state < states; state++) {
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      const [next, action] = step(state, symbol);
      table[(state << 8) | symbol] = (next << 8) | action | (isTentative(next) ? TENTATIVE : 0);
    }
  }
  return table;
}

interface Text {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly ends: Int32Array;
}

function run(table: Uint16Array, split: Splitter, { bytes, start, end, ends }: Text): number {
  const most = ends.length - 2;
  let count = 0;
  let move = 0;
  let at = start;
  while (at < end) {
    let symbol = bytes[at] as number;
    let size = 1;
    if (symbol >= 0x80) {
      size = symbol < 0xe0 ? 2 : symbol < 0xf0 ? 3 : 4;
      symbol = wideSymbol(bytes, at, symbol);
    }
    move = table[(move & STATE) | symbol] as number;
    const action = move & ACTION;
    if (action <= ENDS_BEFORE_LAST) {
      ends[count] = at - (action >> 1);
      count += (action + 1) >> 1;
      at += size;
    } else if (action === ENDS_TWICE) {
      ends[count++] = at - 1;
      ends[count++] = at;
      at += size;
    } else {
      if (action === TAKE_BACK) count--;
      at = split(bytes, count > 0 ? (ends[count - 1] as number) : start, end);
      ends[count++] = at;
      move = 0;
    }
    if (count >= most) return (move & TENTATIVE) === 0 ? count : count - 1;
  }
  // What the end of the text means is the plain splitter's to say.
  for (let last = count > 0 ? (ends[count - 1] as number) : start; last < end && count < ends.length;) {
    last = split(bytes, last, end);
    ends[count++] = last;
  }
  return count;
}

const SYMBOL_OF_CLASS: Uint8Array = Uint8Array.from({ length: 256 }, (_, kind) => {
  if (kind === SPACE) return WIDE_SPACE;
  if (kind === NUMBER) return WIDE_NUMBER;
  if (kind === MARK) return WIDE_MARK;
  if (kind === UPPER) return WIDE_UPPER;
  if (kind === LOWER) return WIDE_LOWER;
  return kind === CASELESS ? WIDE_CASELESS : WIDE_SIGN;
});

function wideSymbol(bytes: Uint8Array, at: number, lead: number): number {
  const second = (bytes[at + 1] as number) & 0x3f;
  if (lead < 0xe0) {
    const codePoint = ((lead & 0x1f) << 6) | second;
    return codePoint === 0x17f ? LONG_S : (SYMBOL_OF_CLASS[classOf(codePoint)] as number);
  }
  const third = (bytes[at + 2] as number) & 0x3f;
  const codePoint =
    lead < 0xf0
      ? ((lead & 0x0f) << 12) | (second << 6) | third
      : ((lead & 0x07) << 18) | (second << 12) | (third << 6) | ((bytes[at + 3] as number) & 0x3f);
  return SYMBOL_OF_CLASS[classOf(codePoint)] as number;
}
