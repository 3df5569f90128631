/** Dividing normalised text into pieces: what the kinds of model have in common. */

/** Divides text; it keeps scratch memory between calls. */
export interface Segmenter {
  /**
   * Divides the well-formed UTF-8 `bytes[start .. end)`; the tokens are then in {@link ids} and {@link ends}.
   *
   * @param base - sum of the scores of all that stands before; only probabilities need it
   * @returns how many tokens there are
   */
  segment(bytes: Uint8Array, start: number, end: number, base: number): number;
  /** Ids of the tokens, an unknown character each on its own. */
  ids(): Int32Array;
  /** Where each ends, in bytes from `start`. */
  ends(): Int32Array;
  /** Up to which base, taken as positive, the tokens are the same. */
  safeBase(): number;
}
