/**
 * Compressors as baselines: whoever compresses the held-out text below this has learnt more than its repetitions.
 *
 * They see only the held-out text and begin from nothing (brotli from its built-in dictionary of web text), so they
 * lose on short texts to anything that was trained; the n-gram baseline is the fair opponent.
 */

import { Readable } from 'node:stream';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';

import { emptyHeldOut } from '../documents.ts';

/** Bytes at once or as a stream of pieces. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Bits per byte that gzip at level 9 needs for the bytes. It is the zlib within Node, which packed 20 kB of Shakespeare
 * one per cent tighter than the program: a little harder to beat.
 *
 * @param bytes - all of the held-out text, at once or in pieces.
 * @returns 8 × compressed length / length.
 * @throws UsageError `WEFT_EVAL_EMPTY` without a byte.
 *
 * @example
 * ```ts
 * import { gzipBitsPerByte } from 'weft/eval';
 *
 * console.log((await gzipBitsPerByte(new Uint8Array(10_000))) < 0.1); // true
 * ```
 */
export function gzipBitsPerByte(bytes: ByteSource): Promise<number> {
  return compressedBitsPerByte(bytes, createGzip({ level: 9 }));
}

/**
 * Bits per byte that brotli needs for the bytes at its highest quality (11) and its standard's widest window (16 MB).
 *
 * @param bytes - all of the held-out text, at once or in pieces.
 * @returns 8 × compressed length / length.
 * @throws UsageError `WEFT_EVAL_EMPTY` without a byte.
 *
 * @example
 * ```ts
 * import { brotliBitsPerByte } from 'weft/eval';
 *
 * console.log((await brotliBitsPerByte(new Uint8Array(10_000))) < 0.1); // true
 * ```
 */
export function brotliBitsPerByte(bytes: ByteSource): Promise<number> {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
  };
  return compressedBitsPerByte(bytes, createBrotliCompress({ params }));
}

async function compressedBitsPerByte(bytes: ByteSource, compressor: Transform): Promise<number> {
  let original = 0;
  let compressed = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
      original += piece.length;
      yield piece;
    }
  }
  await pipeline(Readable.from(counted()), compressor, async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) compressed += piece.length;
  });
  if (original === 0) throw emptyHeldOut('measure a compressor');
  return (8 * compressed) / original;
}
