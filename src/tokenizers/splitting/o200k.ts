/**
 * The splitting of GPT-4o (o200k), written out by hand: words end where a capital letter follows a small one.
 *
 * Source: npm tiktoken 1.0.22, `encoders/o200k_base.json`.
 */

import {
  BYTE_CLASSES,
  type BatchSplitter,
  type Splitter,
  characterSize,
  classAt,
  contractionEnd,
  numberEnd,
  runEnd,
  spacesWithLines,
} from './runs.ts';
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

/** Many pieces at a time; words of ASCII letters, the commonest pieces, by the shortest way. */
export const splitO200kBatch: BatchSplitter = (bytes, start, end, ends) => {
  let count = 0;
  for (let at = start; at < end && count < ends.length;) {
    at = asciiWordEnd(bytes, at, end);
    if (at < 0) at = splitO200k(bytes, -at - 1, end);
    else if (bytes[at] === 0x27) at = contractionEnd(bytes, at, end);
    ends[count++] = at;
  }
  return count;
};

/** End of a word of ASCII letters; `-1 - start` where there is another piece. */
function asciiWordEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = (LEADS[bytes[start] as number] as number) + start;
  const word = at;
  while (BYTE_CLASSES[bytes[at] as number] === UPPER) at++;
  if (BYTE_CLASSES[bytes[at] as number] === LOWER) {
    do at++;
    while (BYTE_CLASSES[bytes[at] as number] === LOWER);
  } else if (at === word) return -1 - start;
  return (bytes[at] as number) < 0x80 || at === end || (classAt(bytes, at) & (HEAD | TAIL)) === 0 ? at : -1 - start;
}

/** 1 for ASCII bytes of `[^\r\n\p{L}\p{N}]`. */
const LEADS: Uint8Array = BYTE_CLASSES.map((kind, byte) =>
  (kind & (LETTER | NUMBER)) === 0 && byte < 0x80 && byte !== 0x0a && byte !== 0x0d ? 1 : 0,
);

function lineEnds(bytes: Uint8Array, position: number, end: number): number {
  let at = position;
  while (at < end && (bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x2f)) at++;
  return at;
}
