/** All baselines for one training text and one held-out text, as they stand beside a model's bits per byte. */

import { checkOptions } from '../../core/index.ts';
import { encodeDocuments } from '../documents.ts';
import type { Documents } from '../documents.ts';
import { trainByteNgrams } from './byte-ngrams.ts';
import { brotliBitsPerByte, gzipBitsPerByte } from './compressors.ts';

/** Bits per byte of the held-out text by each baseline; less is better. A type, not an interface, so that it is a record of numbers too. */
export type Baselines = {
  /** `gzip -9` of the held-out text alone. */
  readonly gzipBitsPerByte: number;
  /** brotli of the held-out text alone, highest quality. */
  readonly brotliBitsPerByte: number;
  /** Interpolated Witten-Bell byte 5-grams of the training text; absent without one. */
  readonly ngramBitsPerByte?: number;
};

/**
 * Measures every baseline on held-out documents.
 *
 * @param heldOut - the documents a model is evaluated on; read once for each baseline.
 * @param options - `train`: the documents the model was trained on (default none: compressors only); `byteLimit`: bytes
 *   of the held-out documents to take, as for {@link evaluateText}; `signal` stops it.
 * @returns see {@link Baselines}.
 * @throws UsageError `WEFT_EVAL_EMPTY` without held-out text.
 *
 * @example
 * ```ts
 * import { measureBaselines } from 'weft/eval';
 *
 * const text = [{ text: 'She sells sea shells. '.repeat(50) }];
 * const baselines = await measureBaselines(text, { train: text });
 * console.log((baselines.ngramBitsPerByte ?? 8) < 0.5); // true
 * ```
 */
export async function measureBaselines(
  heldOut: Documents,
  options: { readonly train?: Documents; readonly byteLimit?: number; readonly signal?: AbortSignal } = {},
): Promise<Baselines> {
  checkOptions('measure baselines', options, ['train', 'byteLimit', 'signal']);
  const { train, byteLimit, signal } = options;
  const bytes = (): AsyncGenerator<Uint8Array> => utf8Of(heldOut, { signal, byteLimit });
  const compressors = { gzipBitsPerByte: await gzipBitsPerByte(bytes()), brotliBitsPerByte: await brotliBitsPerByte(bytes()) };
  if (train === undefined) return compressors;
  const ngrams = await trainByteNgrams(utf8Of(train, { signal, byteLimit: undefined }), signal === undefined ? {} : { signal });
  return { ...compressors, ngramBitsPerByte: await ngrams.bitsPerByte(bytes()) };
}

async function* utf8Of(
  documents: Documents,
  { signal, byteLimit }: { readonly signal: AbortSignal | undefined; readonly byteLimit: number | undefined },
): AsyncGenerator<Uint8Array> {
  for await (const { utf8 } of encodeDocuments(documents, byteLimit)) {
    signal?.throwIfAborted();
    yield utf8;
  }
}
