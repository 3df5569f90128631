/** Text to ids by splitting and merging bytes: the fast path of byte-level tokenizers. */

import type { Splitter } from '../splitting/runs.ts';
import type { BpeDefinition } from './bpe-definition.ts';
import { createMergeTable } from './merge-table.ts';
import { createPieceMerger } from './merge-piece.ts';
import { CACHE_PADDING, UNKNOWN_PIECE, createPieceCache } from './piece-cache.ts';

/** Encodes texts; it keeps a cache and scratch memory between calls. */
export interface ByteEncoder {
  encode(text: string): Uint32Array;
}

/** UTF-16 units up to which the scratch memory of one text is kept for the next. */
const KEPT_UNITS = 1 << 18;

/** An encoder with an empty cache. A byte that the vocabulary lacks is left out, as Hugging Face's library does. */
export function createByteEncoder(split: Splitter, { byteIds, merges, tokens, ignoreMerges }: BpeDefinition): ByteEncoder {
  const utf8 = new TextEncoder();
  const merge = createPieceMerger(createMergeTable(merges));
  const cache = createPieceCache();
  let kept = new Uint8Array(0);
  let keptView = new DataView(kept.buffer);
  let symbols = new Int32Array(256);
  let output = new Uint32Array(256);
  const { bytes: arena, starts } = tokens;
  const whole = ignoreMerges
    ? new Map(Array.from({ length: starts.length - 1 }, (_, id) => [keyOf(arena, starts[id] as number, starts[id + 1] as number), id]))
    : undefined;

  /** Merges the piece into `symbols` and returns how many ids it has. */
  const mergePiece = (bytes: Uint8Array, start: number, end: number): number => {
    if (end - start > symbols.length) symbols = new Int32Array((end - start) * 2);
    const id = whole?.get(keyOf(bytes, start, end));
    if (id !== undefined) {
      symbols[0] = id;
      return 1;
    }
    let count = 0;
    for (let at = start; at < end; at++) {
      const id = byteIds[bytes[at] as number] as number;
      if (id >= 0) symbols[count++] = id;
    }
    return merge(symbols, count);
  };

  return {
    encode(text) {
      let bytes = kept;
      let view = keptView;
      let length: number;
      if (text.length > KEPT_UNITS) {
        const exact = utf8.encode(text);
        length = exact.length;
        bytes = new Uint8Array(length + CACHE_PADDING);
        bytes.set(exact);
        view = new DataView(bytes.buffer);
      } else {
        const room = text.length * 3 + CACHE_PADDING;
        if (room > kept.length) {
          bytes = kept = new Uint8Array(Math.max(room, Math.min(2 * kept.length, KEPT_UNITS)));
          view = keptView = new DataView(kept.buffer);
        }
        length = utf8.encodeInto(text, bytes).written;
      }
      let count = 0;
      for (let start = 0; start < length;) {
        const end = split(bytes, start, length);
        const found = cache.find(bytes, view, start, end);
        if (found >= 0) {
          if (count === output.length) output = enlarged(output, count + 1);
          output[count++] = found;
        } else {
          let ids = cache.ids();
          let from = -found;
          let size: number;
          if (found === UNKNOWN_PIECE) {
            size = mergePiece(bytes, start, end);
            cache.remember(symbols, size);
            ids = symbols;
            from = 0;
          } else {
            size = ids[from - 1] as number;
          }
          if (count + size > output.length) output = enlarged(output, count + size);
          for (let index = 0; index < size; index++) output[count++] = ids[from + index] as number;
        }
        start = end;
      }
      const ids = output.slice(0, count);
      if (symbols.length > KEPT_UNITS) symbols = new Int32Array(256);
      if (output.length > KEPT_UNITS) output = new Uint32Array(256);
      return ids;
    },
  };
}

function enlarged(old: Uint32Array, least: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(least, old.length * 2));
  larger.set(old);
  return larger;
}

/** Bytes as a key: one character a byte. */
function keyOf(bytes: Uint8Array, start: number, end: number): string {
  let key = '';
  for (let at = start; at < end; at++) key += String.fromCharCode(bytes[at] as number);
  return key;
}
