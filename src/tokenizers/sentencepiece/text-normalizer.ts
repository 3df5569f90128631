/**
 * Normalises text as SentencePiece does: user-defined symbols stay as they are, the longest rule wins, spaces are folded and
 * become `▁`, and one is put before the text. Source: google/sentencepiece 0.1.97, src/normalizer.cc, `Normalizer::Normalize`.
 */

import { BASE, PARENT, UNIT, VALUE } from '../unigram/piece-trie.ts';
import type { Charsmap } from './charsmap.ts';
import { CACHE_PADDING } from './chunk-cache.ts';

/** What a normaliser does. */
export interface NormalizerSettings {
  readonly charsmap: Charsmap | undefined;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
  readonly treatWhitespaceAsSuffix: boolean;
  /** The user-defined symbols, as a trie of `createPieceTrie`; undefined for none. */
  readonly symbols: Int32Array | undefined;
  /** Bytes that stand in some of these. */
  readonly symbolBytes: ReadonlySet<number>;
}

/** A normaliser. What it has made is in {@link bytes}, with room behind it for a look-up, and stays until the next call. */
export interface TextNormalizer {
  /**
   * Normalises a whole text.
   *
   * @param origins - whether {@link origins} are to be kept
   * @returns how many bytes it has
   */
  normalize(source: Uint8Array, length: number, origins?: boolean): number;
  /** Normalises a part of a text, without anything at its ends; `dropped` says whether spaces at its beginning are. */
  part(source: Uint8Array, start: number, end: number, dropped: boolean): number;
  /** Normalises what follows that part, behind it. */
  more(source: Uint8Array, start: number, end: number): number;
  bytes(): Uint8Array;
  /** For every byte and the end: the byte of the source that it comes from. */
  origins(): Int32Array;
  /** Whether an ASCII character stays as it is before every other one. */
  isPlain(byte: number): boolean;
  /** Whether a character of two or three bytes stays as it is before every ASCII character, and whatever stands before it. */
  isSteady(source: Uint8Array, start: number, end: number): boolean;
  /** How many bytes the longest user-defined symbol takes that begins at `start`; 0 for none. */
  symbolAt(source: Uint8Array, start: number, end: number): number;
}

const SPACE = 0x20;

/** Bytes up to which scratch memory is kept for the next text. */
const KEPT_BYTES = 1 << 20;

