/** Perplexity: the size of the vocabulary that a uniform guess would need to do as well. Jelinek et al. 1977. */

/**
 * Perplexity of a model over tokens, `exp(nats / tokens)`. It depends on the tokenizer: compare models of different
 * tokenizers by bits per byte.
 *
 * @param nats - the sum of -ln p over the tokens.
 * @param tokens - how many tokens were scored.
 * @returns 1 for certainty, the vocabulary's size for a uniform guess.
 *
 * @example
 * ```ts
 * import { perplexity } from 'weft/eval';
 *
 * console.log(perplexity(3 * Math.log(50), 3).toFixed(3)); // 50.000
 * ```
 */
export function perplexity(nats: number, tokens: number): number {
  return Math.exp(nats / tokens);
}
