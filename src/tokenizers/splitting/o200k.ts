/**
 * The splitting of GPT-4o (o200k), written out by hand: words end where a capital letter follows a small one.
 *
 * Source: npm tiktoken 1.0.22, `encoders/o200k_base.json`.
 */

import { ENDS_BEFORE_LAST, ENDS_HERE, ENDS_TWICE, GIVE_UP, GO_ON, type Move, createAutomatonSplitter } from './automaton.ts';
import { DONE, FIRST_OWN_STATE, ONE_SIGN, SIGNS, START, isTentative, lineStep } from './line-automaton.ts';
import { type BatchSplitter, type Splitter, characterSize, classAt, contractionEnd, numberEnd, runEnd, spacesWithLines } from './runs.ts';
import { foldCase, kindOf } from './symbols.ts';
import { CASELESS, LETTER, LOWER, MARK, NUMBER, SIGN, UPPER } from './unicode-classes.ts';

/** The pattern that {@link splitO200k} follows. */
export const O200K_PATTERN: string = [
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
  String.raw`\p{N}{1,3}`,
  String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
  String.raw`\s*[\r\n]+`,
  String.raw`\s+(?!\S)`,
  String.raw`\s+`,
].join('|');

/** `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]` */
const HEAD: number = UPPER | CASELESS | MARK;
/** `[\p{Ll}\p{Lm}\p{Lo}\p{M}]` */
const TAIL: number = LOWER | CASELESS | MARK;

/** Words with one leading character and a contraction behind, up to three digits, the rest with its line ends and slashes, white space. */
export const splitO200k: Splitter = (bytes, start, end) => {
  const first = bytes[start] as number;
  const kind = classAt(bytes, start);
  const next = start + characterSize(first);
  // The leading character; a mark may be that or belong to the word.
  const leads = (kind & (LETTER | NUMBER)) === 0 && first !== 0x0a && first !== 0x0d && next < end;
  let after = leads ? headAndTail(bytes, next, end) : -1;
  if (after < 0 && (kind & (LETTER | MARK)) !== 0) after = headAndTail(bytes, start, end);
  // What the first alternative leaves are capital letters alone.
  if (after < 0 && leads && (classAt(bytes, next) & HEAD) !== 0) after = runEnd(bytes, next, end, HEAD);
  if (after < 0 && (kind & HEAD) !== 0) after = runEnd(bytes, start, end, HEAD);
  if (after >= 0) return bytes[after] === 0x27 ? contractionEnd(bytes, after, end) : after;

  if (kind === NUMBER) return numberEnd(bytes, start, end, 3);
  if ((kind & SIGN) !== 0) return lineEnds(bytes, runEnd(bytes, start, end, SIGN), end);
  if (first === 0x20 && next < end && (classAt(bytes, next) & SIGN) !== 0) return lineEnds(bytes, runEnd(bytes, next, end, SIGN), end);
  return spacesWithLines(bytes, start, end);
};

/** `HEAD*TAIL+`, with its backtracking; -1 where it does not match. */
function headAndTail(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let lastTail = -1; // end of the last character that is of both classes
  while (at < end) {
    const kind = classAt(bytes, at);
    if ((kind & HEAD) === 0) return kind === LOWER ? runEnd(bytes, at, end, TAIL) : lastTail;
    at += characterSize(bytes[at] as number);
    if (kind !== UPPER) lastTail = at;
  }
  return lastTail;
}

/** Capital letters so far; small ones; letters without case and marks, after which a capital letter needs a look ahead. */
const CAPITALS = FIRST_OWN_STATE;
const SMALL = FIRST_OWN_STATE + 1;
const CASELESS_LETTERS = FIRST_OWN_STATE + 2;
/** After a word and an apostrophe, and then `r` or `v`, which an `e` would complete, or `l`, which an `l` would. */
const APOSTROPHE = FIRST_OWN_STATE + 3;
const BEFORE_E = FIRST_OWN_STATE + 4;
const BEFORE_L = FIRST_OWN_STATE + 5;

function step(state: number, symbol: number): Move {
  const folded = foldCase(symbol);
  const kind = kindOf(symbol);
  const word = kind === 'upper' ? CAPITALS : kind === 'lower' ? SMALL : kind === 'caseless' ? CASELESS_LETTERS : undefined;
  const common = (of: number): Move =>
    // A mark may lead a word or belong to it.
    kind === 'mark' && of !== SIGNS
      ? [START, GIVE_UP]
      : lineStep(of, symbol, { word, first: word, digits: 3, isTrailing: kind === 'line' || symbol === 0x2f });
  switch (state) {
    case CAPITALS:
    case SMALL:
    case CASELESS_LETTERS:
      if (symbol === 0x27) return [APOSTROPHE, GO_ON];
      if (kind === 'lower') return [SMALL, GO_ON];
      if (kind === 'caseless' || kind === 'mark') return [state === SMALL ? SMALL : CASELESS_LETTERS, GO_ON];
      if (kind !== 'upper') return common(DONE);
      return state === CAPITALS ? [CAPITALS, GO_ON] : state === SMALL ? [CAPITALS, ENDS_HERE] : [START, GIVE_UP];
    case APOSTROPHE: {
      if (folded === 0x72 || folded === 0x76) return [BEFORE_E, GO_ON];
      if (folded === 0x6c) return [BEFORE_L, GO_ON];
      if (folded === 0x73 || folded === 0x74 || folded === 0x6d || folded === 0x64) return [DONE, GO_ON];
      // The apostrophe begins a piece.
      const [next, action] = common(ONE_SIGN);
      return [next, action === GO_ON ? ENDS_BEFORE_LAST : action === ENDS_HERE ? ENDS_TWICE : action];
    }
    case BEFORE_E:
    case BEFORE_L:
      return folded === (state === BEFORE_E ? 0x65 : 0x6c) ? [DONE, GO_ON] : [START, GIVE_UP];
    default:
      return common(state);
  }
}

/** Many pieces at a time. */
export const splitO200kBatch: BatchSplitter = createAutomatonSplitter({
  states: FIRST_OWN_STATE + 6,
  step,
  isTentative,
  split: splitO200k,
});

function lineEnds(bytes: Uint8Array, position: number, end: number): number {
  let at = position;
  while (at < end && (bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x2f)) at++;
  return at;
}
