/**
 * Text to ids with a SentencePiece model: the fast path.
 *
 * Text is UTF-8 once. Where a model allows it, which nearly all do, its words are looked up as they stand, before they are normalised,
 * each with the space before it and without the punctuation that no piece holds together with it; a word that is new is normalised, cut where no piece can stand, segmented and remembered. The space
 * that is put before a text is put before its bytes.
 *
 * A word is remembered with the largest sum of scores before it at which rounding cannot change its pieces, so that the ids are those
 * of one run over the whole text; beyond that it is segmented again, with the sum that SentencePiece has there.
 */

import { type AdjacentCharacters, codePointAt } from './adjacent-characters.ts';
import { CACHE_PADDING, COUNT, type ChunkCache, IDS, INLINE, LIMIT, LONGEST_CACHED, createChunkCache } from './chunk-cache.ts';
import type { Segmenter } from './segmenter.ts';
import { type NormalizerSettings, type TextNormalizer, isBlock } from './text-normalizer.ts';

/** What an encoder is made of. */
export interface TextEncoderOptions {
  readonly settings: NormalizerSettings;
  readonly normalizer: TextNormalizer;
  readonly segmenter: Segmenter;
  /** Undefined where a text must be segmented as a whole. */
  readonly adjacent: AdjacentCharacters | undefined;
  /** What each id adds to the sum of scores; undefined where sums do not matter. */
  readonly sums: Float64Array | undefined;
  readonly unknownId: number;
  /** Ids of the bytes that an unknown character becomes; undefined where several of them in a row become one unknown token. */
  readonly byteIds: Int32Array | undefined;
}

/** Encodes texts; it keeps caches and scratch memory between calls. */
export interface SentencePieceTextEncoder {
  /** Whether texts are encoded word by word. */
  readonly hasWords: boolean;
  encode(text: string): Uint32Array;
  /** How many ids a text has, or a number above `limit` as soon as it is known to be above. */
  count(text: string, limit: number): number;
  /** The ids of text that is normalised already, unknown characters each on its own. `bytes` has room behind it for a look-up. */
  encodeNormalized(bytes: Uint8Array, length: number): Uint32Array;
}

const SPACE = 0x20;

/** UTF-16 units up to which the scratch memory of one text is kept for the next. */
const KEPT_UNITS = 1 << 18;

