/** A number in [0, 1) for a text and a seed: what decides whether a document is held out, whatever its place in the corpus. */

import { createHash } from 'node:crypto';

/** The first 53 bits of SHA-256 of the seed and the text, as a fraction. */
export function contentFraction(text: string, seed: number): number {
  const digest = createHash('sha256').update(`${seed}\n`).update(text).digest();
  return (digest.readUInt32BE(0) * 2 ** 21 + (digest.readUInt32BE(4) >>> 11)) / 2 ** 53;
}
