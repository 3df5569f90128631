/** The part of one document that is held out where there are too few documents to hold whole ones out. */

import { contentFraction } from './content-hash.ts';

/** A part of a text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Boundaries from the best to the worst; the last, between any two characters, always is one. */
const BOUNDARIES = [/\n[^\S\n]*\n+/g, /\n+/g, /\s+/g, /(?=[^\uDC00-\uDFFF])/g] as const;

/**
 * A span of about `fraction` of the text, at a place chosen by the seed, that begins and ends at the best kind of boundary that
 * comes near enough: blank lines, else line ends, spaces, characters.
 *
 * @returns undefined when the text is a single character, which can't be divided
 */
export function heldOutSpan(text: string, fraction: number, seed: number): Span | undefined {
  const wanted = Math.max(1, Math.min(text.length - 1, Math.round(text.length * fraction)));
  const start = Math.floor(contentFraction(text, seed) * (text.length - wanted + 1));
  for (const boundary of BOUNDARIES) {
    const span = snap(text, { start, end: start + wanted }, boundary);
    const length = span.end - span.start;
    if (length > 0 && length < text.length && length >= wanted / 2 && length <= Math.max(wanted * 2, wanted + 1)) return span;
  }
  // So short a text that its characters are longer than the part: one of them.
  const first = start > 0 && (text.codePointAt(start - 1) ?? 0) > 0xffff ? start - 1 : start;
  const end = first + ((text.codePointAt(first) ?? 0) > 0xffff ? 2 : 1);
  return first === 0 && end >= text.length ? undefined : { start: first, end };
}

/** The span with both ends moved to the nearest boundaries. */
function snap(text: string, { start, end }: Span, boundary: RegExp): Span {
  return { start: nearest(text, start, boundary), end: nearest(text, end, boundary) };
}

function nearest(text: string, position: number, boundary: RegExp): number {
  if (position <= 0) return 0;
  if (position >= text.length) return text.length;
  const after = nextBoundary(text, position, boundary);
  const before = previousBoundary(text, position, boundary);
  return position - before <= after - position ? before : after;
}

/** End of the first match that ends at `position` or later; the end of the text when there is none. */
function nextBoundary(text: string, position: number, boundary: RegExp): number {
  const pattern = new RegExp(boundary);
  pattern.lastIndex = Math.max(0, position - 1);
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const at = match.index + match[0].length;
    if (at >= position) return Math.min(at, text.length);
    if (match[0] === '') pattern.lastIndex++;
  }
  return text.length;
}

/** End of the last match that ends before `position`, searched in growing windows; 0 when there is none. */
function previousBoundary(text: string, position: number, boundary: RegExp): number {
  for (let window = 256; ; window *= 4) {
    const from = Math.max(0, position - window);
    let last = -1;
    for (const match of text.slice(from, position).matchAll(boundary)) {
      const at = from + match.index + match[0].length;
      if (at < position && at > from) last = at;
    }
    if (last >= 0) return last;
    if (from === 0) return 0;
  }
}
