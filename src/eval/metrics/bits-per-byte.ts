/** Bits per byte: what a model's probabilities would need to store the text, whatever its tokenizer. Gao et al. 2020 (arXiv 2101.00027), section 3.1. */

/**
 * Bits per byte of text, `nats / ln 2 / bytes`. Comparable between tokenizers and with compressors.
 *
 * @param nats - the sum of -ln p over every token of the text.
 * @param bytes - the text's length in UTF-8 bytes.
 * @returns 8 for a uniform guess over bytes; less is better.
 *
 * @example
 * ```ts
 * import { bitsPerByte } from 'weft/eval';
 *
 * console.log(bitsPerByte(10 * Math.log(256), 10).toFixed(3)); // 8.000
 * ```
 */
export function bitsPerByte(nats: number, bytes: number): number {
  return nats / Math.LN2 / bytes;
}