/** An encoder with empty caches. */
export function createTextEncoder(options: TextEncoderOptions): SentencePieceTextEncoder {
  const { settings, normalizer, segmenter, adjacent, sums, unknownId, byteIds } = options;
  const utf8 = new TextEncoder();
  const separators = separatorsOf(options);
  const hasWords = separators[SPACE] === 1;
  const cuts = cutsOf(options);
  const hasDummy = settings.addDummyPrefix;
  const fold = settings.removeExtraWhitespaces;
  const words = createChunkCache();
  const parts = createChunkCache();
  const singles = new Int32Array(1 << 16); // Of each character of up to three bytes its only id plus 1; 0 when it is not known yet, -1 when it has none.
  let kept = new Uint8Array(CACHE_PADDING);
  let keptText = kept;
  let keptView = new DataView(kept.buffer);
  let output = new Uint32Array(256);
  let count = 0; // Ids in `output`, unknown characters each on its own.
  let merged = 0; // How many of them are unknown characters that belong to the one before.
  const base = new Float64Array(1); // The sum of the scores of what was put; in an array, as it changes with every id.

  const put = (id: number): void => {
    if (byteIds === undefined && id === unknownId && count > 0 && output[count - 1] === unknownId) merged++;
    output[count++] = id;
    if (sums !== undefined) base[0] = Math.fround((base[0] as number) + (sums[id] as number));
  };
  const reserve = (room: number): void => {
    if (count + room <= output.length) return;
    const larger = new Uint32Array(Math.max(output.length * 2, count + room));
    larger.set(output.subarray(0, count));
    output = larger;
  };
  /** Puts `ids[start .. end)`. */
  const putAll = (ids: Int32Array, start: number, end: number): void => {
    reserve(end - start);
    const to = output;
    let size = count;
    let sum = base[0] as number;
    for (let at = start; at < end; at++) {
      const id = ids[at] as number;
      if (id === unknownId && byteIds === undefined && size > 0 && to[size - 1] === unknownId) merged++;
      to[size++] = id;
      if (sums !== undefined) sum = Math.fround(sum + (sums[id] as number));
    }
    count = size;
    base[0] = sum;
  };
  /** Puts what is remembered, unless rounding could have made it another. */
  const putEntry = (cache: ChunkCache, slot: number): boolean => {
    const slots = cache.slots();
    if (Math.abs(base[0] as number) > (slots[slot + LIMIT] as number)) return false;
    const size = slots[slot + COUNT] as number;
    if (size === 1) {
      reserve(1);
      put(slots[slot + IDS] as number);
    } else if (size <= INLINE) putAll(slots, slot + IDS, slot + IDS + size);
    else putAll(cache.values(), slots[slot + IDS] as number, (slots[slot + IDS] as number) + size);
    return true;
  };
  /** Puts the tokens of a part that no piece crosses. */
  const putSegment = (bytes: Uint8Array, start: number, end: number): void => {
    const size = segmenter.segment(bytes, start, end, base[0] as number);
    const ids = segmenter.ids();
    if (byteIds === undefined) return putAll(ids, 0, size);
    const ends = segmenter.ends();
    let known = 0; // Where ids begin that are not put yet.
    for (let index = 0; index < size; index++) {
      if (ids[index] !== unknownId) continue;
      putAll(ids, known, index);
      known = index + 1;
      const stop = start + (ends[index] as number);
      reserve(4);
      for (let at = index === 0 ? start : start + (ends[index - 1] as number); at < stop; at++) put(byteIds[bytes[at] as number] as number);
    }
    putAll(ids, known, size);
  };
  /** Puts the tokens of normalised text, and returns up to which sum before it they are the same. */
  const putNormalized = (bytes: Uint8Array, view: DataView, end: number): number => {
    if (adjacent === undefined) {
      if (end > 0) putSegment(bytes, 0, end);
      return -1;
    }
    const before = base[0] as number;
    let limit = Infinity;
    for (let start = 0; start < end;) {
      const stop = adjacent.partEnd(bytes, start, end);
      const code = stop - start <= 3 ? characterOf(bytes, start, stop) : -1;
      const single = code < 0 ? -1 : (singles[code] as number);
      if (single > 0) {
        reserve(1);
        put(single - 1);
        start = stop;
        continue;
      }
      const away = Math.abs((base[0] as number) - before);
      // The only part of a word is remembered with the word.
      const isKept = stop - start <= LONGEST_CACHED && stop - start < end;
      const entry = isKept ? parts.find(bytes, view, start, stop) : -1;
      if (entry >= 0 && putEntry(parts, entry)) limit = Math.min(limit, (parts.slots()[entry + LIMIT] as number) - away);
      else {
        const from = count;
        putSegment(bytes, start, stop);
        const safe = segmenter.safeBase();
        limit = Math.min(limit, safe - away);
        // A character has one token, whatever stands before it, unless it is unknown.
        if (single === 0) singles[code] = count - from === 1 && output[from] !== unknownId ? (output[from] as number) + 1 : -1;
        if (isKept && entry < 0) parts.remember({ bytes, view, start, end: stop }, output, { from, count: count - from, limit: safe });
      }
      start = stop;
    }
    return limit;
  };
  let normalizedView: DataView = new DataView(new ArrayBuffer(0));
  const viewOf = (bytes: Uint8Array): DataView => {
    if (normalizedView.buffer !== bytes.buffer) normalizedView = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return normalizedView;
  };
  /** Whether the ASCII character that stands there behind another one is never behind it in a piece. */
  const isCut = (source: Uint8Array, at: number): boolean => {
    let start = at - 1;
    while (((source[start] as number) & 0xc0) === 0x80) start--;
    const byte = source[at] as number;
    if (at - start > 3 || !normalizer.isPlain(byte) || !normalizer.isSteady(source, start, at)) return false;
    return adjacent?.has(codePointAt(source, start), byte) === false;
  };
  /** Encodes word by word; `source` begins with the space that is put before the text, if one is. */
  const putWords = (
    source: Uint8Array,
    view: DataView,
    { from, end, most }: { readonly from: number; readonly end: number; readonly most: number },
  ): void => {
    let at = from;
    let isOpen = !hasDummy; // Whether no space has come yet.
    while (at < end) {
      let start = at;
      while (at < end && separators[source[at] as number] === 1) at++;
      if (fold) {
        if (at === end) return;
        if (at > start) start = isOpen ? at : at - 1;
      }
      if (at < end) {
        let before = source[at++] as number;
        while (at < end) {
          const byte = source[at] as number;
          if (separators[byte] === 1) break;
          if (byte < 0x80 && (before < 0x80 ? cuts[before * 0x80 + byte] === 1 : isCut(source, at))) break;
          before = byte;
          at++;
        }
      }
      const isShort = at - start <= LONGEST_CACHED;
      const entry = isShort ? words.find(source, view, start, at) : -1;
      if (entry < 0 || !putEntry(words, entry)) at = putWord(source, view, { start, at, end, isOpen, isKept: isShort && entry < 0 });
      isOpen = false;
      if (count - merged > most) return;
    }
  };
  /** Normalises a word and puts its tokens, with the words that follow as long as it ends with a space; returns where it ends. */
  const putWord = (
    source: Uint8Array,
    view: DataView,
    {
      start,
      at,
      end,
      isOpen,
      isKept,
    }: { readonly start: number; readonly at: number; readonly end: number; readonly isOpen: boolean; readonly isKept: boolean },
  ): number => {
    let size = normalizer.part(source, start, at, isOpen);
    let next = at;
    let isWord = true;
    while (size === 0 || endsWithBlock(normalizer.bytes(), size)) {
      isWord = false;
      if (next === end) break;
      const more = next;
      while (next < end && separators[source[next] as number] === 1) next++;
      while (next < end && separators[source[next] as number] === 0) next++;
      size = normalizer.more(source, more, next);
    }
    const bytes = normalizer.bytes();
    if (fold) while (endsWithBlock(bytes, size)) size -= 3;
    const from = count;
    const limit = putNormalized(bytes, viewOf(bytes), size);
    if (isKept && isWord) words.remember({ bytes: source, view, start, end: at }, output, { from, count: count - from, limit });
    return next;
  };
  const run = (text: string, most: number): void => {
    count = merged = base[0] = 0;
    let bytes = kept;
    let view = keptView;
    let length: number;
    if (text.length > KEPT_UNITS) {
      const exact = utf8.encode(text);
      length = exact.length;
      bytes = new Uint8Array(length + 1 + CACHE_PADDING);
      bytes.set(exact, 1);
      view = new DataView(bytes.buffer);
    } else {
      const room = text.length * 3 + 1 + CACHE_PADDING;
      if (room > kept.length) {
        bytes = kept = new Uint8Array(Math.max(room, Math.min(2 * kept.length, KEPT_UNITS)));
        view = keptView = new DataView(kept.buffer);
        keptText = kept.subarray(1);
      }
      length = utf8.encodeInto(text, keptText).written;
    }
    if (length === 0) return;
    if (!hasWords) {
      const size = normalizer.normalize(bytes.subarray(1), length);
      putNormalized(normalizer.bytes(), viewOf(normalizer.bytes()), size);
    } else {
      bytes[0] = SPACE;
      putWords(bytes, view, { from: hasDummy ? 0 : 1, end: length + 1, most });
    }
  };
  const forget = (): void => {
    if (output.length > KEPT_UNITS) output = new Uint32Array(256);
  };

  return {
    hasWords,
    encode(text) {
      run(text, Infinity);
      const ids = merged === 0 ? output.slice(0, count) : joinUnknown(output, { count, unknownId, merged });
      forget();
      return ids;
    },
    count(text, limit) {
      run(text, limit);
      forget();
      return count - merged;
    },
    encodeNormalized(bytes, length) {
      count = merged = base[0] = 0;
      putNormalized(bytes, viewOf(bytes), length);
      const ids = output.slice(0, count);
      forget();
      return ids;
    },
  };
}