/** A normaliser of these settings. */
export function createTextNormalizer(settings: NormalizerSettings): TextNormalizer {
  const { charsmap, addDummyPrefix, removeExtraWhitespaces: fold, escapeWhitespaces: escape, treatWhitespaceAsSuffix, symbols } = settings;
  const strings = charsmap?.strings ?? new Uint8Array(0);
  const plain = plainBytes(charsmap, symbols);
  const changed = new Uint8Array(1 << 16); // For characters of two or three bytes: 0 unknown, 1 never, 2 by some rule or symbol.
  let out = new Uint8Array(1 << 12);
  let from = new Int32Array(0);
  let length = 0;
  let wantsOrigins = false;
  let isSpace = false; // Whether what was put last ends with a space, so that more of them are dropped.

  const reserve = (room: number): void => {
    if (length + room > out.length) {
      const larger = new Uint8Array(Math.max(out.length * 2, length + room));
      larger.set(out.subarray(0, length));
      out = larger;
    }
    if (wantsOrigins && from.length < out.length) {
      const larger = new Int32Array(out.length);
      larger.set(from.subarray(0, length));
      from = larger;
    }
  };
  const put = (byte: number, origin: number): void => {
    if (wantsOrigins) from[length] = origin;
    out[length++] = byte;
  };
  const putSpace = (origin: number): void => {
    if (!escape) return put(SPACE, origin);
    put(0xe2, origin);
    put(0x96, origin);
    put(0x81, origin);
  };
  const symbolAt = (source: Uint8Array, start: number, end: number): number => {
    if (symbols === undefined) return 0;
    let longest = 0;
    let node = 0;
    for (let at = start; at < end; at++) {
      const child = (symbols[node + BASE] as number) + (source[at] as number) * UNIT;
      if (symbols[child + PARENT] !== node) break;
      node = child;
      if ((symbols[node + VALUE] as number) >= 0) longest = at + 1 - start;
    }
    return longest;
  };
  /** Puts a text, less the spaces at its beginning where they are dropped. */
  const putText = (text: Uint8Array, start: number, end: number, origin: number): void => {
    let at = start;
    if (isSpace) while (at < end && text[at] === SPACE) at++;
    if (at === end) return;
    reserve(3 * (end - at));
    for (; at < end; at++) {
      if (text[at] === SPACE) putSpace(origin);
      else put(text[at] as number, origin);
    }
    isSpace = fold && text[end - 1] === SPACE;
  };
  /** Normalises what begins at `at`, and returns where the next begins. */
  const step = (source: Uint8Array, at: number, end: number): number => {
    const symbol = symbolAt(source, at, end);
    if (symbol > 0) {
      putText(source, at, at + symbol, at);
      return at + symbol;
    }
    const matched = charsmap?.match(source, at, end) ?? 0;
    if (charsmap !== undefined && matched > 0) {
      const place = charsmap.place();
      putText(strings, place, strings.indexOf(0, place), at);
      return at + matched;
    }
    const lead = source[at] as number;
    const next = Math.min(at + (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4), end);
    // Only where a rule ends within a character: the rest of that is no character.
    if (lead >= 0x80 && lead < 0xc0) {
      putText(REPLACEMENT, 0, 3, at);
      return at + 1;
    }
    putText(source, at, next, at);
    return next;
  };
  /** Whether rules or symbols begin with a character of two or three bytes. */
  const isChanged = (source: Uint8Array, at: number, next: number): boolean => {
    const code = next - at === 2 ? (((source[at] as number) & 0x1f) << 6) | ((source[at + 1] as number) & 0x3f) : codeOfThree(source, at);
    let known = changed[code] as number;
    if (known === 0) {
      known = (charsmap?.begins(source, at, next) ?? false) || beginsSymbol(symbols, source, at, next) ? 2 : 1;
      changed[code] = known;
    }
    return known === 2;
  };
  const run = (source: Uint8Array, start: number, end: number): void => {
    for (let at = start; at < end;) {
      const byte = source[at] as number;
      if (byte < 0x80) {
        // ASCII characters that stay as they are, whatever follows, unless that is beyond ASCII.
        let stop = at;
        while (stop < end && (source[stop] as number) < 0x80 && plain[source[stop] as number] === 1) stop++;
        if (stop < end && (source[stop] as number) >= 0x80 && stop > at) stop--;
        if (stop > at) {
          reserve(stop - at);
          const to = out;
          let place = length;
          if (wantsOrigins) for (let index = at; index < stop; index++) from[place + index - at] = index;
          while (at < stop) to[place++] = source[at++] as number;
          length = place;
          isSpace = false;
          continue;
        }
      } else if (byte >= 0xc0 && byte < 0xf0) {
        const next = at + (byte < 0xe0 ? 2 : 3);
        if (next <= end && !isChanged(source, at, next)) {
          reserve(3);
          const origin = at;
          while (at < next) put(source[at++] as number, origin);
          isSpace = false;
          continue;
        }
      }
      at = step(source, at, end);
    }
  };
  const begin = (origins: boolean): void => {
    if (out.length > KEPT_BYTES) {
      out = new Uint8Array(1 << 12);
      from = new Int32Array(0);
    }
    length = 0;
    wantsOrigins = origins;
  };
  /** Whether what begins here becomes a space and nothing else, and how many bytes that are; else 0. */
  const spaceAt = (source: Uint8Array, at: number, end: number): number => {
    const symbol = symbolAt(source, at, end);
    if (symbol > 0) return symbol === 1 && source[at] === SPACE ? 1 : 0;
    const matched = charsmap?.match(source, at, end) ?? 0;
    if (charsmap === undefined || matched === 0) return source[at] === SPACE ? 1 : 0;
    const place = charsmap.place();
    return strings[place] === SPACE && strings[place + 1] === 0 ? matched : 0;
  };

  return {
    normalize(source, end, origins = false) {
      begin(origins);
      let at = 0;
      if (fold) for (let taken = 1; at < end && taken > 0; at += taken) taken = spaceAt(source, at, end);
      reserve(4);
      if (at === end) {
        if (origins) from[0] = 0;
        return 0;
      }
      if (addDummyPrefix && !treatWhitespaceAsSuffix) putSpace(at);
      isSpace = fold;
      run(source, at, end);
      let consumed = end;
      if (fold) {
        const width = escape ? 3 : 1;
        while (length >= width && (escape ? isBlock(out, length - 3) : out[length - 1] === SPACE)) {
          length -= width;
          if (origins) consumed = from[length] as number;
        }
      }
      reserve(4 + CACHE_PADDING);
      if (addDummyPrefix && treatWhitespaceAsSuffix) putSpace(consumed);
      if (origins) from[length] = consumed;
      return length;
    },
    part(source, start, end, dropped) {
      begin(false);
      isSpace = dropped && fold;
      run(source, start, end);
      reserve(CACHE_PADDING);
      return length;
    },
    more(source, start, end) {
      run(source, start, end);
      reserve(CACHE_PADDING);
      return length;
    },
    isPlain: (byte) => plain[byte] === 1,
    isSteady: (source, start, end) => charsmap?.inner.has(source[start] as number) !== true && !isChanged(source, start, end),
    bytes: () => out,
    origins: () => from,
    symbolAt,
  };
}

const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);

/** Whether `▁` stands there. */
export function isBlock(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xe2 && bytes[at + 1] === 0x96 && bytes[at + 2] === 0x81;
}

function codeOfThree(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) & 0x0f) << 12) | (((bytes[at + 1] as number) & 0x3f) << 6) | ((bytes[at + 2] as number) & 0x3f);
}

function beginsSymbol(symbols: Int32Array | undefined, bytes: Uint8Array, start: number, end: number): boolean {
  if (symbols === undefined) return false;
  let node = 0;
  for (let at = start; at < end; at++) {
    const child = (symbols[node + BASE] as number) + (bytes[at] as number) * UNIT;
    if (symbols[child + PARENT] !== node) return false;
    node = child;
  }
  return true;
}

/** 1 for ASCII characters that no rule and no symbol changes where an ASCII character follows. */
function plainBytes(charsmap: Charsmap | undefined, symbols: Int32Array | undefined): Uint8Array {
  const plain = new Uint8Array(128).fill(1);
  plain[SPACE] = 0;
  for (let byte = 0; byte < 128; byte++) {
    if (charsmap !== undefined && (charsmap.match(Uint8Array.of(byte), 0, 1) > 0 || charsmap.continued(byte) === 'yes')) plain[byte] = 0;
    if (symbols !== undefined && symbols[(symbols[BASE] as number) + byte * UNIT + PARENT] === 0) plain[byte] = 0;
  }
  return plain;
}
