/** Cutting a text into pieces: start, end, start, end, … in UTF-16 units, without empty pieces. */

import type { SplitBehavior } from '../json/tokenizer-json.ts';
import { codePointAt, unitsOf } from './code-points.ts';
import type { Finder } from './read-parts.ts';

/** Appends the pieces of a text to a list. */
export type Cutter = (text: string, pieces: number[]) => void;

/** Cuts at the matches of a pattern, or, inverted, at what is between them. Source: `tokenizer/normalizer.rs`, `split`. */
export function cutAt(find: Finder, behavior: SplitBehavior, invert: boolean): Cutter {
  return (text, pieces) => {
    if (text === '') return;
    const matches = find(text);
    // Parts between matches and matches, in turn; the first and last ones may be empty.
    if (behavior === 'Isolated' || behavior === 'Removed') {
      const keepMatches = behavior === 'Isolated' || invert;
      const keepOthers = behavior === 'Isolated' || !invert;
      let position = 0;
      for (let index = 0; index < matches.length; index += 2) {
        const start = matches[index] as number;
        const end = matches[index + 1] as number;
        if (keepOthers && position < start) pieces.push(position, start);
        if (keepMatches && start < end) pieces.push(start, end);
        position = end;
      }
      if (keepOthers && position < text.length) pieces.push(position, text.length);
      return;
    }
    const parts: { start: number; end: number; readonly match: boolean }[] = [];
    let position = 0;
    for (let index = 0; index < matches.length; index += 2) {
      const start = matches[index] as number;
      const end = matches[index + 1] as number;
      if (position !== start) parts.push({ start: position, end: start, match: invert });
      parts.push({ start, end, match: !invert });
      position = end;
    }
    if (position !== text.length) parts.push({ start: position, end: text.length, match: invert });
    if (behavior === 'MergedWithNext') parts.reverse();
    const merged: { start: number; end: number }[] = [];
    let previous = false;
    for (const { start, end, match } of parts) {
      const last = merged.at(-1);
      const joins = behavior === 'Contiguous' ? match === previous : match && !previous;
      if (!joins || last === undefined) merged.push({ start, end });
      else if (behavior === 'MergedWithNext') last.start = start;
      else last.end = end;
      previous = match;
    }
    if (behavior === 'MergedWithNext') merged.reverse();
    for (const { start, end } of merged) if (start < end) pieces.push(start, end);
  };
}

/** Cuts before every character of one kind: a literal character, merged with what is next. */
export function cutBefore(character: string): Cutter {
  return (text, pieces) => {
    let start = 0;
    for (let at = text.indexOf(character, 1); at >= 0; at = text.indexOf(character, at + character.length)) {
      pieces.push(start, at);
      start = at;
    }
    if (start < text.length) pieces.push(start, text.length);
  };
}

/** Finds every character of a set, one match each. */
export function findCharacters(matches: (codePoint: number) => boolean): Finder {
  return (text) => {
    const found: number[] = [];
    for (let at = 0; at < text.length;) {
      const code = codePointAt(text, at);
      const end = at + unitsOf(code);
      if (matches(code)) found.push(at, end);
      at = end;
    }
    return found;
  };
}

/** Cuts into runs of characters of one kind; kind 0 is left out, and a character of kind 1 is a piece of its own. */
export function cutRuns(kindOf: (codePoint: number) => number): Cutter {
  const ascii = Uint8Array.from({ length: 0x80 }, (_, code) => kindOf(code));
  return (text, pieces) => {
    let start = 0;
    let kind = 0;
    for (let at = 0; at < text.length;) {
      let next = at + 1;
      const unit = text.charCodeAt(at);
      let kindHere: number;
      if (unit < 0x80) {
        kindHere = ascii[unit] as number;
      } else {
        const code = codePointAt(text, at);
        if (code > 0xffff) next++;
        kindHere = kindOf(code);
      }
      if (kindHere !== kind || kindHere === 1) {
        if (kind !== 0 && start < at) pieces.push(start, at);
        start = at;
        kind = kindHere;
      }
      at = next;
    }
    if (kind !== 0 && start < text.length) pieces.push(start, text.length);
  };
}