/** The code point of a part that is one character of up to three bytes; else -1. */
function characterOf(bytes: Uint8Array, start: number, stop: number): number {
  const lead = bytes[start] as number;
  const width = stop - start;
  if (width === 1) return lead < 0x80 ? lead : -1;
  if (width === 2) return lead >= 0xc0 && lead < 0xe0 ? ((lead & 0x1f) << 6) | ((bytes[start + 1] as number) & 0x3f) : -1;
  if (lead < 0xe0 || lead >= 0xf0) return -1;
  return ((lead & 0x0f) << 12) | (((bytes[start + 1] as number) & 0x3f) << 6) | ((bytes[start + 2] as number) & 0x3f);
}

function endsWithBlock(bytes: Uint8Array, size: number): boolean {
  return size >= 3 && isBlock(bytes, size - 3);
}

/** The ids with one unknown token for several in a row. */
function joinUnknown(
  output: Uint32Array,
  { count, unknownId, merged }: { readonly count: number; readonly unknownId: number; readonly merged: number },
): Uint32Array {
  const ids = new Uint32Array(count - merged);
  let size = 0;
  for (let index = 0; index < count; index++) {
    const id = output[index] as number;
    if (id !== unknownId || index === 0 || output[index - 1] !== unknownId) ids[size++] = id;
  }
  return ids;
}

/**
 * 1 for the bytes before which words may be cut: they become a space whatever stands around them, and no piece has a space behind
 * another character. Without the space itself where a model does not allow it.
 */
function separatorsOf({ settings, adjacent }: TextEncoderOptions): Uint8Array {
  const { charsmap, symbolBytes } = settings;
  const separators = new Uint8Array(256);
  if (adjacent === undefined || adjacent.spaceInside || !settings.escapeWhitespaces || settings.treatWhitespaceAsSuffix) return separators;
  for (let byte = 0; byte < 0x80; byte++) {
    if (symbolBytes.has(byte) || (charsmap !== undefined && (charsmap.inner.has(byte) || charsmap.continued(byte) !== 'no'))) continue;
    const matched = charsmap?.match(Uint8Array.of(byte), 0, 1) ?? 0;
    if (charsmap === undefined || matched === 0) separators[byte] = byte === SPACE ? 1 : 0;
    else if (charsmap.strings[charsmap.place()] === SPACE && charsmap.strings[charsmap.place() + 1] === 0) separators[byte] = 1;
  }
  return separators;
}

/** 1 for two ASCII characters, as first * 128 + second, that stay as they are and never follow each other in a piece. */
function cutsOf({ normalizer, adjacent }: TextEncoderOptions): Uint8Array {
  const cuts = new Uint8Array(0x80 * 0x80);
  for (let first = 0; first < 0x80; first++) {
    for (let second = 0; second < 0x80; second++) {
      if (normalizer.isPlain(first) && normalizer.isPlain(second) && adjacent?.has(first, second) === false)
        cuts[first * 0x80 + second] = 1;
    }
  }
  return cuts;
}
