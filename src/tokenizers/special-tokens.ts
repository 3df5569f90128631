/** Finding special tokens in text. The longest wins where several begin at one place. */

import type { Alignment } from './engine.ts';

/** A part of a text: ordinary text, or one added token. */
export interface TextPart {
  readonly start: number;
  readonly end: number;
  /** Id of the added token; undefined for ordinary text. */
  readonly id: number | undefined;
}

/** Cuts a text at added tokens. */
export type TokenFinder = (text: string) => Iterable<TextPart>;

/** The added tokens of a tokenizer. */
export interface SpecialTokens {
  /** Special tokens: found in text only where the caller allows it. */
  readonly tokens: ReadonlyMap<string, number>;
  /** Added tokens that are not special: always found in text. */
  readonly ordinary: ReadonlyMap<string, number>;
  readonly findAll: TokenFinder | undefined;
  readonly findAlways: TokenFinder | undefined;
  /** UTF-16 units of the longest added token. */
  readonly longest: number;
}

/** Prepares the added tokens of a tokenizer for encoding. */
export function createSpecialTokens(tokens: ReadonlyMap<string, number>, ordinary: ReadonlyMap<string, number> = new Map()): SpecialTokens {
  const all = new Map([...ordinary, ...tokens]);
  let longest = 0;
  for (const token of all.keys()) longest = Math.max(longest, token.length);
  return { tokens, ordinary, findAll: createFinder(all), findAlways: createFinder(ordinary), longest };
}

/** Encodes the ordinary parts with `encode` and puts the added tokens between them. */
export function encodeParts(parts: Iterable<TextPart>, encode: (start: number, end: number) => Uint32Array): Uint32Array {
  const encoded: Uint32Array[] = [];
  let length = 0;
  for (const { start, end, id } of parts) {
    const ids = id === undefined ? encode(start, end) : Uint32Array.of(id);
    encoded.push(ids);
    length += ids.length;
  }
  if (encoded.length === 1) return encoded[0] as Uint32Array;
  const all = new Uint32Array(length);
  let position = 0;
  for (const ids of encoded) {
    all.set(ids, position);
    position += ids.length;
  }
  return all;
}

/** The ids of the ordinary parts, counted with `count`, and one for each added token; stops above `limit`. */
export function countParts(parts: Iterable<TextPart>, count: (start: number, end: number, limit: number) => number, limit: number): number {
  let sum = 0;
  for (const { start, end, id } of parts) {
    sum += id === undefined ? count(start, end, limit - sum) : 1;
    if (sum > limit) break;
  }
  return sum;
}

/**
 * A place of the text that parts its ids in two whatever is appended, given such places of ordinary text. What is appended may
 * complete an added token that is up to `longest` UTF-16 units long.
 */
export function stableEndOf(text: string, find: TokenFinder | undefined, { longest, stableEnd }: StableParts): number {
  if (find === undefined) return stableEnd(text);
  const open = Math.max(0, text.length - longest + 1);
  let stable = 0;
  for (const { start, end, id } of find(text)) {
    if (start >= open) break;
    if (end <= open) stable = end;
    // An ordinary part that reaches the open end may become shorter.
    if (id === undefined && end >= open) stable = start + stableEnd(text.slice(start, open));
  }
  return stable;
}

interface StableParts {
  readonly longest: number;
  readonly stableEnd: (text: string) => number;
}

/** As {@link encodeParts}, with places: those of `align` are moved to where the part stands. */
export function alignParts(text: string, find: TokenFinder | undefined, align: (part: string) => Alignment): Alignment {
  if (find === undefined) return align(text);
  const parts = Array.from(find(text), ({ start, end, id }) => {
    if (id !== undefined) return { ids: Uint32Array.of(id), starts: Uint32Array.of(start), ends: Uint32Array.of(end) };
    const { ids, starts, ends } = align(text.slice(start, end));
    return { ids, starts: starts.map((place) => place + start), ends: ends.map((place) => place + start) };
  });
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const length = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const all = { ids: new Uint32Array(length), starts: new Uint32Array(length), ends: new Uint32Array(length) };
  let position = 0;
  for (const { ids, starts, ends } of parts) {
    all.ids.set(ids, position);
    all.starts.set(starts, position);
    all.ends.set(ends, position);
    position += ids.length;
  }
  return all;
}

function createFinder(tokens: ReadonlyMap<string, number>): TokenFinder | undefined {
  if (tokens.size === 0) return undefined;
  const longestFirst = [...tokens.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  const pattern = new RegExp(longestFirst.map((token) => token.replaceAll(/[$()*+./?[\\\]^{|}-]/g, String.raw`\$&`)).join('|'), 'g');
  return function* (text) {
    let position = 0;
    for (const match of text.matchAll(pattern)) {
      if (match.index > position) yield { start: position, end: match.index, id: undefined };
      position = match.index + match[0].length;
      yield { start: match.index, end: position, id: tokens.get(match[0]) };
    }
    if (position < text.length) yield { start: position, end: text.length, id: undefined };
  };
}
