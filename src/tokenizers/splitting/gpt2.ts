/**
 * The splitting of GPT-2, which r50k and p50k share, written out by hand.
 *
 * Source: openai/gpt-2 `src/encoder.py`; the pattern below is tiktoken's `gpt2`.
 */

import { ENDS_BEFORE_LAST, ENDS_HERE, ENDS_TWICE, GIVE_UP, GO_ON, type Move, createAutomatonSplitter } from './automaton.ts';
import { type BatchSplitter, type Splitter, classAt, runEnd, spacesBeforeWord } from './runs.ts';
import { kindOf } from './symbols.ts';
import { LETTER, NUMBER, SIGN, SPACE } from './unicode-classes.ts';

/** The pattern that {@link splitGpt2} follows. */
export const GPT2_PATTERN: string = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/** Contractions, then runs of letters, numbers or other characters with one leading space, then white space. */
export const splitGpt2: Splitter = (bytes, start, end) => {
  const first = bytes[start] as number;
  if (first === 0x27) {
    const after = contractionEnd(bytes, start, end);
    if (after > start) return after;
  }
  const word = first === 0x20 && start + 1 < end ? start + 1 : start;
  const kind = classAt(bytes, word);
  if (kind === SPACE) return spacesBeforeWord(bytes, start, end);
  return runEnd(bytes, word, end, (kind & LETTER) === 0 ? (kind === NUMBER ? NUMBER : SIGN) : LETTER);
};

const START = 0;
const LETTERS = 1;
const NUMBERS = 2;
const SIGNS = 3;
const APOSTROPHE = 4;
/** After an apostrophe `r` or `v`, which an `e` would complete, or `l`, which an `l` would. */
const BEFORE_E = 5;
const BEFORE_L = 6;
const COMPLETE = 7;
/** White space: its only character a space or another, or more, the last of which is a space or another. */
const ONE_SPACE = 8;
const ONE_BLANK = 9;
const SPACES = 10;
const BLANKS = 11;

/** The state that a character leads to at the beginning of a piece. */
function begin(symbol: number): number | undefined {
  if (symbol === 0x27) return APOSTROPHE;
  switch (kindOf(symbol)) {
    case 'upper':
    case 'lower':
    case 'caseless':
      return LETTERS;
    case 'number':
      return NUMBERS;
    case 'mark':
    case 'sign':
      return SIGNS;
    case 'space':
      return ONE_SPACE;
    case 'wide':
      return undefined;
    case 'blank':
    case 'line':
      return ONE_BLANK;
  }
}

function step(state: number, symbol: number): Move {
  const first = begin(symbol);
  if (first === undefined) return [START, GIVE_UP];
  const ends: Move = [first, ENDS_HERE];
  // An apostrophe begins a contraction at the beginning of a piece alone.
  const run = first === APOSTROPHE ? SIGNS : first;
  const isSpace = first === ONE_SPACE;
  const isBlank = isSpace || first === ONE_BLANK;
  switch (state) {
    case START:
      return [first, GO_ON];
    case LETTERS:
    case NUMBERS:
    case SIGNS:
      return run === state ? [state, GO_ON] : ends;
    case APOSTROPHE:
      if (symbol === 0x72 || symbol === 0x76) return [BEFORE_E, GO_ON];
      if (symbol === 0x6c) return [BEFORE_L, GO_ON];
      if (symbol === 0x73 || symbol === 0x74 || symbol === 0x6d || symbol === 0x64) return [COMPLETE, GO_ON];
      return run === SIGNS ? [SIGNS, GO_ON] : ends;
    case BEFORE_E:
    case BEFORE_L:
      if (symbol === (state === BEFORE_E ? 0x65 : 0x6c)) return [COMPLETE, GO_ON];
      return first === LETTERS ? [LETTERS, ENDS_BEFORE_LAST] : [first, ENDS_TWICE];
    case ONE_SPACE:
      if (isBlank) return [isSpace ? SPACES : BLANKS, GO_ON];
      return [run, GO_ON];
    case SPACES:
      if (isBlank) return [isSpace ? SPACES : BLANKS, GO_ON];
      return [run, ENDS_BEFORE_LAST];
    case ONE_BLANK:
      return isBlank ? [isSpace ? SPACES : BLANKS, GO_ON] : ends;
    case BLANKS:
      return isBlank ? [isSpace ? SPACES : BLANKS, GO_ON] : [first, ENDS_TWICE];
    default:
      return ends;
  }
}

/** Many pieces at a time. */
export const splitGpt2Batch: BatchSplitter = createAutomatonSplitter({ states: 12, step, isTentative: () => false, split: splitGpt2 });

/** `'s|'t|'re|'ve|'m|'ll|'d` */
function contractionEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start + 1 >= end) return start;
  const first = bytes[start + 1] as number;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return start + 2;
  if (start + 2 >= end) return start;
  const second = bytes[start + 2] as number;
  if (second === 0x65 && (first === 0x72 || first === 0x76)) return start + 3;
  return first === 0x6c && second === 0x6c ? start + 3 : start;
}
