/**
 * The splitting of GPT-4 (cl100k), which Llama 3 shares, and that of Qwen 2, which takes digits one by one; written out by hand.
 *
 * Source: npm tiktoken 1.0.22, `encoders/cl100k_base.json`; `Qwen/Qwen2-7B`, `tokenizer.json`. Newer releases of the Python package
 * write cl100k's with possessive quantifiers.
 */

import { GO_ON, type Move, createAutomatonSplitter } from './automaton.ts';
import { DONE, FIRST_OWN_STATE, ONE_SIGN, isTentative, lineStep } from './line-automaton.ts';
import { type BatchSplitter, type Splitter, characterSize, classAt, contractionEnd, numberEnd, runEnd, spacesWithLines } from './runs.ts';
import { foldCase, kindOf } from './symbols.ts';
import { LETTER, NUMBER, SIGN, SPACE } from './unicode-classes.ts';

const patternOf = (digits: string): string =>
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** The pattern that {@link splitGpt4} follows. */
export const GPT4_PATTERN: string = patternOf('{1,3}');
/** The pattern that {@link splitQwen2} follows. */
export const QWEN2_PATTERN: string = patternOf('');

/** Contractions in either case, words with one leading character, up to three digits, the rest with its line ends, white space. */
export const splitGpt4: Splitter = (bytes, start, end) => split(bytes, start, end, 3);

/** The same with single digits. */
export const splitQwen2: Splitter = (bytes, start, end) => split(bytes, start, end, 1);

/** Many pieces at a time, as {@link splitGpt4}. */
export const splitGpt4Batch: BatchSplitter = batchOf(splitGpt4, 3);

/** Many pieces at a time, as {@link splitQwen2}. */
export const splitQwen2Batch: BatchSplitter = batchOf(splitQwen2, 1);

const LETTERS = FIRST_OWN_STATE;
const APOSTROPHE = FIRST_OWN_STATE + 1;
/** After an apostrophe `r` or `v`, which an `e` would complete, or `l`, which an `l` would. */
const BEFORE_E = FIRST_OWN_STATE + 2;
const BEFORE_L = FIRST_OWN_STATE + 3;
const COMPLETE = FIRST_OWN_STATE + 4;

function batchOf(splitOne: Splitter, digits: number): BatchSplitter {
  const step = (state: number, symbol: number): Move => {
    const folded = foldCase(symbol);
    const kind = kindOf(symbol);
    const isLetter = kind === 'upper' || kind === 'lower' || kind === 'caseless';
    const word = isLetter ? LETTERS : undefined;
    const first = symbol === 0x27 ? APOSTROPHE : word;
    const common = (of: number): Move => lineStep(of, symbol, { word, first, digits, isTrailing: kind === 'line' });
    switch (state) {
      case LETTERS:
        return isLetter ? [LETTERS, GO_ON] : common(DONE);
      case APOSTROPHE:
        if (folded === 0x72 || folded === 0x76) return [BEFORE_E, GO_ON];
        if (folded === 0x6c) return [BEFORE_L, GO_ON];
        if (folded === 0x73 || folded === 0x74 || folded === 0x6d || folded === 0x64) return [COMPLETE, GO_ON];
        return common(ONE_SIGN);
      case BEFORE_E:
      case BEFORE_L:
        if (folded === (state === BEFORE_E ? 0x65 : 0x6c)) return [COMPLETE, GO_ON];
        return isLetter ? [LETTERS, GO_ON] : common(DONE);
      case COMPLETE:
        return common(DONE);
      default:
        return common(state);
    }
  };
  return createAutomatonSplitter({ states: FIRST_OWN_STATE + 5, step, isTentative, split: splitOne });
}

// oxlint-disable-next-line max-params -- called for every piece
function split(bytes: Uint8Array, start: number, end: number, digits: number): number {
  const first = bytes[start] as number;
  if (first === 0x27) {
    const after = contractionEnd(bytes, start, end);
    if (after > start) return after;
  }
  const kind = classAt(bytes, start);
  if ((kind & LETTER) !== 0) return runEnd(bytes, start, end, LETTER);
  if (kind === NUMBER) return numberEnd(bytes, start, end, digits);
  const next = start + characterSize(first);
  const nextKind = next < end ? classAt(bytes, next) : SPACE;
  if ((nextKind & LETTER) !== 0 && first !== 0x0a && first !== 0x0d) return runEnd(bytes, next, end, LETTER);
  if ((kind & SIGN) !== 0) return lineEnds(bytes, runEnd(bytes, start, end, SIGN), end);
  if ((nextKind & SIGN) !== 0 && first === 0x20) return lineEnds(bytes, runEnd(bytes, next, end, SIGN), end);
  return spacesWithLines(bytes, start, end);
}

function lineEnds(bytes: Uint8Array, position: number, end: number): number {
  let at = position;
  while (at < end && (bytes[at] === 0x0a || bytes[at] === 0x0d)) at++;
  return at;
}
