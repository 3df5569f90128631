/**
 * Counts the distinct chunks of texts, which are what stands between spaces: all that training needs to know of a corpus, however large.
 *
 * Normalising, splitting further and learning then see each chunk once, with its count. That loses nothing where no rule looks
 * across a space. Chunks know whether they begin or end their line, as SentencePiece's seeds and its `▁` depend on it.
 */

/** The chunk is the first of its line. */
export const FIRST = 1;
/** The chunk is the last of its line. */
export const LAST = 2;

/** Distinct chunks; one text at two kinds of places is two chunks. */
export interface ChunkCounts {
  readonly size: number;
  /** UTF-8 bytes of all chunks, end to end. */
  readonly bytes: Uint8Array;
  /** Where each begins in `bytes`; one more entry for the end. */
  readonly starts: Float64Array;
  readonly counts: Float64Array;
  /** {@link FIRST} and {@link LAST} of each chunk. */
  readonly places: Uint8Array;
}

/** Counts chunks, text by text. */
export interface ChunkCounter {
  add(text: string): void;
  /** UTF-8 bytes of the texts so far. */
  readonly bytesSeen: () => number;
  result(): ChunkCounts;
}

/** What a chunk is, and how many are held. */
export interface ChunkOptions {
  /** `space`: chunks are separated by U+0020. `whitespace`: by any whitespace of ASCII. */
  readonly separator: 'space' | 'whitespace';
  /** Whether a line feed ends a line (and belongs to no chunk); else a text is one line. */
  readonly lines: boolean;
  /** Whether {@link FIRST} and {@link LAST} are told apart. */
  readonly places: boolean;
  /** Whether there is an empty chunk between two separators. */
  readonly empty: boolean;
  /** Distinct chunks at most: beyond that the rarest are forgotten, of those seen once first every second one. */
  readonly limit: number;
  /** Bytes of distinct chunks at most. */
  readonly byteLimit: number;
  /** Chooses which of the rare chunks are forgotten. */
  readonly seed: number;
}

/** How much of the limit is left when the rarest chunks are forgotten. */
const KEPT_SHARE = 0.75;

/** What a byte is: part of a chunk, between chunks, or the end of a line. */
const TEXT = 0;
const SEPARATOR = 1;
const LINE_END = 2;

