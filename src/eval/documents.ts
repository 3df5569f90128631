/** Held-out documents as text and UTF-8 bytes, up to a number of bytes: what every number of an evaluation is taken over. */

import { UsageError } from '../core/index.ts';

/** Documents to evaluate on: a corpus, or any texts. */
export type Documents = AsyncIterable<DocumentText> | Iterable<DocumentText>;

/** A document, as far as evaluation needs it. */
export interface DocumentText {
  readonly text: string;
}

/** A document and its UTF-8 bytes. */
export interface EncodedDocument {
  readonly text: string;
  readonly utf8: Uint8Array;
}

/**
 * The documents that are not empty, until `byteLimit` bytes are reached; the last one is cut between two characters.
 *
 * The text is the bytes' own (lone surrogates replaced), so that a model and a compressor are asked for the same thing.
 */
export async function* encodeDocuments(documents: Documents, byteLimit: number = Infinity): AsyncGenerator<EncodedDocument> {
  if (!(byteLimit > 0)) {
    throw new UsageError({
      code: 'WEFT_EVAL_OPTION',
      action: 'evaluate',
      rule: 'byteLimit is a positive number of bytes',
      value: String(byteLimit),
      remedy: 'Leave byteLimit out to take every document.',
    });
  }
  const encoder = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let left = byteLimit;
  for await (const { text } of documents) {
    const whole = encoder.encode(text);
    const utf8 = whole.length <= left ? whole : whole.subarray(0, characterBoundary(whole, left));
    if (utf8.length > 0) yield { text: utf8.length === whole.length && isWellFormed(text) ? text : decoder.decode(utf8), utf8 };
    left -= whole.length;
    if (left <= 0) return;
  }
}

/** Largest index up to `limit` at which no character of `utf8` is cut. */
function characterBoundary(utf8: Uint8Array, limit: number): number {
  let end = Math.floor(limit);
  while (end > 0 && ((utf8[end] ?? 0) & 0xc0) === 0x80) end--;
  return end;
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** The error for an evaluation without a single byte. */
export function emptyHeldOut(action: string): UsageError {
  return new UsageError({
    code: 'WEFT_EVAL_EMPTY',
    action,
    rule: 'bits per byte need held-out text',
    value: '0 bytes',
    remedy: 'Give documents with text in them.',
  });
}