/** A counter of what `options` says. */
export function createChunkCounter({ separator, lines, places: tell, empty, limit, byteLimit, seed }: ChunkOptions): ChunkCounter {
  const kinds = byteKinds(separator, lines);
  const mask4 = tell ? FIRST | LAST : 0;
  const utf8 = new TextEncoder();
  let buffer = new Uint8Array(0);
  let arena = new Uint8Array(1 << 16);
  let arenaLength = 0;
  let starts = new Float64Array(1 << 12);
  let counts = new Float64Array(1 << 12);
  let hashes = new Int32Array(1 << 12);
  let places = new Uint8Array(1 << 12);
  let size = 0;
  let slots = new Int32Array(1 << 13); // Chunk + 1; 0 is empty.
  let mask = slots.length - 1;
  let bytesSeen = 0;
  let halvings = 0;

  const place = (): void => {
    slots.fill(0);
    for (let chunk = 0; chunk < size; chunk++) {
      let slot = (hashes[chunk] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = chunk + 1;
    }
  };
  /** Forgets the chunks that were seen `least` times or less, in place; if `least` is 0, half of those that were seen once. */
  const forget = (least: number): void => {
    if (least === 0) halvings++;
    // Another bit of the hash each time, so that what was kept once is not kept for ever.
    const bit = 8 + (halvings % 16);
    let kept = 0;
    let position = 0;
    const end = arenaLength;
    for (let chunk = 0; chunk < size; chunk++) {
      const start = starts[chunk] as number;
      const stop = chunk + 1 < size ? (starts[chunk + 1] as number) : end;
      const seen = counts[chunk] as number;
      if (seen <= least || (least === 0 && seen === 1 && (((hashes[chunk] as number) >>> bit) & 1) === 1)) continue;
      arena.copyWithin(position, start, stop);
      starts[kept] = position;
      counts[kept] = seen;
      hashes[kept] = hashes[chunk] as number;
      places[kept] = places[chunk] as number;
      position += stop - start;
      kept++;
    }
    size = kept;
    arenaLength = position;
  };
  const insert = (start: number, end: number, hash: number, where: number): void => {
    if (size === counts.length) {
      starts = enlarged(starts, new Float64Array(size * 2));
      counts = enlarged(counts, new Float64Array(size * 2));
      hashes = enlarged(hashes, new Int32Array(size * 2));
      places = enlarged(places, new Uint8Array(size * 2));
    }
    while (arenaLength + end - start > arena.length) arena = enlarged(arena, new Uint8Array(arena.length * 2));
    arena.set(buffer.subarray(start, end), arenaLength);
    starts[size] = arenaLength;
    counts[size] = 1;
    hashes[size] = hash;
    places[size] = where;
    arenaLength += end - start;
    size++;
    if (size > limit || arenaLength > byteLimit) {
      const isFull = (): boolean => size > limit * KEPT_SHARE || arenaLength > byteLimit * KEPT_SHARE;
      for (let least = 0; isFull(); least = Math.max(1, least * 2)) forget(least);
      place();
    } else if (size * 2 > mask) {
      slots = new Int32Array(slots.length * 2);
      mask = slots.length - 1;
      place();
    }
  };
  const count = (start: number, end: number, textHash: number, where: number): void => {
    let hash = Math.imul(textHash ^ where ^ seed, 0x9e3779b1);
    hash ^= hash >>> 15;
    let slot = hash & mask;
    for (;;) {
      const chunk = (slots[slot] as number) - 1;
      if (chunk < 0) {
        slots[slot] = size + 1;
        insert(start, end, hash, where);
        return;
      }
      if (hashes[chunk] === hash && places[chunk] === where) {
        const from = starts[chunk] as number;
        const to = chunk + 1 < size ? (starts[chunk + 1] as number) : arenaLength;
        let index = to - from === end - start ? start : end + 1;
        while (index < end && arena[from + index - start] === buffer[index]) index++;
        if (index === end) {
          counts[chunk] = (counts[chunk] as number) + 1;
          return;
        }
      }
      slot = (slot + 1) & mask;
    }
  };

  return {
    bytesSeen: () => bytesSeen,
    add(text) {
      if (text.length * 3 + 1 > buffer.length) buffer = new Uint8Array(Math.max(text.length * 3 + 1, Math.min(buffer.length * 2, 1 << 20)));
      const length = utf8.encodeInto(text, buffer).written;
      bytesSeen += length;
      // A chunk waits until it is known whether it is the last of its line.
      let waiting = -1;
      let waitingEnd = 0;
      let waitingHash = 0;
      let waitingPlace = 0;
      let lineStart = 0;
      let start = 0;
      let hash = 0;
      for (let at = 0; at <= length; at++) {
        const byte = buffer[at] as number;
        const kind = at === length ? LINE_END : (kinds[byte] as number);
        if (kind === TEXT) {
          hash = Math.imul(hash ^ byte, 0x01000193) + (hash >>> 13);
          continue;
        }
        if (at > start || (empty && (kind === SEPARATOR || at > lineStart))) {
          if (waiting >= 0) count(waiting, waitingEnd, waitingHash, waitingPlace & mask4);
          waitingPlace = waiting < 0 ? FIRST : 0;
          waiting = start;
          waitingEnd = at;
          waitingHash = hash;
        }
        start = at + 1;
        hash = 0;
        if (kind === LINE_END) {
          if (waiting >= 0) count(waiting, waitingEnd, waitingHash, (waitingPlace | LAST) & mask4);
          waiting = -1;
          lineStart = start;
        }
      }
    },
    result() {
      const bounds = new Float64Array(size + 1);
      bounds.set(starts.subarray(0, size));
      bounds[size] = arenaLength;
      return {
        size,
        bytes: arena.subarray(0, arenaLength),
        starts: bounds,
        counts: counts.subarray(0, size),
        places: places.subarray(0, size),
      };
    },
  };
}

function byteKinds(separator: 'space' | 'whitespace', lines: boolean): Uint8Array {
  const kinds = new Uint8Array(256);
  kinds[0x20] = SEPARATOR;
  if (separator === 'whitespace') for (let byte = 0x09; byte <= 0x0d; byte++) kinds[byte] = SEPARATOR;
  if (lines) kinds[0x0a] = LINE_END;
  return kinds;
}

function enlarged<A extends Uint8Array | Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
